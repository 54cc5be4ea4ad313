"""What a request is charged in the end, after all that was seen of its answer. Pure.

Exact where the API told its usage. Else never below what the API may ask: a stream that was
cut before its first event had cost its prompt, an answer that never told anything the bound;
and so had one that was cut while the API ran tools or asked other models by itself.
"""

from dataclasses import dataclass

from bridge.booth import usage
from bridge.booth.bound import Call, PriceOf
from bridge.booth.meter import Meter
from bridge.errors import BudgetError
from budgets import prices
from budgets.model import Price, Tokens


@dataclass(frozen=True, slots=True)
class Charge:
    cost: int  # micro-USD
    tokens: Tokens
    why: str


def charge(call: Call, meter: Meter, price_of: PriceOf) -> Charge:
    """`price_of`: of other models that took part."""
    if not meter.charged:
        return Charge(0, Tokens(), "free")
    used = meter.tokens(call.most, call.written)
    if used is None and call.stream and not meter.complete and call.alone:
        return Charge(call.prompt, Tokens(), "cut before its usage")
    if used is None:
        return Charge(call.worst, Tokens(), "no usage")
    if not (call.alone or meter.final):
        return Charge(max(call.worst, prices.cost(used, call.price)), used, "cut among its rounds")
    try:
        return Charge(told(call, meter, used, price_of), used, "usage")
    except BudgetError:
        return Charge(call.worst, used, "a model without a price")


def told(call: Call, meter: Meter, used: Tokens, price_of: PriceOf) -> int:
    rounds = usage.own_rounds(meter.usage, call.written)
    cost = by_rounds(call.price, used, rounds)
    for model, tokens in usage.others(meter.usage, call.model, call.written):
        cost += prices.cost(tokens, price_of(model))
    return prices.regional(cost) if meter.usage.get("inference_geo") == "us" else cost


def by_rounds(price: Price, used: Tokens, rounds: list[Tokens]) -> int:
    """A long prompt costs more for each token; of several rounds each has a length of its own."""
    if price.long is None or not rounds or total(rounds) != total([used]):
        return prices.cost(used, price)
    searching = Tokens(web_searches=used.web_searches)
    return sum(prices.cost(one, price) for one in [*rounds, searching])


def total(rounds: list[Tokens]) -> tuple[int, ...]:
    return (
        sum(one.input for one in rounds),
        sum(one.output for one in rounds),
        sum(one.cache_read for one in rounds),
        sum(one.cache_write_5m + one.cache_write_1h for one in rounds),
    )
