"""The API's usage object in our words. Pure.

Its sums are of the model that was asked for. What other models did, or the API when it shortened
the history, stands in `iterations` beside them and is charged on top. Its rounds of the model
that was asked for are parts of the sums: each has the price of its own length.
"""

from typing import Any

from bridge.booth.asked import whole
from budgets.model import Tokens
from budgets.prices import Written

Usage = dict[str, Any]
OWN = "message"  # a round of the model that was asked for


def tokens(usage: Usage, written: Written = "5m") -> Tokens:
    """`written`: what a write to the cache was for, where the API does not tell."""
    writes = usage.get("cache_creation")
    total = number(usage, "cache_creation_input_tokens")
    hour = number(writes, "ephemeral_1h_input_tokens")
    if not isinstance(writes, dict) and written == "1h":
        hour = total
    return Tokens(
        input=number(usage, "input_tokens"),
        output=number(usage, "output_tokens"),
        cache_read=number(usage, "cache_read_input_tokens"),
        cache_write_5m=max(total - hour, number(writes, "ephemeral_5m_input_tokens")),
        cache_write_1h=hour,
        web_searches=number(usage.get("server_tool_use"), "web_search_requests"),
    )


def prompt(used: Tokens) -> int:
    """Its tokens, cached or not."""
    return used.input + used.cache_read + used.cache_write_5m + used.cache_write_1h


def own_rounds(usage: Usage, written: Written) -> list[Tokens]:
    return [tokens(one, written) for one in iterations(usage) if one.get("type") == OWN]


def others(usage: Usage, model: str, written: Written) -> list[tuple[str, Tokens]]:
    """What is charged on top, and by whose prices."""
    rest = [one for one in iterations(usage) if one.get("type") != OWN]
    return [(str(one.get("model") or model), tokens(one, written)) for one in rest]


def iterations(usage: Usage) -> list[Usage]:
    given = usage.get("iterations")
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def number(usage: Any, name: str) -> int:
    value = usage.get(name) if isinstance(usage, dict) else None
    return max(value, 0) if whole(value) else 0
