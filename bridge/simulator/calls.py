"""The record of every call of the Bot API."""

from dataclasses import asdict, dataclass

from bridge.simulator.wire import Json


@dataclass(frozen=True, slots=True)
class Call:
    """`at` in seconds since 1970; `status` None when no answer was given."""

    seq: int
    at: float
    method: str
    chat: int | None
    status: int | None
    ms: float

    def json(self) -> Json:
        return asdict(self)
