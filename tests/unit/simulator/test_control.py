"""The control API: what the page and the tests do and see."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bridge.simulator.bot_api import telegram
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.unit.simulator.phone import PNG, TOKEN, Caller, HandClock, calling

KEYBOARD = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def bot(clock: HandClock) -> AsyncIterator[Caller]:
    async with calling(World(clock=clock)) as caller:
        yield caller


@pytest.fixture
async def served(clock: HandClock) -> AsyncIterator[Caller]:
    world = World(clock=clock)
    async with (
        serving(telegram(world, TOKEN, None)) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        yield Caller(http, world)


async def get(bot: Caller, path: str) -> Any:
    response = await bot.http.get(f"/sim/{path}")
    assert response.status_code == 200, response.text
    return response.json()


async def post(bot: Caller, path: str, **body: Any) -> Any:
    response = await bot.http.post(f"/sim/{path}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_state_names_everybody(bot: Caller) -> None:
    await bot.call("setMyCommands", commands=[{"command": "help", "description": "Help"}])
    state = await get(bot, "state")
    assert state["bot"] == {"id": 4242, "username": "tollbridge_bot", "name": "Tollbridge"}
    assert state["users"][0] == {"id": 111, "name": "Ada", "username": "ada"}
    assert [c["id"] for c in state["chats"]] == [111, 222, 333, -1001]
    assert state["chats"][-1] == {
        "id": -1001,
        "type": "supergroup",
        "title": "Kitchen table",
        "members": [111, 222],
    }
    assert state["commands"] == [{"command": "help", "description": "Help"}]


async def test_a_message_reaches_the_bot_and_the_chat(bot: Caller) -> None:
    sent = await post(bot, "messages", user=111, text="/start")
    (update,) = await bot.call("getUpdates")
    assert update == {"update_id": sent["update_id"], "message": sent["message"]}
    assert await get(bot, "chats/111/messages") == [{**sent["message"], "reactions": []}]


async def test_a_message_to_a_group_answers_another(bot: Caller) -> None:
    first = await post(bot, "messages", user=111, chat=-1001, text="hi")
    second = await post(
        bot,
        "messages",
        user=222,
        chat=-1001,
        text="ho",
        reply_to=first["message"]["message_id"],
    )
    assert second["message"]["reply_to_message"]["text"] == "hi"


@pytest.mark.parametrize(
    ("name", "mime", "kind"),
    [("a.png", "image/png", "photo"), ("a.txt", "text/plain", "document")],
)
async def test_a_file_is_uploaded_and_seen(bot: Caller, name: str, mime: str, kind: str) -> None:
    response = await bot.http.post(
        "/sim/messages",
        data={"user": "111", "caption": "look"},
        files={"file": (name, PNG, mime)},
    )
    message = response.json()["message"]
    assert message["caption"] == "look"
    file = message[kind][0] if kind == "photo" else message[kind]
    seen = await bot.http.get(f"/sim/files/{file['file_id']}")
    assert (seen.content, seen.headers["content-type"].partition(";")[0]) == (PNG, mime)


async def test_a_tap_waits_for_its_answer(bot: Caller) -> None:
    asked = await bot.call("sendMessage", chat_id=111, text="?", reply_markup=KEYBOARD)
    tapping = asyncio.create_task(
        post(bot, "taps", user=111, chat=111, message_id=asked["message_id"], data="a"),
    )
    await bot.world.wait(bot.world.updates.pending)
    (update,) = await bot.call("getUpdates")
    query = update["callback_query"]
    assert (query["data"], query["message"]["text"]) == ("a", "?")
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="ok")
    assert await tapping == {
        "callback_id": query["id"],
        "answer": {"text": "ok", "show_alert": False},
    }


async def test_a_tap_that_nobody_answers_gets_null_after_ten_seconds(
    bot: Caller,
    clock: HandClock,
) -> None:
    asked = await bot.call("sendMessage", chat_id=111, text="?", reply_markup=KEYBOARD)
    tapping = asyncio.create_task(
        post(bot, "taps", user=111, chat=111, message_id=asked["message_id"], data="a"),
    )
    await clock.waited_for(10)
    clock.advance(10)
    assert (await tapping)["answer"] is None


async def test_a_draft_and_an_action_are_seen_and_stopped(bot: Caller) -> None:
    await bot.call("sendMessageDraft", chat_id=111, draft_id=5, text="*a", can_stop=True)
    await bot.call("sendChatAction", chat_id=111, action="typing")
    draft = {
        "draft_id": 5,
        "text": "*a",
        "entities": [],
        "can_stop": True,
        "message_thread_id": None,
    }
    assert await get(bot, "chats/111/live") == {"drafts": [draft], "action": "typing"}
    assert await post(bot, "drafts/stop", user=111, chat=111, draft_id=5) == {}
    assert (await get(bot, "chats/111/live"))["drafts"] == []


async def test_a_user_edits_a_message(bot: Caller) -> None:
    message = (await post(bot, "messages", user=111, text="a"))["message"]
    target = {"user": 111, "chat": 111, "message_id": message["message_id"]}
    assert (await post(bot, "edits", **target, text="b"))["message"]["text"] == "b"
    assert [m["text"] for m in await get(bot, "chats/111/messages")] == ["b"]


async def test_any_update_can_be_pushed_as_it_is(bot: Caller) -> None:
    first = await post(bot, "updates", message={"nonsense": "\U0001f600"})
    assert await post(bot, "updates", update_id=first["update_id"], twice=1) == first
    half = await bot.http.post("/sim/updates", content=rb'{"message": "\ud800"}')
    assert half.json()["update_id"] == first["update_id"] + 1
    assert [u["update_id"] for u in await bot.call("getUpdates")] == [1, 1, 2]


async def test_faults_are_ordered_and_forgiven(bot: Caller) -> None:
    await post(bot, "faults", method="sendMessage", kind="429", retry_after=9, times=2)
    words = await bot.refused("sendMessage", chat_id=111, text="a")
    assert words == "429 Too Many Requests: retry after 9"
    await bot.http.delete("/sim/faults")
    await bot.call("sendMessage", chat_id=111, text="a")


async def test_every_call_is_on_record(bot: Caller) -> None:
    await bot.call("getMe")
    await bot.call("sendMessage", chat_id=111, text="a")
    await bot.refused("sendMessage", chat_id=5, text="a")
    calls = await get(bot, "calls?method=sendmessage")
    assert [(c["seq"], c["method"], c["chat"], c["status"]) for c in calls] == [
        (2, "sendMessage", 111, 200),
        (3, "sendMessage", 5, 400),
    ]
    assert len(await get(bot, "calls")) == 3


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("messages", {"user": 9, "text": "a"}, 404),
        ("messages", {"user": 333, "chat": -1001, "text": "a"}, 404),
        ("messages", {"user": 111, "text": "a", "reply_to": 9}, 404),
        ("messages", {"user": 111}, 400),
        ("messages", {"text": "a"}, 400),
        ("taps", {"user": 111, "chat": 111, "message_id": 1, "data": "b"}, 404),
        ("drafts/stop", {"user": 111, "chat": 111, "draft_id": 9}, 404),
        ("edits", {"user": 111, "chat": 111, "message_id": 1, "text": "b"}, 404),
        ("faults", {"method": "getMe", "kind": "earthquake"}, 400),
    ],
)
async def test_what_is_not_there_or_not_understood_is_said(
    bot: Caller,
    path: str,
    body: dict[str, Any],
    status: int,
) -> None:
    await bot.call("sendMessage", chat_id=111, text="?", reply_markup=KEYBOARD)
    response = await bot.http.post(f"/sim/{path}", json=body)
    assert response.status_code == status
    assert response.json()["error"]


@pytest.mark.parametrize("path", ["chats/5/messages", "chats/5/live", "files/x"])
async def test_what_is_not_there_is_not_found(bot: Caller, path: str) -> None:
    assert (await bot.http.get(f"/sim/{path}")).status_code == 404


# events


class Reader:
    """Reads the events of a stream one after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def comment(self) -> str:
        return await self._line(":")

    async def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(await self._line("data: "))
        return event

    async def _line(self, prefix: str) -> str:
        async for line in self._lines:
            if line.startswith(prefix):
                return line.removeprefix(prefix)
        raise EOFError


