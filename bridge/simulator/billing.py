"""What the real API would have charged, and the log of every request it is charged for.

The prices are list prices of the current models. They are written here once more, on purpose:
the simulator is the other side, and the bridge's own arithmetic is checked against it.
"""

import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from bridge.simulator.usage import Usage


class Price(NamedTuple):
    """In nano-USD per token, which is USD per million tokens times 1000."""

    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int


_OPUS_5_5 = Price(4_000, 20_000, 200, 5_000, 8_000)
_SONNET_4 = Price(3_000, 15_000, 300, 3_750, 6_000)
_OPUS_4 = Price(5_000, 25_000, 500, 6_250, 10_000)
_PRICES = {
    "claude-haiku-5-5": Price(100, 500, 10, 125, 200),
    "claude-sonnet-5-5": Price(2_000, 10_000, 100, 2_500, 4_000),
    "claude-sonnet-5": Price(2_000, 10_000, 200, 2_500, 4_000),
    "claude-opus-5-5": _OPUS_5_5,
    "claude-fable-5-2": Price(8_000, 40_000, 200, 10_000, 16_000),
    "claude-haiku-4-5": Price(1_000, 5_000, 100, 1_250, 2_000),
    "claude-sonnet-4-5": _SONNET_4,
    "claude-sonnet-4-6": _SONNET_4,
    "claude-opus-4-5": _OPUS_4,
    "claude-opus-4-6": _OPUS_4,
    "claude-opus-4-7": _OPUS_4,
    "claude-opus-5": _OPUS_4,
}
MODELS = tuple(_PRICES)
_LARGE = 100_000  # tokens of prompt above which Haiku 5.5 costs ...
_LARGE_FACTOR = 5  # ... this much more, output as well
_SUFFIX = re.compile(r"(-\d{8}|-latest|\[1m\])+$")


def cost(model: str, usage: Usage) -> int:
    """In micro-USD, rounded up. An unknown model costs what Opus 5.5 does."""
    name = _SUFFIX.sub("", model)
    price = _PRICES.get(name, _OPUS_5_5)
    nano = (
        usage.input * price.input
        + usage.output * price.output
        + usage.cache_read * price.cache_read
        + usage.cache_write_5m * price.cache_write_5m
        + usage.cache_write_1h * price.cache_write_1h
    )
    if name == "claude-haiku-5-5" and usage.prompt > _LARGE:
        nano *= _LARGE_FACTOR
    return -(-nano // 1000)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. While it is being answered `status` is None and nothing is charged."""

    id: str
    at: datetime
    path: str
    headers: Mapping[str, str]
    raw: bytes
    status: int | None = None
    cut: bool = False  # the reply did not reach its end: the client left, or the script broke it
    usage: Usage = field(default_factory=Usage)
    cost: int = 0  # micro-USD

    @property
    def body(self) -> dict[str, Any]:
        """The request, parsed; {} when it was no JSON object."""
        try:
            body = json.loads(self.raw)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "path": self.path,
            "headers": dict(self.headers),
            "body": self.body,
            "model": self.model,
            "status": self.status,
            "cut": self.cut,
            "usage": self.usage.as_json(),
            "cost": self.cost,
        }


class Log:
    """The last `keep` requests in the order they came, and the bill of all."""

    def __init__(self, keep: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self.bill = 0  # micro-USD
        self.count = 0

    @property
    def entries(self) -> list[Entry]:
        return list(self._entries)

    def open(self, entry: Entry) -> None:
        self._entries.append(entry)
        self.count += 1

    def close(self, entry: Entry, *, status: int, usage: Usage, cut: bool = False) -> None:
        """The request was answered, as far as it was, and is charged."""
        closed = replace(entry, status=status, usage=usage, cut=cut, cost=cost(entry.model, usage))
        self.bill += closed.cost
        for place, known in enumerate(self.entries):
            if known.id == entry.id:
                self._entries[place] = closed
