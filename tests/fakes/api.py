"""The Bot API as a list of calls."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Bot API. `at` is the loop's time when it came, to the millisecond."""

    method: str
    params: Mapping[str, Any]
    at: float


SIGNS = {"sendMessageDraft", "sendChatAction"}  # leave no message

Reaction = Exception | Callable[[Mapping[str, Any]], Any]


class FakeApi:
    """The Bot API as far as it answers. `plan` decides the next answers to a method, in order."""

    def __init__(self, latency: float = 0.0) -> None:
        self.calls: list[Call] = []
        self.latency = latency
        self.in_flight = 0
        self._plans: dict[str, list[Reaction | None]] = {}
        self._message = 100

    def plan(self, method: str, *reactions: Reaction | None) -> None:
        """None: the usual answer."""
        self._plans.setdefault(method, []).extend(reactions)

    async def call(self, method: str, /, **params: Any) -> Any:
        at = round(asyncio.get_running_loop().time(), 3)
        self.calls.append(Call(method, params, at))
        self.in_flight += 1
        try:
            await asyncio.sleep(self.latency)
            return self._react(method, params)
        finally:
            self.in_flight -= 1

    def of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def texts(self) -> list[str]:
        return [str(call.params["text"]) for call in self.of("sendMessage")]

    def _react(self, method: str, params: Mapping[str, Any]) -> Any:
        plan = self._plans.get(method)
        reaction = plan.pop(0) if plan else None
        if isinstance(reaction, Exception):
            raise reaction
        if reaction is not None:
            return reaction(params)
        if not method.startswith("send") or method in SIGNS:
            return True
        self._message += 1
        return {"message_id": self._message, "chat": {"id": params["chat_id"]}}
