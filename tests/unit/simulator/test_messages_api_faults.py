"""Replies of the simulated Messages API that fail, stall, drop or are cut."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx
import pytest

from bridge.simulator.messages_api import MessagesApi, messages
from bridge.simulator.script import Drop, Fail, Say, Script, Stall, Stop


def client(api: MessagesApi, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=api)
    return httpx.AsyncClient(transport=transport, base_url="http://model", headers=headers)


def asked(text: str = "hi", **more: Any) -> dict[str, Any]:
    said = [{"role": "user", "content": text}]
    return {"model": "claude-haiku-5-5", "max_tokens": 1000, "messages": said} | more


async def post(api: MessagesApi, body: dict[str, Any]) -> httpx.Response:
    async with client(api) as http:
        return await http.post("/v1/messages", json=body)


async def test_max_tokens_cuts_and_says_so() -> None:
    answer = (await post(messages(Script([Say("abcdefghij")])), asked(max_tokens=2))).json()
    assert answer["content"][0]["text"] == "abcdefgh"
    assert answer["stop_reason"] == "max_tokens"
    assert answer["usage"]["output_tokens"] == 2


async def test_a_cut_never_splits_a_character() -> None:
    answer = (await post(messages(Script([Say("aaaaaa€€")])), asked(max_tokens=2))).json()
    assert answer["content"][0]["text"] == "aaaaaa"


async def test_a_stop_reason_can_be_scripted() -> None:
    answer = (await post(messages(Script([Say("No."), Stop("refusal")])), asked())).json()
    assert answer["stop_reason"] == "refusal"


async def test_a_reply_that_was_cut_goes_on_where_it_stopped() -> None:
    api = messages(Script([Say("abcdefgh"), Say("ijkl")]))
    body = asked()
    body["messages"] += [
        {"role": "assistant", "content": "abcde"},
        {"role": "user", "content": "Output token limit hit. Resume directly"},
    ]
    texts = [block["text"] for block in (await post(api, body)).json()["content"]]
    assert texts == ["fgh", "ijkl"]


async def test_a_failure_has_the_shape_of_the_api_and_passes_after_its_times() -> None:
    api = messages(Script([Fail(429, "rate_limit_error", "Slow", 2, retry_after=7), Say("ok")]))
    refused = await post(api, asked())
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "7"
    assert refused.headers["request-id"] == refused.json()["request_id"]
    assert refused.json()["error"] == {"type": "rate_limit_error", "message": "Slow"}
    assert [(await post(api, asked())).status_code for _ in range(2)] == [429, 200]


async def test_each_session_has_its_own_failures() -> None:
    api = messages(Script([Fail(), Say("ok")]))
    statuses = []
    for session in ("a", "b", "a"):
        async with client(api, **{"x-claude-code-session-id": session}) as http:
            statuses.append((await http.post("/v1/messages", json=asked())).status_code)
    assert statuses == [529, 529, 200]


async def test_a_failure_after_some_text_is_an_event_of_the_stream() -> None:
    api = messages(Script([Fail(500, "api_error", "Boom", after="So far")]))
    answer = await post(api, asked(stream=True))
    last = json.loads(answer.text.splitlines()[-2].removeprefix("data: "))
    assert answer.status_code == 200
    assert '"text":"So far"' in answer.text
    assert last["error"] == {"type": "api_error", "message": "Boom"}


async def test_a_failure_for_ever_stays() -> None:
    api = messages(Script([Fail(times=None)]))
    assert [(await post(api, asked())).status_code for _ in range(4)] == [529] * 4


async def test_a_stall_sleeps() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    answer = await post(messages(Script([Stall(300), Say("at last")]), sleep=sleep), asked())
    assert answer.json()["content"][0]["text"] == "at last"
    assert slept == [300]


Message = MutableMapping[str, Any]


async def raw(
    api: MessagesApi, body: dict[str, Any], rest: Callable[[], Awaitable[Message]]
) -> list[Message]:
    """What the application sends, and `rest` is what it receives after the request."""
    sent: list[Message] = []
    first = [{"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}]

    async def receive() -> Message:
        return first.pop() if first else await rest()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/messages", "root_path": ""}
    await api({**scope, "query_string": b"beta=true", "headers": []}, receive, send)
    return sent


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_dropped_connection_ends_without_an_end(streamed: bool) -> None:  # noqa: FBT001
    api = messages(Script([Say("So far"), Drop()]))
    sent = await raw(api, asked(stream=streamed), never)
    assert sent[0]["status"] == 200
    assert all(message.get("more_body", True) for message in sent)
    assert api.requests[0].cut


async def test_a_stream_that_the_client_leaves_is_charged_as_far_as_it_came() -> None:
    gone = asyncio.Event()

    async def leave(_: float) -> None:
        gone.set()
        await asyncio.Event().wait()

    async def disconnected() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    api = messages(Script([Say("abcdefgh"), Stall(60), Say("never said")]), sleep=leave)
    await raw(api, asked(stream=True), disconnected)
    (entry,) = api.requests
    assert (entry.cut, entry.usage.output) == (True, 2)
    assert entry.usage.input > 0
    assert api.bill == entry.cost > 0
