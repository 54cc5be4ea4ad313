"""What the simulated model answers, and a stopwatch around it."""

import time
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.simulator.script import Say, Scenario
from bridge.simulator.talk import Talk

KEY = "sk-test-0123456789"
MODEL = "claude-haiku-5-5"
TURNS = {"tiny": 200, "stream": 20}
LINE = "The bridge carries this line of text over the river, again and again. "
END = "Over."


def scenario(name: str) -> Scenario:
    """tiny: one word at once. stream: 4 KB in 64 pieces, evenly over two seconds."""
    text = "Hello. " + (LINE * 59)[: 4096 - 12] if name == "stream" else "Hello. "
    step = Say(text + END, chunk=64, pace=2 / 64 if name == "stream" else 0.0)

    def answer(_: Talk) -> list[Say]:
        return [step]

    return answer


@dataclass(slots=True)
class Lap:
    """One request, by the wall clock: when it had arrived, its first words, its end."""

    asked: float = 0.0
    spoke: float = 0.0
    ended: float = 0.0


class Watched:
    """The Messages API with a stopwatch: what passes before and after is not the model's time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.laps: list[Lap] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/v1/messages":
            await self._app(scope, receive, send)
            return
        lap = Lap()

        async def hearing() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body"):
                lap.asked = time.time()
                self.laps.append(lap)
            return message

        async def saying(message: Any) -> None:
            now = time.time()
            if not lap.spoke and b"text_delta" in message.get("body", b""):
                lap.spoke = now
            if message["type"] == "http.response.body" and not message.get("more_body"):
                lap.ended = now
            await send(message)

        await self._app(scope, hearing, saying)
