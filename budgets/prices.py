"""What a request costs, and what it may cost at most, in micro-USD.

Rates are the list prices of genai-prices, as integers: micro-USD per million tokens, and per
thousand web searches. A model whose price is not certain has none, and must be refused: a guess
would break the promise of the ledger. Everything is rounded up.
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal

from genai_prices import Usage, calc_price
from genai_prices.types import ModelPrice, TieredPrices

from budgets.model import Price, Rates, Tokens

MICRO = 1_000_000
WEB_SEARCH = Decimal(10)  # USD per thousand; the same for every model, the list skips old ones
COLUMNS = {  # ours and the library's
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write_5m": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}
REGION = Decimal("1.1")  # what Bedrock asks for a request that stays in one region

# The names that Claude Code, Bedrock and Vertex give to `claude-opus-5-5`, taken apart.
_NAME = re.compile(
    r"""
    (?P<region>(?:us|us-gov|eu|apac|au|jp|ca)\.)?(?:global\.)?(?:anthropic[./])?
    (?P<model>claude-[a-z0-9.-]*?)
    (?:[-@]20\d{6}|[-@]latest)?   # a date
    (?:-v\d+(?::\d+)?)?           # Bedrock's version
    (?:\[1m\])?                   # Claude Code's mark of the long context
    """,
    re.VERBOSE,
)


def find(model_id: str) -> Price | None:
    """The list price of a model; None when it is unknown, which must be refused."""
    name = _NAME.fullmatch(model_id.lower())
    if name is None:
        return None
    try:
        found = calc_price(Usage(), name["model"], provider_id="anthropic")
    except LookupError:
        return None
    if _plain(name["model"]) != _plain(found.model.id):
        return None  # the library goes by the beginning of a name: a newer model is not this one
    return _price(model_id, found.model_price, REGION if name["region"] else Decimal(1))


def cost(tokens: Tokens, price: Price) -> int:
    """What the API charges, rounded up to a whole micro-USD."""
    writes = tokens.cache_write_5m + tokens.cache_write_1h
    prompt = tokens.input + tokens.cache_read + writes
    rates = price.long if price.long and prompt > price.long_over else price.base
    return _up(
        tokens.input * rates.input
        + tokens.output * rates.output
        + tokens.cache_read * rates.cache_read
        + tokens.cache_write_5m * rates.cache_write_5m
        + tokens.cache_write_1h * rates.cache_write_1h,
        tokens.web_searches * rates.web_search,
    )


def worst_case(
    price: Price, *, input_tokens: int, output_tokens: int, web_searches: int = 0
) -> int:
    """The most that a request within these bounds can cost: every token at its dearest.

    `input_tokens` bounds the whole prompt, cached or not.
    """
    reachable = [price.base]
    if price.long and input_tokens > price.long_over:
        reachable.append(price.long)
    return _up(
        input_tokens * max(_dearest(rates) for rates in reachable)
        + output_tokens * max(rates.output for rates in reachable),
        web_searches * max(rates.web_search for rates in reachable),
    )


def _up(tokens: int, searches: int) -> int:
    """Micro-USD, from token counts times rates per million and searches times rates per 1,000."""
    return -(-(tokens + searches * 1_000) // MICRO)


def _dearest(rates: Rates) -> int:
    """The highest rate of a token of the prompt; usually the one-hour write."""
    return max(rates.input, rates.cache_read, rates.cache_write_5m, rates.cache_write_1h)


def _plain(name: str) -> str:
    """`claude-opus-4.0` and `claude-opus-4` are one model, with and without `-latest`."""
    return name.replace(".", "-").removesuffix("-latest").removesuffix("-0")


def _price(model_id: str, listed: ModelPrice, factor: Decimal) -> Price | None:
    """None: a rate is missing, or the prices have more steps than one."""
    columns = {ours: getattr(listed, theirs) for ours, theirs in COLUMNS.items()}
    tiers = [
        tier for rate in columns.values() if isinstance(rate, TieredPrices) for tier in rate.tiers
    ]
    starts = {tier.start for tier in tiers}
    if None in columns.values() or len(starts) > 1:
        return None
    columns["web_search"] = listed.web_searches_kcount or WEB_SEARCH
    base = _rates({name: _below(rate) * factor for name, rate in columns.items()})
    long = _rates({name: _above(rate) * factor for name, rate in columns.items()})
    return Price(model_id, base, long if starts else None, max(starts, default=0))


def _below(rate: Decimal | TieredPrices) -> Decimal:
    return rate.base if isinstance(rate, TieredPrices) else rate


def _above(rate: Decimal | TieredPrices) -> Decimal:
    return rate.tiers[-1].price if isinstance(rate, TieredPrices) and rate.tiers else _below(rate)


def _rates(usd: Mapping[str, Decimal]) -> Rates:
    return Rates(**{name: math.ceil(rate * MICRO) for name, rate in usd.items()})
