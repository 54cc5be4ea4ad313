"""A set of requests and answers as they were recorded, all on their way at once.

What goes in comes out: pictures, words of every script, errors, counts, ten megabytes, and
streams that are cut at odd places.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from random import Random

import pytest

from bridge.store.db import Database
from bridge.store.ledger import Ledger
from tests.contract.samples import limit
from tests.contract.tollbooth import (
    END,
    STREAM,
    Api,
    Heard,
    House,
    asked,
    chunk,
    delta,
    event,
    house,
    plain,
    raw_api,
    start,
    text,
)

MANY = 32
PLENTY = limit(10**12, hours=24 * 36_500)
WORDS = "Grüße, Привет, 你好, 😀, \u202e, \x00, \ud83d"
PIXEL = base64.b64encode(bytes(range(256)) * 40).decode()
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
JSON = ("content-type", "application/json")


@dataclass
class Talk:
    """A request, and the answer that the API has for it; `cuts` where a stream is cut."""

    body: bytes
    answer: bytes
    status: str = "200 OK"
    path: str = "/v1/messages?beta=true"
    headers: list[tuple[str, str]] = field(default_factory=lambda: [JSON])
    cuts: int = 0

    async def play(self, heard: Heard) -> None:
        if not self.cuts:
            await heard.say(plain(self.status, self.answer, *self.headers))
            return
        await heard.say(STREAM)
        at = 0
        for size in pieces(len(self.answer), self.cuts):
            await heard.say(chunk(self.answer[at : at + size]))
            at += size
            await asyncio.sleep(0)
        await heard.say(END)


def pieces(size: int, seed: int) -> list[int]:
    """Of a length that is never the same, and never zero."""
    random, found = Random(seed), list[int]()  # noqa: S311
    while (left := size - sum(found)) > 0:
        found.append(min(left, random.randint(1, 40)))
    return found


def said(content: object, **more: object) -> bytes:
    return asked(messages=[{"role": "user", "content": content}], **more)


def stream(number: int) -> bytes:
    thought = event("content_block_start", index=0, content_block={"type": "thinking"})
    words = b"".join(text(f"{number}: {WORDS[:-1]} {at}") for at in range(9))
    odd = b': a comment\r\n\r\nevent: ping\r\ndata: {"type": "ping"}\r\n\r\n'
    end = event("content_block_stop", index=0)
    return start(input_tokens=9) + thought + odd + end + words + delta(output_tokens=50)


def recorded() -> list[Talk]:
    usage = b'{"usage": {"input_tokens": 9, "output_tokens": 1}, "content": "\xc3\xa9"}'
    broken = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    error = b'{"type": "error", "error": {"type": "overloaded_error", "message": "\xe2\x80\xa6"}}'
    count = "/v1/messages/count_tokens?beta=true"
    talks = [
        Talk(said(WORDS), usage),
        Talk(said(WORDS).replace(b"\\u00fc", "ü".encode()), usage),
        Talk(json.dumps(json.loads(said("spaced")), indent=3).encode(), usage),
        Talk(said([IMAGE, {"type": "text", "text": "What is it?"}]), usage),
        Talk(said([{"type": "tool_result", "tool_use_id": "t", "content": [IMAGE] * 3}]), usage),
        Talk(said("x" * 10_000_000), usage),
        Talk(said("y"), b'{"input_tokens": 12}', path=count),
        Talk(b"not even JSON", error, "400 Bad Request", count),
        Talk(said("a"), error, "529 Overloaded", headers=[JSON, ("retry-after", "7")]),
        Talk(said("b"), error, "413 Payload Too Large"),
        Talk(said("c"), b"<html>\x00\xff", "503 Service Unavailable", headers=[("x-a", "1")] * 2),
        Talk(said("d"), start(input_tokens=1) + text("Half") + broken, cuts=5),
    ]
    return talks + [Talk(said(f"s{at}"), stream(at), cuts=at + 1) for at in range(MANY)]


@pytest.fixture
async def api() -> AsyncIterator[tuple[Api, str]]:
    async with raw_api() as given:
        yield given


async def test_a_recorded_set_passes_unchanged_in_both_directions(
    api: tuple[Api, str], db: Database
) -> None:
    upstream, address = api
    talks = recorded()
    by_body = {talk.body: talk for talk in talks}

    async def plan(heard: Heard) -> None:
        """The streams wait for each other, so that all of them run at once."""
        talk = by_body[heard.body]
        if talk.cuts > 1:
            await upstream.until(lambda: len(upstream.heard) == len(talks))
        await talk.play(heard)

    upstream.plan = plan
    async with house(address, Ledger(db), PLENTY) as booth:
        await asyncio.gather(*(same(booth, talk) for talk in talks))
    assert sorted(heard.body for heard in upstream.heard) == sorted(by_body)


async def same(booth: House, talk: Talk) -> None:
    beta = [("anthropic-beta", f"b-{len(talk.body)}"), ("content-type", "application/json")]
    answer = await booth.caller.send(booth.request(talk.path, talk.body, beta))
    assert answer.status_code == int(talk.status[:3])
    assert answer.content == talk.answer
    if not talk.cuts:
        own = ("content-length", str(len(talk.answer)))
        assert answer.headers.multi_items() == [*talk.headers, own]
