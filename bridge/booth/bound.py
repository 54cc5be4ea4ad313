"""The most a request can cost, known before it is sent.

The prompt's tokens are bounded by its bytes, or better by what is known of it; `max_tokens`
bounds the output, `max_uses` the rounds of what the API runs itself. Every token counts at the
dearest rate that it may have: a write for an hour only where the request asks for one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from bridge.booth.asked import Asked
from bridge.booth.server_tools import Rounds, rounds, unbounded
from budgets import prices
from budgets.model import Price
from budgets.prices import Written

PriceOf = Callable[[str], Price]  # BudgetError: it has none, or may not be used


@dataclass(frozen=True, slots=True)
class Call:
    """What the booth must know of a request. `worst` and `prompt` are micro-USD."""

    model: str
    price: Price
    most: int  # tokens of output
    stream: bool
    worst: int  # the most that it can cost
    prompt: int  # the part of it that is due before anything is answered
    written: Written = "1h"
    alone: bool = True  # one answer to one prompt: nothing that the API runs itself


def bound(asked: Asked, tokens: int, price_of: PriceOf) -> Call:
    """`tokens`: the most that the prompt has. BudgetError: it may not be used, or has no bound."""
    price, more = price_of(asked.model), rounds(asked)
    others = [price_of(model) for model in fallbacks(asked)]
    worst = sum(most(asked, tokens, each, more) for each in (price, *others))
    prompt = cost(asked, price, tokens)
    return Call(
        asked.model,
        price,
        asked.most,
        asked.stream,
        worst=regional(worst, asked),
        prompt=regional(prompt, asked),
        written=asked.written,
        alone=more == Rounds() and not others,
    )


def most(asked: Asked, tokens: int, price: Price, more: Rounds) -> int:
    """One model that does all of it. What was said so far is read again in each further round."""
    grown = list(accumulate(more.results, initial=tokens + asked.most))[1:]
    *earlier, last = [tokens, *grown]
    reading = sum(cost(asked, price, prompt) for prompt in earlier)
    writing = cost(asked, price, last, output=asked.most) * (1 + more.summaries)
    return reading + writing + cost(asked, price, 0, searches=more.searches)


def cost(asked: Asked, price: Price, prompt: int, *, output: int = 0, searches: int = 0) -> int:
    return prices.worst_case(
        price,
        input_tokens=prompt,
        output_tokens=output,
        web_searches=searches,
        written=asked.written,
    )


def fallbacks(asked: Asked) -> list[str]:
    """Models that the API may ask as well, when the first one declines."""
    given = asked.fields.get("fallbacks")
    named = [str(one.get("model")) for one in asked.listed("fallbacks")]
    if given and not named:
        raise unbounded("a fallback to another model")
    return named


def regional(cost: int, asked: Asked) -> int:
    """Of a request that is to stay in one region."""
    return prices.regional(cost) if asked.fields.get("inference_geo") == "us" else cost
