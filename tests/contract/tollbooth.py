"""A booth for tests, between a caller and an API that says, byte by byte, what a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from bridge import ports
from bridge.booth.asked import read as parsed
from bridge.booth.bound import Call, bound
from bridge.booth.keys import Credential
from bridge.booth.serve import listening
from bridge.booth.server import TIMEOUT, Booth
from bridge.booth.shares import Shares
from bridge.booth.size import at_most
from bridge.booth.terms import Terms
from bridge.booth.tickets import Tickets
from bridge.clock import SystemClock
from budgets.model import Limit
from tests.contract.samples import MAIN, limit, turn
from tests.fakes.money import FakeAlarm

TURN = turn(7)
KEY = "sk-ant-api03-the-real-one"
EVER = limit(1_000_000, hours=24 * 36_500)  # one dollar
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
PATIENCE = 20.0  # seconds until a test that hangs fails


@dataclass
class Heard:
    """A request as it came, and the connection to answer on."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, *parts: bytes) -> None:
        self.writer.write(b"".join(parts))
        await self.writer.drain()

    async def hung_up(self) -> None:
        assert await self.reader.read() == b""

    def drop(self) -> None:
        self.writer.close()


Plan = Callable[[Heard], Awaitable[None]]


@dataclass
class Api:
    """`plan` answers each request; until there is one, it is silent."""

    plan: Plan = Heard.hung_up
    heard: list[Heard] = field(default_factory=list)
    left: list[Heard] = field(default_factory=list)  # those whose plan has ended
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                heard = await read(line, reader, writer)
                await self._note(self.heard, heard)
                await self.plan(heard)
                await self._note(self.left, heard)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def until(self, happened: Callable[[], Any]) -> None:
        async with asyncio.timeout(PATIENCE), self.news:
            await self.news.wait_for(happened)

    async def _note(self, where: list[Heard], heard: Heard) -> None:
        async with self.news:
            where.append(heard)
            self.news.notify_all()


async def read(line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Heard:
    headers = []
    while (raw := await reader.readline()) != b"\r\n":
        name, _, value = raw.decode().partition(":")
        headers.append((name.lower(), value.strip()))
    size = int(dict(headers).get("content-length", 0))
    return Heard(line.decode().strip(), headers, await reader.readexactly(size), reader, writer)


@asynccontextmanager
async def raw_api() -> AsyncIterator[tuple[Api, str]]:
    api = Api()
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    async with server:
        yield api, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@dataclass
class House:
    """The booth, its ledger, and a caller with a ticket and a running turn."""

    url: str
    tickets: Tickets
    ledger: ports.Ledger
    caller: httpx.AsyncClient
    alarm: FakeAlarm
    terms: dict[str, Any]  # what holds from the next request on

    def request(
        self,
        path: str = "/v1/messages?beta=true",
        body: bytes | None = None,
        headers: list[tuple[str, str]] | None = None,
    ) -> httpx.Request:
        content = asked() if body is None else body
        return httpx.Request("POST", self.url + path, content=content, headers=headers)

    async def post(self, *args: Any, **kwargs: Any) -> httpx.Response:
        return await self.caller.send(self.request(*args, **kwargs))

    @asynccontextmanager
    async def stream(self, body: bytes | None = None) -> AsyncIterator[httpx.Response]:
        answer = await self.caller.send(self.request(body=body), stream=True)
        try:
            yield answer
        finally:
            await answer.aclose()

    async def settled(self) -> int:
        """The turn ends; what it cost. Nothing is held any more."""
        await self.tickets.end(TURN)
        (used,) = await self.ledger.usage(TURN.user, [EVER])
        assert used.held == 0
        return used.settled

    async def held(self) -> int:
        (used,) = await self.ledger.usage(TURN.user, [EVER])
        return used.held


@asynccontextmanager
async def house(
    api: str,
    ledger: ports.Ledger,
    *limits: Limit,
    credential: Credential | None = None,
    grace: float = 5,
    seen: Shares | None = None,
    clock: ports.Clock | None = None,
    **terms: Any,
) -> AsyncIterator[House]:
    """`terms`: what else holds for everyone."""
    tickets, alarm = Tickets(grace), FakeAlarm()
    given: dict[str, Any] = {"limits": limits or (EVER,), "timezone": "UTC"} | terms
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT))
        booth = Booth(
            base_url=lambda: api,
            credential=credential or Credential(key=KEY),
            tickets=tickets,
            ledger=ledger,
            terms=lambda _: Terms(**given),
            clock=clock or SystemClock(),
            client=client,
            alarm=alarm,
            shares=seen or Shares(),
        )
        tickets.address = await stack.enter_async_context(listening(booth.app))
        tickets.begin(TURN)
        caller = await stack.enter_async_context(httpx.AsyncClient(timeout=PATIENCE))
        yield House(tickets.issue(MAIN), tickets, ledger, caller, alarm, given)


def call(body: bytes) -> Call:
    """How the first request of a process is bounded."""
    asked = parsed(body)
    return bound(asked, at_most(asked), Terms((), "UTC").price)


def asked(**more: Any) -> bytes:
    said = [{"role": "user", "content": "hi"}]
    fields = {"model": "claude-haiku-5-5", "max_tokens": 1000, "stream": True, "messages": said}
    return json.dumps(fields | more).encode()


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n".encode()


def start(**usage: int) -> bytes:
    return event("message_start", message={"usage": {"output_tokens": 1} | usage})


def text(words: str) -> bytes:
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": words})


def delta(**usage: int) -> bytes:
    return event("message_delta", delta={"stop_reason": "end_turn"}, usage=usage)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def plain(status: str, body: bytes, *headers: tuple[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
