"""The booth is transparent: what goes in comes out, both ways, byte by byte and at once."""

import asyncio
import base64
import gzip
import json
import os
from collections.abc import AsyncIterator

import httpx
import pytest
from structlog.testing import capture_logs

from bridge.booth.keys import Credential
from bridge.model import SessionKey
from bridge.store.db import Database
from bridge.store.ledger import Ledger
from tests.contract.samples import limit, turn
from tests.contract.tollbooth import (
    END,
    KEY,
    STREAM,
    TURN,
    Api,
    Heard,
    House,
    asked,
    chunk,
    delta,
    house,
    plain,
    raw_api,
    start,
    text,
)

OURS = {"host", "connection", "content-length", "accept-encoding", "x-api-key", "authorization"}
MANY = 32
SENT = [
    ("user-agent", "claude-cli/2.1 (external, sdk-py)"),
    ("anthropic-version", "2023-06-01"),
    ("anthropic-beta", "claude-code-20250219,context-1m-2025-08-07"),
    ("anthropic-beta", "fine-grained-tool-streaming-2025-05-14"),
    ("cookie", "a=b"),
    ("x-empty", ""),
    ("x-stainless-retry-count", "0"),
]


@pytest.fixture
async def api() -> AsyncIterator[tuple[Api, str]]:
    async with raw_api() as given:
        yield given


@pytest.fixture
async def booth(api: tuple[Api, str], db: Database) -> AsyncIterator[House]:
    async with house(api[1], Ledger(db)) as built:
        yield built


@pytest.fixture
def upstream(api: tuple[Api, str]) -> Api:
    return api[0]


async def well(heard: Heard) -> None:
    await heard.say(plain("200 OK", b'{"usage": {"input_tokens": 1, "output_tokens": 1}}'))


def others(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name not in OURS]


async def test_a_request_arrives_as_it_was_sent(booth: House, upstream: Api) -> None:
    upstream.plan = well
    target = "/v1/messages?beta=true&x=%2F%e4&y=a+b&y=&z='()*!;:@,~"
    theirs = [("x-api-key", "none"), ("authorization", "Bearer none"), ("accept-encoding", "br")]
    await booth.post(target, asked(), [*SENT, *theirs])
    (heard,) = upstream.heard
    assert heard.line == f"POST {target} HTTP/1.1"
    assert heard.body == asked()
    assert others(heard.headers) == SENT
    mine = [(name, value) for name, value in heard.headers if name in OURS]
    assert ("x-api-key", KEY) in mine
    assert ("accept-encoding", "identity") in mine
    assert "none" not in str(mine)


async def test_headers_for_the_connection_alone_do_not_pass(booth: House, upstream: Api) -> None:
    upstream.plan = well
    hop = [("connection", "close, x-mine"), ("x-mine", "1"), ("te", "trailers"), ("upgrade", "h2c")]
    await booth.post(headers=[*hop, *SENT])
    assert others(upstream.heard[0].headers) == SENT


