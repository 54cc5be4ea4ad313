"""What a request is charged in the end, after all that was seen of its answer. Pure.

Exact where the API told its usage. Else never below what the API may ask: a stream that was
cut before its first event had cost its prompt, an answer that never told anything the bound.
"""

from dataclasses import dataclass

from bridge.booth.bound import Call
from bridge.booth.meter import Meter
from budgets import prices
from budgets.model import Tokens


@dataclass(frozen=True, slots=True)
class Charge:
    cost: int  # micro-USD
    tokens: Tokens
    why: str


def charge(call: Call, meter: Meter) -> Charge:
    if not meter.charged:
        return Charge(0, Tokens(), "free")
    if used := meter.tokens(call.most):
        return Charge(prices.cost(used, call.price), used, "usage")
    if call.stream and not meter.complete:
        return Charge(call.prompt, Tokens(), "cut before its usage")
    return Charge(call.worst, Tokens(), "no usage")
