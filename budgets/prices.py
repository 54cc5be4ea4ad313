"""What a request costs, and what it may cost at most, in micro-USD.

Rates are the list prices of genai-prices, as integers: micro-USD per million tokens, and per
thousand web searches. A model whose price is not certain has none, and must be refused: a guess
would break the promise of the ledger. Everything is rounded up.

The owner may declare rates of a model. A declared one holds for prompts of every length; what is
left out stays as listed. A model that is not listed has a price when input and output are
declared. Left out there, the cache costs what Anthropic asks in general, and reading it as much
as input, which it never exceeds.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Literal, Protocol

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
REGION = Decimal("1.1")  # what is asked for a request that stays in one region
WRITES = {"cache_write_5m": Decimal("1.25"), "cache_write_1h": Decimal(2)}  # times the input

Written = Literal["", "5m", "1h"]  # how long a request wants its prompt cached, at most

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


class Declared(Protocol):
    """Rates as an owner declares them: USD per million tokens, per thousand searches."""

    @property
    def input(self) -> Decimal | None: ...
    @property
    def output(self) -> Decimal | None: ...
    @property
    def cache_read(self) -> Decimal | None: ...
    @property
    def cache_write_5m(self) -> Decimal | None: ...
    @property
    def cache_write_1h(self) -> Decimal | None: ...
    @property
    def web_search(self) -> Decimal | None: ...


def find(model_id: str, declared: Mapping[str, Declared] | None = None) -> Price | None:
    """The price of a model; None when it is unknown, which must be refused."""
    price = _listed(model_id, datetime.now(UTC).date())
    own = {plain(name): rates for name, rates in (declared or {}).items()}.get(plain(model_id))
    return _overlaid(model_id, price, own) if own else price


@lru_cache(maxsize=256)
def plain(model_id: str) -> str:
    """The model's own name, without the marks of a date, a region or a long context."""
    name = _NAME.fullmatch(model_id.lower())
    return _short(name["model"]) if name else model_id.lower()


@lru_cache(maxsize=256)
def _listed(model_id: str, day: date) -> Price | None:
    """To find it takes a while. Some prices begin on a day."""
    name = _NAME.fullmatch(model_id.lower())
    if name is None:
        return None
    try:
        found = calc_price(
            Usage(),
            name["model"],
            provider_id="anthropic",
            genai_request_timestamp=datetime.combine(day, time.min, UTC),
        )
    except LookupError:
        return None
    if _short(name["model"]) != _short(found.model.id):
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


def regional(cost: int) -> int:
    """The same request, kept in one region (`inference_geo`)."""
    return math.ceil(cost * REGION)


def worst_case(
    price: Price,
    *,
    input_tokens: int,
    output_tokens: int,
    web_searches: int = 0,
    written: Written = "1h",
) -> int:
    """The most that a request within these bounds can cost: every token at its dearest.

    `input_tokens` bounds the whole prompt, cached or not. What is not to be cached costs no write.
    """
    reachable = [price.base]
    if price.long and input_tokens > price.long_over:
        reachable.append(price.long)
    return _up(
        input_tokens * max(_dearest(rates, written) for rates in reachable)
        + output_tokens * max(rates.output for rates in reachable),
        web_searches * max(rates.web_search for rates in reachable),
    )


def _up(tokens: int, searches: int) -> int:
    """Micro-USD, from token counts times rates per million and searches times rates per 1,000."""
    return -(-(tokens + searches * 1_000) // MICRO)


def _dearest(rates: Rates, written: Written) -> int:
    """The highest rate of a token of the prompt; where it may be written, usually that."""
    dearest = max(rates.input, rates.cache_read)
    if written:
        dearest = max(dearest, rates.cache_write_5m)
    return max(dearest, rates.cache_write_1h) if written == "1h" else dearest


def _short(name: str) -> str:
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


def _overlaid(model_id: str, price: Price | None, own: Declared) -> Price | None:
    """None: neither listed nor declared enough."""
    names = (*COLUMNS, "web_search")
    usd = {name: rate for name in names if (rate := getattr(own, name)) is not None}
    if price is None:
        return _declared(model_id, usd)
    rates = {name: math.ceil(rate * MICRO) for name, rate in usd.items()}
    long = replace(price.long, **rates) if price.long else None
    return replace(price, base=replace(price.base, **rates), long=long)


def _declared(model_id: str, usd: Mapping[str, Decimal]) -> Price | None:
    if not {"input", "output"} <= usd.keys():
        return None
    writes = {name: usd["input"] * factor for name, factor in WRITES.items()}
    usual = {"cache_read": usd["input"], "web_search": WEB_SEARCH, **writes}
    return Price(model_id, _rates(usual | dict(usd)))
