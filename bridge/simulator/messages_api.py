"""A Messages API that answers by a script, for Claude Code and anyone else who speaks it.

    api = messages(Script([Say("Hello!")]))

and served at any address that becomes ANTHROPIC_BASE_URL. It keeps the bill that the real API
would send: `api.requests` and `api.bill`, or `GET /sim/requests` and `GET /sim/bill`.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from bridge.simulator import chores, talk
from bridge.simulator.answering import Answering, Sleep, headers, new_id, refusal
from bridge.simulator.billing import MODELS, Entry, Log
from bridge.simulator.reply import Failed, Reply
from bridge.simulator.script import Fail, Fault, Scenario, part
from bridge.simulator.talk import Talk
from bridge.simulator.usage import PromptCache, Usage, count

Windows: TypeAlias = Callable[[], Mapping[str, tuple[float, datetime]]]
"""Of a subscription, by "5h" and "7d": the part of 1 that is used, and when it is none again."""


class MessagesApi(Starlette):
    """The application, and what it was asked."""

    def __init__(self, routes: Sequence[Route], log: Log, windows: Windows) -> None:
        super().__init__(routes=routes)
        self._log = log
        self._windows = windows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = [*message["headers"], *_told(self._windows())]
                message = {**message, "headers": told}
            await send(message)

        await super().__call__(scope, receive, tell)

    @property
    def requests(self) -> list[Entry]:
        """Every `POST /v1/messages`, oldest first; also one that is being answered."""
        return self._log.entries

    @property
    def bill(self) -> int:
        """Micro-USD of all requests so far."""
        return self._log.bill


def messages(
    scenario: Scenario,
    *,
    key: str | None = None,
    models: Collection[str] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Sleep = asyncio.sleep,
    keep: int = 1000,
    windows: Windows = dict,
) -> MessagesApi:
    """The model that plays `scenario`; the log keeps the last `keep` requests.

    `key`: the only one accepted (None: any). `models`: the ids that exist (None: `claude-*`).
    `windows`: told in the headers of each answer, as to a subscription.
    """
    desk = _Desk(scenario, key, models, now, sleep, Log(keep), PromptCache(now))
    routes = [
        Route("/v1/messages", desk.create, methods=["POST"]),
        Route("/v1/messages/count_tokens", desk.count_tokens, methods=["POST"]),
        Route("/v1/models", desk.list_models),
        Route("/v1/models/{model}", desk.show_model),
        Route("/sim/requests", desk.show_requests),
        Route("/sim/bill", desk.show_bill),
    ]
    return MessagesApi(routes, desk.log, windows)


@dataclass(slots=True)
class _Desk:
    """Takes the requests. What it remembers: the log, the prompt cache, attempts at faults."""

    scenario: Scenario
    key: str | None
    models: Collection[str] | None
    now: Callable[[], datetime]
    sleep: Sleep
    log: Log
    cache: PromptCache
    attempts: Counter[tuple[str, int]] = field(default_factory=Counter)

    async def create(self, request: Request) -> Response | Answering:
        entry = await self._enter(request)
        try:
            body = self._admit(request, entry.raw, needed=("model", "messages", "max_tokens"))
        except Failed as failed:
            self.log.close(entry, status=failed.step.status, usage=Usage())
            return refusal(failed.step, entry.id, entry.at)
        said = talk.read(body)
        return Answering(
            entry=entry,
            log=self.log,
            steps=chores.steps(body, said) or part(self.scenario(said), said.call),
            due=partial(self._due, _which(entry, said)),
            reply=self._reply(body, said),
            stream=bool(body.get("stream")),
            sleep=self.sleep,
        )

    async def count_tokens(self, request: Request) -> Response:
        try:
            body = self._admit(request, await request.body(), needed=("model", "messages"))
        except Failed as failed:
            return refusal(failed.step, new_id("req"), self.now())
        return self._json({"input_tokens": count(body)})

    async def list_models(self, _: Request) -> Response:
        known = [_described(model) for model in self.models or MODELS]
        ends = {"first_id": known[0]["id"], "last_id": known[-1]["id"]}
        return self._json({"data": known, "has_more": False, **ends})

    async def show_model(self, request: Request) -> Response:
        model = request.path_params["model"]
        try:
            self._know(model)
        except Failed as failed:
            return refusal(failed.step, new_id("req"), self.now())
        return self._json(_described(model))

    async def show_requests(self, _: Request) -> Response:
        return JSONResponse([entry.as_json() for entry in self.log.entries])

    async def show_bill(self, _: Request) -> Response:
        return JSONResponse({"micro_usd": self.log.bill, "requests": self.log.count})

    async def _enter(self, request: Request) -> Entry:
        raw = await request.body()
        entry = Entry(new_id("req"), self.now(), request.url.path, dict(request.headers), raw)
        self.log.open(entry)
        return entry

    def _admit(self, request: Request, raw: bytes, needed: Sequence[str]) -> Mapping[str, Any]:
        """The body of a request. Failed: with what the API would refuse it."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.key not in {None, request.headers.get("x-api-key"), bearer}:
            raise Failed(Fail(401, "authentication_error", "invalid x-api-key"))
        body = _parsed(raw)
        for name in needed:
            if not body.get(name):
                raise Failed(Fail(400, "invalid_request_error", f"{name}: Field required"))
        self._know(str(body["model"]))
        return body

    def _know(self, model: str) -> None:
        known = model.startswith("claude-") if self.models is None else model in self.models
        if not known:
            raise Failed(Fail(404, "not_found_error", f"model: {model}"))

    def _due(self, which: str, place: int, fault: Fault) -> bool:
        self.attempts[which, place] += 1
        return fault.times is None or self.attempts[which, place] <= fault.times

    def _reply(self, body: Mapping[str, Any], said: Talk) -> Reply:
        return Reply(
            id=new_id("msg"),
            model=str(body["model"]),
            charge=partial(self.cache.charge, body),
            most=int(body["max_tokens"]),
            thinking=(body.get("thinking") or {}).get("type") in {"enabled", "adaptive"},
            partial=said.partial,
        )

    def _json(self, content: Mapping[str, Any]) -> Response:
        return JSONResponse(content, headers=headers(new_id("req"), self.now()))


def _which(entry: Entry, said: Talk) -> str:
    """Names one reply of one turn: the same at each attempt to get it."""
    session = entry.headers.get("x-claude-code-session-id", "")
    return f"{session}/{said.turn}/{said.call}/{said.said}"


def _parsed(raw: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Failed(Fail(400, "invalid_request_error", "The request body is not valid JSON"))
    return body


def _told(windows: Mapping[str, tuple[float, datetime]]) -> list[tuple[bytes, bytes]]:
    told = {}
    for name, (used, resets_at) in windows.items():
        prefix = f"anthropic-ratelimit-unified-{name}"
        told[f"{prefix}-utilization"] = str(used)
        told[f"{prefix}-reset"] = str(round(resets_at.timestamp()))
        told[f"{prefix}-status"] = "allowed" if used < 1 else "rejected"
    return [(name.encode(), value.encode()) for name, value in told.items()]


def _described(model: str) -> dict[str, Any]:
    name = model.removeprefix("claude-").replace("-", " ").title()
    return {
        "type": "model",
        "id": model,
        "display_name": f"Claude {name} (simulated)",
        "created_at": "2026-01-01T00:00:00Z",
    }
