"""A model of Telegram's flood limits, which are not published: the numbers are shared guesses.

Sending and editing share a chat's budget; drafts and chat actions have one of their own; answering
a tap, files and commands are free. Whoever goes on during a ban makes it longer.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

LIGHT = frozenset({"sendmessagedraft", "sendchataction"})
HEAVY = ("send", "edit", "copy", "forward")


@dataclass(frozen=True, slots=True)
class Limits:
    """`least` is the shortest ban, `extension` what a call during a ban adds; both in seconds."""

    chat_per_second: float = 1.0
    chat_burst: int = 4
    group_per_minute: int = 20
    light: tuple[tuple[int, float], ...] = ((20, 5.0), (40, 30.0))
    overall_per_second: int = 30
    least: int = 1
    extension: int = 1


TOLERANT = Limits()
STRICT = Limits(chat_burst=3, least=5, extension=5)


class _Limiter(Protocol):
    def wait(self, now: float) -> float: ...
    def take(self, now: float) -> None: ...


class _Bucket:
    """`rate` a second, of which `burst` may come at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._step = 1 / rate
        self._slack = self._step * (burst - 1)
        self._due = float("-inf")

    def wait(self, now: float) -> float:
        return self._due - self._slack - now

    def take(self, now: float) -> None:
        self._due = max(self._due, now) + self._step


class _Window:
    """`most` within any `seconds`."""

    def __init__(self, most: int, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque(maxlen=most)

    def wait(self, now: float) -> float:
        full = len(self._times) == self._times.maxlen
        return self._times[0] + self._seconds - now if full else 0.0

    def take(self, now: float) -> None:
        self._times.append(now)


class Flood:
    def __init__(self, limits: Limits | None, now: Callable[[], float]) -> None:
        """No limits: everything passes."""
        self._limits = limits
        self._now = now
        self._chats: dict[tuple[str, int], list[_Limiter]] = {}
        self._banned: dict[tuple[str, int], float] = {}
        self._overall: list[_Limiter] = []
        if limits is not None:
            self._overall = [_Window(limits.overall_per_second, 1.0)]

    def check(self, method: str, chat: int) -> int | None:
        """Seconds to wait; None when the call may pass, and it is counted then.

        `method` in lower case; groups have negative ids.
        """
        if self._limits is None:
            return None
        now, key = self._now(), (_family(method), chat)
        banned = self._banned.get(key, now)
        if banned > now:
            return self._ban(key, now, banned - now + self._limits.extension)
        limiters = self._of_chat(key, self._limits) + self._overall
        wait = max(limiter.wait(now) for limiter in limiters)
        if wait > 0:
            return self._ban(key, now, max(wait, self._limits.least))
        for limiter in limiters:
            limiter.take(now)
        return None

    def _ban(self, key: tuple[str, int], now: float, seconds: float) -> int:
        self._banned[key] = now + seconds
        return math.ceil(seconds)

    def _of_chat(self, key: tuple[str, int], limits: Limits) -> list[_Limiter]:
        if key not in self._chats:
            self._chats[key] = _limiters(*key, limits)
        return self._chats[key]


def _limiters(family: str, chat: int, limits: Limits) -> list[_Limiter]:
    if family == "light":
        return [_Window(most, seconds) for most, seconds in limits.light]
    if family == "other":
        return []
    heavy: list[_Limiter] = [_Bucket(limits.chat_per_second, limits.chat_burst)]
    return [*heavy, _Window(limits.group_per_minute, 60.0)] if chat < 0 else heavy


def _family(method: str) -> str:
    if method in LIGHT:
        return "light"
    return "heavy" if method.startswith(HEAVY) else "other"