async def test_events_begin_now_and_tell_everything(served: Caller, clock: HandClock) -> None:
    served.world.say(111, "before")
    async with served.http.stream("GET", "/sim/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        reader = Reader(response)
        await reader.comment()
        sent = await served.call("sendMessage", chat_id=111, text="a", reply_markup=KEYBOARD)
        target = {"chat_id": 111, "message_id": sent["message_id"]}
        await served.call("editMessageText", **target, text="b", reply_markup=KEYBOARD)
        await served.call(
            "setMessageReaction", **target, reaction=[{"type": "emoji", "emoji": "👀"}]
        )
        tap = served.world.tap(111, 111, sent["message_id"], "a")
        await served.call("answerCallbackQuery", callback_query_id=tap, text="ok")
        await served.call("deleteMessage", **target)
        await served.call("sendChatAction", chat_id=111, action="typing")
        await served.call("sendMessageDraft", chat_id=111, draft_id=5, text="so")
        clock.advance(30)
        await served.call("setMyCommands", commands=[])
        events = [await reader.event() for _ in range(9)]
    told = [{k: v for k, v in event.items() if k not in {"seq", "at", "chat"}} for event in events]
    assert [event["seq"] for event in events] == list(range(2, 11))
    assert told[0]["message"]["text"] == "a"
    assert told[1]["message"]["text"] == "b"
    assert told[2:6] == [
        {"type": "reaction", "message_id": sent["message_id"], "reactions": [{"emoji": "👀"}]},
        {"type": "tap_answer", "callback_id": tap, "text": "ok", "show_alert": False},
        {"type": "delete", "message_id": sent["message_id"]},
        {"type": "action", "action": "typing", "expires": 5.0},
    ]
    assert told[6]["draft"]["text"] == "so"
    assert told[7:] == [
        {"type": "draft_end", "draft_id": 5, "message_thread_id": None},
        {"type": "commands", "commands": []},
    ]


async def test_events_can_begin_earlier_and_be_of_one_chat(served: Caller) -> None:
    for user, text in ((111, "a"), (222, "b"), (111, "c")):
        served.world.say(user, text)
    async with served.http.stream("GET", "/sim/events?after=1&chat=111") as response:
        assert (await Reader(response).event())["message"]["text"] == "c"
    again = {"Last-Event-ID": "2"}
    async with served.http.stream("GET", "/sim/events", headers=again) as response:
        assert (await Reader(response).event())["message"]["text"] == "c"


async def test_a_quiet_stream_is_kept_alive(served: Caller, clock: HandClock) -> None:
    async with served.http.stream("GET", "/sim/events") as response:
        reader = Reader(response)
        await reader.comment()
        await clock.waited_for(15)
        clock.advance(15)
        assert await reader.comment() == " still here"
