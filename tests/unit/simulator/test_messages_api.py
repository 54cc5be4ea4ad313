"""The simulated Messages API as a client of the real one would meet it."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from bridge.simulator.messages_api import MessagesApi, messages
from bridge.simulator.script import Say, Script, Think, UseTool, When

READ = UseTool("Read", {"file_path": "/a"})


class Naps:
    """A sleep that takes no time and remembers."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def client(api: MessagesApi, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=api)
    return httpx.AsyncClient(transport=transport, base_url="http://model", headers=headers)


def asked(text: str = "hi", **more: Any) -> dict[str, Any]:
    said = [{"role": "user", "content": text}]
    return {"model": "claude-haiku-5-5", "max_tokens": 1000, "messages": said} | more


def events(text: str) -> list[dict[str, Any]]:
    lines = [line for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def deltas(stream: list[dict[str, Any]], field: str) -> list[str]:
    return [event["delta"][field] for event in stream if field in event.get("delta", {})]


async def post(api: MessagesApi, body: dict[str, Any]) -> httpx.Response:
    async with client(api) as http:
        return await http.post("/v1/messages", json=body)


async def stream(api: MessagesApi, **more: Any) -> list[dict[str, Any]]:
    return events((await post(api, asked(stream=True, **more))).text)


async def test_a_streamed_text_comes_in_the_order_of_the_real_api() -> None:
    found = await stream(messages(Script([Say("Hello you", chunk=5)])))
    assert [event["type"] for event in found] == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert deltas(found, "text") == ["Hello", " you"]
    assert found[-2]["delta"]["stop_reason"] == "end_turn"
    assert found[-2]["usage"]["output_tokens"] == 3


async def test_the_pace_of_a_text_is_kept() -> None:
    naps = Naps()
    await stream(messages(Script([Say("abcd", chunk=1, pace=0.25)]), sleep=naps))
    assert naps.seconds == [0.25] * 4


async def test_a_whole_answer_has_all_its_blocks() -> None:
    api = messages(Script([Think("Hm."), Say("Let me read."), READ]))
    answer = (await post(api, asked(thinking={"type": "adaptive"}))).json()
    thinking, text, tool = answer["content"]
    assert thinking["thinking"] == "Hm."
    assert thinking["signature"]
    assert text == {"type": "text", "text": "Let me read."}
    assert (tool["name"], tool["input"]) == ("Read", {"file_path": "/a"})
    assert answer["stop_reason"] == "tool_use"


async def test_a_signature_closes_a_streamed_thought() -> None:
    found = await stream(messages(Script([Think("Hm.")])), thinking={"type": "enabled"})
    kinds = [event["delta"]["type"] for event in found if event["type"] == "content_block_delta"]
    assert kinds[:2] == ["thinking_delta", "signature_delta"]


async def test_nobody_thinks_unasked() -> None:
    answer = (await post(messages(Script([Think("Hm."), Say("Yes.")])), asked())).json()
    assert [block["type"] for block in answer["content"]] == ["text"]


async def test_tools_of_one_step_are_used_in_parallel() -> None:
    found = await stream(messages(Script([(READ, READ), Say("later")])))
    tools = [event["content_block"] for event in found if "content_block" in event]
    assert [tool["type"] for tool in tools] == ["tool_use", "tool_use"]
    assert tools[0]["id"] != tools[1]["id"]
    assert json.loads("".join(deltas(found, "partial_json")[:1])) == {"file_path": "/a"}


async def test_the_result_of_a_tool_brings_the_next_steps() -> None:
    api = messages(Script([READ, Say("I have read it.")]))
    first = (await post(api, asked())).json()
    result = {"type": "tool_result", "tool_use_id": first["content"][0]["id"], "content": "x"}
    body = asked()
    body["messages"] += [
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": [result]},
    ]
    assert (await post(api, body)).json()["content"][0]["text"] == "I have read it."


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (asked(model="gpt"), 404, "not_found_error"),
        (asked(model=""), 400, "invalid_request_error"),
        ({"model": "claude-x", "messages": []}, 400, "invalid_request_error"),
    ],
)
async def test_what_is_wrong_is_refused(body: dict[str, Any], status: int, kind: str) -> None:
    api = messages(Script([Say("hi")]))
    refused = await post(api, body)
    assert (refused.status_code, refused.json()["error"]["type"]) == (status, kind)
    assert (api.requests[0].status, api.bill) == (status, 0)


async def test_no_json_is_refused() -> None:
    async with client(messages(Script())) as http:
        refused = await http.post("/v1/messages", content=b"{")
    assert refused.status_code == 400


async def test_only_the_listed_models_exist() -> None:
    api = messages(Script([Say("hi")]), models=["claude-a"])
    async with client(api) as http:
        listed = (await http.get("/v1/models")).json()["data"]
        assert [model["id"] for model in listed] == ["claude-a"]
        assert (await http.get("/v1/models/claude-a")).json()["type"] == "model"
        assert (await http.get("/v1/models/claude-b")).status_code == 404
        assert (await http.post("/v1/messages", json=asked())).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-api-key": "right"}, 200),
        ({"authorization": "Bearer right"}, 200),
        ({"x-api-key": "wrong"}, 401),
        ({}, 401),
    ],
)
async def test_only_the_key_opens(headers: dict[str, str], status: int) -> None:
    async with client(messages(Script([Say("hi")]), key="right"), **headers) as http:
        assert (await http.post("/v1/messages", json=asked())).status_code == status


async def test_two_sessions_talk_at_once_without_disturbing_each_other() -> None:
    api = messages(Script(When("one", [Say("1")]), When("two", [Say("2")])))
    answers = await asyncio.gather(*(post(api, asked(text)) for text in ("one", "two", "one")))
    assert [answer.json()["content"][0]["text"] for answer in answers] == ["1", "2", "1"]


async def test_the_log_tells_what_was_asked() -> None:
    api = messages(Script([Say("Hello")]))
    async with client(api, **{"x-api-key": "k"}) as http:
        await http.post("/v1/messages", json=asked())
        shown = (await http.get("/sim/requests")).json()
        bill = (await http.get("/sim/bill")).json()
    (entry,) = api.requests
    assert entry.body == asked()
    assert (entry.headers["x-api-key"], entry.model, entry.status) == (
        "k",
        "claude-haiku-5-5",
        200,
    )
    assert shown == [entry.as_json()]
    assert bill == {"micro_usd": entry.cost, "requests": 1}


async def test_the_log_forgets_the_oldest_but_the_bill_does_not() -> None:
    api = messages(Script([Say("Hello")]), keep=1)
    for _ in range(3):
        await post(api, asked())
    assert len(api.requests) == 1
    assert api.bill == 3 * api.requests[0].cost