async def test_a_body_of_ten_megabytes_passes(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    upstream.plan = well
    body = asked(messages=[base64.b64encode(os.urandom(7_500_000)).decode()])
    assert len(body) > 10_000_000
    async with house(api[1], Ledger(db), limit(10**9)) as booth:
        assert (await booth.post(body=body)).status_code == 200
    assert upstream.heard[0].body == body


async def test_counting_tokens_is_free(booth: House, upstream: Api) -> None:
    upstream.plan = well
    await booth.post("/v1/messages/count_tokens?beta=true", b'{"model": "unknown"}')
    assert upstream.heard[0].line == "POST /v1/messages/count_tokens?beta=true HTTP/1.1"
    assert await booth.settled() == 0


async def test_a_login_goes_out_as_its_own_token(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    upstream.plan = well
    async with house(api[1], Ledger(db), credential=Credential(token="sk-ant-oat01")) as booth:
        await booth.post(headers=[*SENT, ("authorization", "Bearer none"), ("x-api-key", "none")])
    headers = upstream.heard[0].headers
    assert ("authorization", "Bearer sk-ant-oat01") in headers
    assert "x-api-key" not in dict(headers)
    assert others(headers) == SENT


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        ("200 OK", [("content-type", "application/json")], b'{"usage": {"input_tokens": 1}}\n'),
        ("200 OK", [("x-limit", "1"), ("x-limit", "2"), ("set-cookie", "a=1")], b"\x00\xff"),
        ("529 Overloaded", [("retry-after", "7"), ("request-id", "req_1")], b'{"type": "error"}'),
        ("401 Unauthorized", [("content-type", "application/json; charset=utf-8")], b"{}"),
        ("404 Not Found", [("content-type", "text/html")], b"<h1>Not found</h1>"),
        ("307 Temporary Redirect", [("location", "http://127.0.0.1:1/elsewhere")], b""),
    ],
)
async def test_an_answer_comes_back_as_it_was_given(
    booth: House, upstream: Api, status: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    async def plan(heard: Heard) -> None:
        await heard.say(plain(status, body, *headers))

    upstream.plan = plan
    answer = await booth.post()
    assert answer.status_code == int(status[:3])
    assert answer.headers.multi_items() == [*headers, ("content-length", str(len(body)))]
    assert answer.content == body


async def test_an_answer_that_is_compressed_all_the_same_passes(
    booth: House, upstream: Api
) -> None:
    zipped = gzip.compress(b"{}")

    async def plan(heard: Heard) -> None:
        await heard.say(plain("200 OK", zipped, ("content-encoding", "gzip")))

    upstream.plan = plan
    async with booth.stream() as answer:
        assert b"".join([part async for part in answer.aiter_raw()]) == zipped


async def test_what_an_answer_sets_is_not_sent_with_the_next_request(
    booth: House, upstream: Api
) -> None:
    async def plan(heard: Heard) -> None:
        await heard.say(plain("200 OK", b"{}", ("set-cookie", "__cf_bm=1; path=/")))

    upstream.plan = plan
    await booth.post(headers=SENT)
    booth.caller.cookies.clear()
    await booth.post(headers=SENT)
    assert others(upstream.heard[1].headers) == SENT


async def test_each_piece_of_a_stream_is_passed_on_before_the_next_one_is_there(
    booth: House, upstream: Api
) -> None:
    """The API says nothing more until the caller has what it said; a delay would hang here."""
    received: asyncio.Queue[bytes] = asyncio.Queue()
    pieces = [start(input_tokens=5), b"event: ping\n", b"da", b'ta: {"type": "ping"}\n\n',
              text("Grüße"), delta(output_tokens=3), b": a comment\n\n"]  # fmt: skip

    async def plan(heard: Heard) -> None:
        await heard.say(STREAM)
        for piece in pieces:
            await heard.say(chunk(piece))
            assert await received.get() == piece
        await heard.say(END)

    upstream.plan = plan
    async with booth.stream() as answer:
        async for piece in answer.aiter_raw():
            received.put_nowait(piece)
    await upstream.until(lambda: upstream.left)


async def test_many_streams_run_at_once_and_do_not_mix(booth: House, upstream: Api) -> None:
    def words(number: int) -> bytes:
        return b"".join(text(f"{number}/{at} ") for at in range(20))

    async def plan(heard: Heard) -> None:
        await upstream.until(lambda: len(upstream.heard) == MANY)
        number = json.loads(heard.body)["messages"]
        await heard.say(STREAM, chunk(start(input_tokens=1)))
        await heard.say(*(chunk(words(number)[at : at + 99]) for at in range(0, 2000, 99)), END)

    async def ask(number: int) -> None:
        body = (await booth.post(body=asked(messages=number))).content
        assert body == start(input_tokens=1) + words(number)[:2079]

    upstream.plan = plan
    await asyncio.gather(*(ask(number) for number in range(MANY)))


async def test_the_api_is_hung_up_on_when_the_caller_hangs_up(booth: House, upstream: Api) -> None:
    async def plan(heard: Heard) -> None:
        await heard.say(STREAM, chunk(start(input_tokens=5)))
        await heard.hung_up()

    upstream.plan = plan
    async with booth.stream() as answer:
        assert await anext(answer.aiter_raw()) == start(input_tokens=5)
    await upstream.until(lambda: upstream.left)


async def test_the_api_is_hung_up_on_while_it_is_silent(booth: House, upstream: Api) -> None:
    asking = asyncio.create_task(booth.post())
    await upstream.until(lambda: upstream.heard)
    asking.cancel()
    await upstream.until(lambda: upstream.left)


@pytest.mark.parametrize("head", [STREAM, b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"])
async def test_an_answer_that_breaks_off_does_not_look_complete(
    booth: House, upstream: Api, head: bytes
) -> None:
    first = chunk(start(input_tokens=5))

    async def plan(heard: Heard) -> None:
        await heard.say(head, first)
        heard.drop()

    upstream.plan = plan
    async with booth.stream() as answer:
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()


async def test_an_api_that_is_down_is_told_as_an_error_of_the_api(db: Database) -> None:
    async with house("http://127.0.0.1:1", Ledger(db)) as booth:
        answer = await booth.post()
        assert await booth.settled() == 0
    assert answer.status_code == 502
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["type"] == "api_error"


async def test_another_path_is_refused(booth: House, upstream: Api) -> None:
    for path in ("/v1/models", "/v1/messages/batches", "/v1/messages/../files", "/v1%0a", ""):
        await refused(await booth.post(path), upstream)
    await refused(await booth.caller.get(f"{booth.url}/v1/messages"), upstream)


async def test_a_request_without_a_ticket_is_refused(booth: House, upstream: Api) -> None:
    for path in ("/", "/v1/messages", "/t/guess/v1/messages", "/t//v1/messages"):
        answer = await booth.caller.post(booth.tickets.address + path, content=asked())
        await refused(answer, upstream)


async def test_a_revoked_ticket_is_refused(booth: House, upstream: Api) -> None:
    booth.tickets.revoke(booth.url)
    with capture_logs() as lines:
        await refused(await booth.post(), upstream)
    assert [(line["event"], line["status"]) for line in lines] == [("booth.refused", 403)]
    assert booth.url.rpartition("/")[2] not in str(lines)


async def test_a_ticket_without_a_running_turn_is_refused(booth: House, upstream: Api) -> None:
    await booth.tickets.end(TURN)
    await refused(await booth.post(), upstream)
    booth.tickets.begin(turn(8, SessionKey(222, 0, "main")))
    await refused(await booth.post(), upstream)


async def refused(answer: httpx.Response, upstream: Api) -> None:
    assert answer.status_code == 403
    assert answer.json()["error"]["type"] == "permission_error"
    assert not upstream.heard


async def test_a_body_that_cannot_be_read_is_refused(booth: House, upstream: Api) -> None:
    for body in (b"", b"{", b'{"max_tokens": 1}'):
        answer = await booth.post(body=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "invalid_request_error"
    assert not upstream.heard
    assert await booth.settled() == 0
