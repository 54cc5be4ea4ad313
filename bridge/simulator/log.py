"""Everything that could be seen in a chat, in order: append-only, numbered from 1."""

from dataclasses import dataclass
from typing import Any

from bridge.simulator.bell import Bell
from bridge.simulator.clock import Clock
from bridge.simulator.wire import Json


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    at: float
    type: str
    chat: int | None
    details: Json

    def json(self) -> Json:
        return {
            "seq": self.seq,
            "at": self.at,
            "type": self.type,
            "chat": self.chat,
            **self.details,
        }


class Log:
    def __init__(self, clock: Clock, bell: Bell) -> None:
        self._clock = clock
        self._bell = bell
        self._events: list[Event] = []

    @property
    def last(self) -> int:
        return len(self._events)

    def append(self, kind: str, chat: int | None, **details: Any) -> None:
        self._events.append(Event(self.last + 1, self._clock.now(), kind, chat, details))
        self._bell.ring()

    def since(self, seq: int, chat: int | None = None) -> list[Event]:
        """The events after `seq`; of one chat, and those of no chat, when `chat` is given."""
        return [e for e in self._events[seq:] if chat is None or e.chat in {chat, None}]
