"""Taps on buttons: each is a query that can be answered once, for as long as its update lives."""

import secrets
from dataclasses import dataclass

from bridge.simulator.clock import Clock
from bridge.simulator.log import Log
from bridge.simulator.wire import Json, bad_request

SECONDS = 150.0
GONE = "query is too old and response timeout expired or query ID is invalid"


@dataclass(slots=True)
class _Tap:
    chat: int
    at: float
    answer: Json | None = None


class Taps:
    def __init__(self, clock: Clock, log: Log) -> None:
        self._clock = clock
        self._log = log
        self._taps: dict[str, _Tap] = {}

    def open(self, chat: int) -> str:
        callback_id = str(secrets.randbits(62))
        self._taps[callback_id] = _Tap(chat, self._clock.now())
        return callback_id

    def answer(self, callback_id: str, text: str, *, show_alert: bool) -> None:
        """Raises ApiError: unknown, too old, or answered before."""
        tap = self._taps.get(callback_id)
        if tap is None or tap.answer is not None or self._clock.now() - tap.at > SECONDS:
            raise bad_request(GONE)
        tap.answer = {"text": text, "show_alert": show_alert}
        self._log.append("tap_answer", tap.chat, callback_id=callback_id, **tap.answer)

    def answered(self, callback_id: str) -> Json | None:
        return self._taps[callback_id].answer
