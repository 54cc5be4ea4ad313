"""The most a request can cost, known before it is sent.

A token is at least one byte, so the length of the body bounds the input; `max_tokens`
bounds the output, `max_uses` the web searches.
"""

import json
from dataclasses import dataclass
from typing import Any

from bridge.errors import BudgetError
from budgets import prices
from budgets.model import Price


class Malformed(ValueError):
    """Nothing that the API could answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """What the booth must know of a request's body. `worst` and `prompt` are micro-USD."""

    model: str
    price: Price
    most: int  # tokens of output
    stream: bool
    worst: int  # the most that it can cost
    prompt: int  # the part of it that is due before anything is answered


def bound(body: bytes) -> Call:
    """Malformed: the API would refuse it. BudgetError: its cost has no bound that we know."""
    fields = read(body)
    model = fields["model"]
    price = prices.find(model)
    if price is None:
        raise BudgetError(
            f"What the model {model} costs is not known, so it cannot be used. Choose another one."
        )
    most = fields["max_tokens"]
    worst, prompt = (
        prices.worst_case(price, input_tokens=len(body), output_tokens=output, web_searches=uses)
        for output, uses in ((most, searches(fields)), (0, 0))
    )
    return Call(model, price, most, fields.get("stream") is True, worst, prompt)


def read(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is no JSON.") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("model"), str):
        raise Malformed("The body names no model.")
    if not isinstance(fields.get("max_tokens"), int) or fields["max_tokens"] < 1:
        raise Malformed("The body names no max_tokens.")
    return fields


def searches(fields: dict[str, Any]) -> int:
    tools = fields.get("tools")
    found = [tool for tool in tools if is_search(tool)] if isinstance(tools, list) else []
    uses = [use for tool in found if isinstance(use := tool.get("max_uses"), int)]
    if len(uses) < len(found):
        raise BudgetError("A web search without max_uses has no bound, so it cannot be paid for.")
    return sum(uses)


def is_search(tool: Any) -> bool:
    return isinstance(tool, dict) and str(tool.get("type", "")).startswith("web_search")
