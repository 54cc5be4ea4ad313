"""What the tools that the API runs itself can add to a request.

Such a tool's result enters the prompt, and the model is asked again with all of it, within the
same request: each round pays the whole prompt anew. What has no bound is refused by its name,
so a tool of a new kind has to be entered here first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridge.booth.asked import Asked, whole
from bridge.errors import BudgetError

# Claude Code runs these itself: what they give comes with the next request.
CLIENTS = ("bash_", "text_editor_", "computer_", "memory_")
# Tokens of one search's results. The API documents no maximum; ten results of a page's extract
# each have been seen to take up to 15,000.
SEARCHED = 16_000
MOST_USES = 100  # of one tool; more is no bound
UNBOUNDED = ("container", "mcp_servers")  # fields of a request


@dataclass(frozen=True, slots=True)
class Rounds:
    """`results`: tokens that each round after the first may add to the prompt."""

    results: tuple[int, ...] = ()
    searches: int = 0
    summaries: int = 0  # times that the API itself shortens the history


def rounds(asked: Asked) -> Rounds:
    """BudgetError: something of it has no bound that we know."""
    for field in UNBOUNDED:
        if asked.fields.get(field):
            raise unbounded(field)
    if asked.fields.get("speed") not in (None, "standard"):
        raise unbounded("fast mode")
    tools = asked.listed("tools")
    results = sorted((size for tool in tools for size in _results(tool)), reverse=True)
    searching = (tool for tool in tools if _kind(tool).startswith("web_search_"))
    return Rounds(tuple(results), sum(tool["max_uses"] for tool in searching), _summaries(asked))


def edits(asked: Asked) -> list[dict[str, Any]]:
    """What the API is to change in the history before the model sees it."""
    match asked.fields.get("context_management"):
        case {"edits": list(given)}:
            return [edit for edit in given if isinstance(edit, dict)]
    return []


def unbounded(name: str) -> BudgetError:
    return BudgetError(f"What {name} may cost has no bound, so it cannot be paid for.")


def _results(tool: dict[str, Any]) -> Sequence[int]:
    """Tokens of each use."""
    kind, uses = _kind(tool), tool.get("max_uses")
    if kind == "custom" or kind.startswith(CLIENTS):
        return ()
    if not whole(uses) or not 0 <= uses <= MOST_USES:
        raise unbounded(f"{kind} without max_uses" if kind.startswith("web_") else kind)
    if kind.startswith("web_search_"):
        return [SEARCHED] * uses
    size = tool.get("max_content_tokens")
    if kind.startswith("web_fetch_") and whole(size) and size >= 0:
        return [size] * uses
    raise unbounded(kind)


def _summaries(asked: Asked) -> int:
    return sum(_kind(edit).startswith("compact_") for edit in edits(asked))


def _kind(tool: dict[str, Any]) -> str:
    return str(tool.get("type") or "custom")
