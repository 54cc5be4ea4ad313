"""Calls that are to fail, on order: what a test needs to see how the bot takes it."""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["429", "500", "502", "late_500", "drop", "lost_reply", "hang", "late_hang"]
KINDS = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True)
class Fault:
    """drop: closed before acting; hang: never answered, nor acted upon. After acting these are
    lost_reply and late_hang; late_500 is a 500 after acting.

    `method` "*" is any; `chat` None is any; `retry_after` in seconds.
    """

    method: str
    kind: str
    chat: int | None = None
    retry_after: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(sorted(KINDS))}")

    def hits(self, method: str, chat: int | None) -> bool:
        named = self.method == "*" or self.method.lower() == method.lower()
        return named and self.chat in {None, chat}


class Faults:
    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def add(self, fault: Fault, times: int = 1) -> None:
        self._ordered += [fault] * times

    def clear(self) -> None:
        self._ordered = []

    def take(self, method: str, chat: int | None) -> Fault | None:
        """The oldest order that this call meets; it is used up."""
        for index, fault in enumerate(self._ordered):
            if fault.hits(method, chat):
                return self._ordered.pop(index)
        return None
