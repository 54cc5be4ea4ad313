"""Messages, edits, deletions, reactions, taps: the rules and the exact words of a refusal."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bridge.simulator.world import World
from tests.unit.simulator.phone import TOKEN, Caller, HandClock, calling


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def bot(clock: HandClock) -> AsyncIterator[Caller]:
    async with calling(World(clock=clock)) as caller:
        yield caller


async def test_get_me_names_the_bot(bot: Caller) -> None:
    me = await bot.call("getMe")
    assert (me["id"], me["is_bot"], me["username"]) == (4242, True, "tollbridge_bot")


async def test_methods_are_named_in_any_case(bot: Caller) -> None:
    assert await bot.call("GETME") == await bot.call("getme")


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("4242:other", "Unauthorized"),
        ("nonsense", "Unauthorized: invalid token specified"),
    ],
)
async def test_a_wrong_token_is_refused(bot: Caller, token: str, words: str) -> None:
    bot.token = token
    assert await bot.refused("getMe") == f"401 {words}"


async def test_an_unknown_method_is_not_found(bot: Caller) -> None:
    assert await bot.refused("sendRichMessage", chat_id=111) == "404 Not Found: method not found"


@pytest.mark.parametrize("form", ["query", "urlencoded", "json", "multipart"])
async def test_parameters_arrive_in_every_form(bot: Caller, form: str) -> None:
    url = f"/bot{TOKEN}/sendMessage"
    flat = {"chat_id": "111", "text": "hi", "entities": '[{"type":"bold","offset":0,"length":2}]'}
    match form:
        case "query":
            response = await bot.http.get(url, params=flat)
        case "urlencoded":
            response = await bot.http.post(url, data=flat)
        case "json":
            nested: dict[str, Any] = {
                **flat,
                "entities": [{"type": "bold", "offset": 0, "length": 2}],
            }
            response = await bot.http.post(url, json=nested)
        case _:
            response = await bot.http.post(url, data=flat, files={"unused": b"x"})
    message = response.json()["result"]
    assert message["text"] == "hi"
    assert message["entities"] == [{"type": "bold", "offset": 0, "length": 2}]


async def test_a_body_that_is_no_json_object_is_refused(bot: Caller) -> None:
    url, headers = f"/bot{TOKEN}/getMe", {"Content-Type": "application/json"}
    response = await bot.http.post(url, content=b"[1", headers=headers)
    assert response.json()["error_code"] == 400


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"chat_id": 111}, "message text is empty"),
        ({"chat_id": 111, "text": " \n "}, "text must be non-empty"),
        ({"chat_id": 111, "text": "a" * 4097}, "message is too long"),
        ({"chat_id": 111, "text": "é" * 16385}, "text is too long"),
        ({"chat_id": 111, "text": "a", "parse_mode": "rtf"}, "unsupported parse_mode"),
        ({"chat_id": 99, "text": "a"}, "chat not found"),
        ({"text": "a"}, "chat_id is empty"),
        (
            {"chat_id": 111, "text": "a", "reply_parameters": {"message_id": 9}},
            "message to be replied not found",
        ),
        (
            {"chat_id": 111, "text": "<b>a", "parse_mode": "HTML"},
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        ({"chat_id": 111, "text": "a", "entities": "[{"}, "can't parse entities JSON object"),
        ({"chat_id": 111, "text": "a", "entities": [5]}, "can't parse entities JSON object"),
    ],
)
async def test_a_message_that_telegram_refuses(
    bot: Caller,
    given: dict[str, Any],
    words: str,
) -> None:
    assert await bot.refused("sendMessage", **given) == f"400 Bad Request: {words}"
    assert bot.world.messages(111) == []


async def test_half_a_surrogate_pair_is_refused(bot: Caller) -> None:
    url, headers = f"/bot{TOKEN}/sendMessage", {"Content-Type": "application/json"}
    body = rb'{"chat_id": 111, "text": "\ud83d"}'
    response = await bot.http.post(url, content=body, headers=headers)
    assert response.json()["description"] == "Bad Request: strings must be encoded in UTF-8"


async def test_the_limit_counts_code_points_after_parsing(bot: Caller) -> None:
    text = f"<b>{'😀' * 4096}</b>"
    message = await bot.call("sendMessage", chat_id=111, text=text, parse_mode="HTML")
    assert message["entities"] == [{"type": "bold", "offset": 0, "length": 8192}]


async def test_white_space_around_a_text_is_trimmed(bot: Caller) -> None:
    bold = [{"type": "bold", "offset": 2, "length": 5}]
    message = await bot.call("sendMessage", chat_id=111, text="  abc  ", entities=bold)
    assert (message["text"], message["entities"]) == (
        "abc",
        [{"type": "bold", "offset": 0, "length": 3}],
    )


async def test_someone_who_blocked_the_bot_gets_nothing(bot: Caller) -> None:
    bot.world.blocked.add(222)
    words = await bot.refused("sendMessage", chat_id=222, text="hi")
    assert words == "403 Forbidden: bot was blocked by the user"


async def test_a_reply_carries_the_message_it_answers(bot: Caller) -> None:
    first = bot.world.say(111, "hi")["message"]
    reply = await bot.call(
        "sendMessage",
        chat_id=111,
        text="yes",
        reply_parameters={"message_id": first["message_id"]},
    )
    assert reply["reply_to_message"]["text"] == "hi"
    lonely = await bot.call(
        "sendMessage",
        chat_id=111,
        text="so",
        reply_parameters={"message_id": 99, "allow_sending_without_reply": True},
    )
    assert "reply_to_message" not in lonely


async def test_a_topic_is_passed_through(bot: Caller) -> None:
    message = await bot.call("sendMessage", chat_id=-1001, text="hi", message_thread_id=7)
    assert message["message_thread_id"] == 7
    said = bot.world.say(222, "hi", -1001, thread=7)
    assert said["message"]["message_thread_id"] == 7


async def test_message_ids_count_for_each_chat(bot: Caller) -> None:
    one = await bot.call("sendMessage", chat_id=111, text="a")
    other = await bot.call("sendMessage", chat_id=222, text="b")
    assert one["message_id"] == other["message_id"] == 1


# buttons


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"text": "A", "callback_data": "x" * 65}, "BUTTON_DATA_INVALID"),
        ({"text": "A", "callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "A", "callback_data": ""}, "BUTTON_DATA_INVALID"),
        ({"text": "A"}, "text buttons are unallowed in the inline keyboard"),
    ],
)
async def test_a_button_that_telegram_refuses(
    bot: Caller,
    button: dict[str, str],
    words: str,
) -> None:
    markup = {"inline_keyboard": [[button]]}
    refused = await bot.refused("sendMessage", chat_id=111, text="a", reply_markup=markup)
    assert refused == f"400 Bad Request: {words}"


async def test_too_many_buttons_are_refused(bot: Caller) -> None:
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]] * 101}
    refused = await bot.refused("sendMessage", chat_id=111, text="a", reply_markup=markup)
    assert refused == "400 Bad Request: reply markup is too long"


async def test_a_button_may_be_disabled_and_styled(bot: Caller) -> None:
    markup = {"inline_keyboard": [[{"text": "A", "disabled": {}, "style": "danger"}]]}
    message = await bot.call("sendMessage", chat_id=111, text="a", reply_markup=markup)
    assert message["reply_markup"] == markup


async def test_a_tap_is_answered_once(bot: Caller) -> None:
    tap = await _tap(bot)
    await bot.call("answerCallbackQuery", callback_query_id=tap, text="done", show_alert=True)
    assert bot.world.taps.answered(tap) == {"text": "done", "show_alert": True}
    words = "query is too old and response timeout expired or query ID is invalid"
    assert await bot.refused("answerCallbackQuery", callback_query_id=tap) == (
        f"400 Bad Request: {words}"
    )
    assert words in await bot.refused("answerCallbackQuery", callback_query_id="bogus")


async def test_a_tap_cannot_be_answered_after_its_time(bot: Caller, clock: HandClock) -> None:
    tap = await _tap(bot)
    clock.advance(151)
    assert "query is too old" in await bot.refused("answerCallbackQuery", callback_query_id=tap)


async def _tap(bot: Caller) -> str:
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    message = await bot.call("sendMessage", chat_id=111, text="?", reply_markup=markup)
    return bot.world.tap(111, 111, message["message_id"], "a")


# changes


async def test_an_edit_replaces_text_and_takes_the_keyboard_away(bot: Caller) -> None:
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    old = await bot.call("sendMessage", chat_id=111, text="old", reply_markup=markup)
    message_id = old["message_id"]
    new = await bot.call("editMessageText", chat_id=111, message_id=message_id, text="new")
    assert new["text"] == "new"
    assert "reply_markup" not in new
    assert bot.world.messages(111) == [{**new, "reactions": []}]


async def test_an_edit_has_to_change_something(bot: Caller) -> None:
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    same = {"chat_id": 111, "text": "**a**", "reply_markup": markup}
    message = await bot.call("sendMessage", **same)
    words = await bot.refused("editMessageText", **same, message_id=message["message_id"])
    assert words == (
        "400 Bad Request: message is not modified: specified new message content and reply markup "
        "are exactly the same as a current content and reply markup of the message"
    )
    changed = {**same, "message_id": message["message_id"], "reply_markup": None}
    assert "reply_markup" not in await bot.call("editMessageText", **changed)


async def test_a_keyboard_alone_is_edited(bot: Caller) -> None:
    message = await bot.call("sendMessage", chat_id=111, text="a")
    target = {"chat_id": 111, "message_id": message["message_id"]}
    assert "message is not modified" in await bot.refused("editMessageReplyMarkup", **target)
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    edited = await bot.call("editMessageReplyMarkup", **target, reply_markup=markup)
    assert (edited["text"], edited["reply_markup"]) == ("a", markup)


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("editMessageText", {"text": "a", "message_id": 9}, "message to edit not found"),
        ("editMessageText", {"text": "a"}, "message identifier is not specified"),
        ("editMessageText", {"text": "", "message_id": 1}, "message text is empty"),
        ("editMessageText", {"text": "a", "message_id": 1}, "message can't be edited"),
        ("editMessageText", {"text": "a" * 4097, "message_id": 1}, "message is too long"),
        ("deleteMessage", {"message_id": 9}, "message to delete not found"),
        ("setMessageReaction", {"message_id": 9}, "message to react not found"),
        (
            "setMessageReaction",
            {"message_id": 1, "reaction": [{"type": "emoji", "emoji": "🦖"}]},
            "REACTION_INVALID",
        ),
        (
            "setMessageReaction",
            {"message_id": 1, "reaction": [{"type": "emoji", "emoji": "👍"}] * 2},
            "REACTIONS_TOO_MANY",
        ),
        ("sendChatAction", {"action": "dancing"}, "wrong parameter action in request"),
    ],
)
async def test_a_change_that_telegram_refuses(
    bot: Caller,
    method: str,
    given: dict[str, Any],
    words: str,
) -> None:
    bot.world.say(111, "a message of Ada's")
    assert await bot.refused(method, chat_id=111, **given) == f"400 Bad Request: {words}"


async def test_in_a_group_the_bot_deletes_only_its_own(bot: Caller) -> None:
    theirs = bot.world.say(111, "hi", -1001)["message"]
    ours = await bot.call("sendMessage", chat_id=-1001, text="ho")
    words = await bot.refused("deleteMessage", chat_id=-1001, message_id=theirs["message_id"])
    assert words == "400 Bad Request: message can't be deleted"
    await bot.call("deleteMessage", chat_id=-1001, message_id=ours["message_id"])
    assert [m["text"] for m in bot.world.messages(-1001)] == ["hi"]


async def test_in_a_private_chat_the_bot_deletes_anything_for_two_days(
    bot: Caller,
    clock: HandClock,
) -> None:
    for text in "abc":
        bot.world.say(111, text)
    await bot.call("deleteMessage", chat_id=111, message_id=1)
    await bot.call("deleteMessages", chat_id=111, message_ids=[2, 77])
    assert [m["text"] for m in bot.world.messages(111)] == ["c"]
    clock.advance(48 * 3600)
    assert "can't be deleted" in await bot.refused("deleteMessage", chat_id=111, message_id=3)


async def test_a_reaction_is_seen_until_it_is_taken_back(bot: Caller) -> None:
    message = bot.world.say(111, "hi")["message"]
    target = {"chat_id": 111, "message_id": message["message_id"]}
    await bot.call("setMessageReaction", **target, reaction=[{"type": "emoji", "emoji": "❤️"}])
    assert bot.world.messages(111)[0]["reactions"] == [{"emoji": "❤️"}]
    await bot.call("setMessageReaction", **target, reaction=[])
    assert bot.world.messages(111)[0]["reactions"] == []


async def test_a_chat_action_lasts_five_seconds_or_until_a_message(
    bot: Caller,
    clock: HandClock,
) -> None:
    await bot.call("sendChatAction", chat_id=111, action="typing")
    assert bot.world.live.action(111) == "typing"
    clock.advance(5)
    assert bot.world.live.action(111) is None
    await bot.call("sendChatAction", chat_id=111, action="typing")
    await bot.call("sendMessage", chat_id=111, text="hi")
    assert bot.world.live.action(111) is None


async def test_commands_are_set_shown_and_taken_away(bot: Caller) -> None:
    commands = [{"command": "help", "description": "What I can do"}]
    await bot.call("setMyCommands", commands=commands)
    assert await bot.call("getMyCommands") == commands
    await bot.call("deleteMyCommands")
    assert await bot.call("getMyCommands") == []
    refused = await bot.refused("setMyCommands", commands=[{"command": "Hi!", "description": "x"}])
    assert refused == "400 Bad Request: BOT_COMMAND_INVALID"


async def test_get_chat_and_its_members(bot: Caller) -> None:
    assert (await bot.call("getChat", chat_id=-1001))["title"] == "Kitchen table"
    status = [
        (await bot.call("getChatMember", chat_id=-1001, user_id=user))["status"]
        for user in (111, 333)
    ]
    assert status == ["member", "left"]
