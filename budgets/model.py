"""The words of budgets. Money is an integer of micro-USD; times are aware UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from budgets.gate import State


class Scope(StrEnum):
    """The windows a request is counted in. The sliding hour and `MONTH` are everyone's."""

    USER_DAY = "user_day"
    USER_MONTH = "user_month"
    HOUR = "hour"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open interval [start, end) in UTC; `end` is when it resets."""

    scope: Scope
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `amount` in `window`. None = no limit was declared, which denies."""

    window: Window
    amount: int | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a window holds already."""

    limit: Limit
    settled: int
    held: int = 0
    gate: State = State.OPEN  # of everyone's hour


@dataclass(frozen=True, slots=True)
class Verdict:
    """May it be spent? `headroom` is what is left in the tightest window."""

    ok: bool
    headroom: int
    why: str
    resets_at: datetime | None = None
    usage: Usage | None = None  # the window that decided
    small: bool = False  # the smallest model only


@dataclass(frozen=True, slots=True)
class Tokens:
    """Usage of one request as the API reports it. Input excludes what came from the cache."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    web_searches: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """What one model had of a turn. `model` is the API's id; `cost` is micro-USD."""

    model: str
    tokens: Tokens
    cost: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Money set aside for one request before it is sent. `amount` is its worst case."""

    request_id: str
    update_id: int  # the turn
    user: int
    session: str
    model: str
    amount: int
    at: datetime
    chat: int = 0
    rough: bool = False  # `amount` may be far too much: refusing it does not trip the gate
    small: bool = True  # its model is the smallest, which passes while the gate is SMALL


@dataclass(frozen=True, slots=True)
class Rates:
    """Micro-USD per million tokens, for one model and one length of prompt."""

    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    web_search: int = 0  # micro-USD per thousand searches


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs: `base`, or `long` when the whole prompt exceeds `long_over` tokens."""

    model: str
    base: Rates
    long: Rates | None = None
    long_over: int = 0


Prices = Mapping[str, Price]  # by the model's id, as the API is given it
