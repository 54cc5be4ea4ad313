"""One raw update is read without ever failing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import Kind, Place
from bridge.telegram.updates import Names, arrival, command, unsupported
from tests.unit.telegram import raws

NAMES = Names({"cost", "stop"}, "TollBot")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hello", Kind.MESSAGE),
        ("/cost", Kind.COMMAND),
        ("/COST", Kind.COMMAND),
        ("/cost@tollbot today", Kind.COMMAND),
        ("/cost\nplease", Kind.COMMAND),
        ("/cost@otherbot", Kind.OTHER),
        ("/plan a trip", Kind.MESSAGE),
        ("/", Kind.MESSAGE),
        ("/ cost", Kind.MESSAGE),
        ("/costs", Kind.MESSAGE),
        ("what is /cost", Kind.MESSAGE),
        ("", Kind.OTHER),
    ],
)
def test_the_first_word_tells_a_command_of_ours_from_a_message(text: str, kind: Kind) -> None:
    assert arrival(raws.message(1, text), NAMES).kind is kind


def test_a_message_carries_what_is_needed_to_answer_it() -> None:
    came = arrival(raws.message(5, "hi", user=2, chat=-7), NAMES)
    assert (came.update_id, came.place, came.user) == (5, Place(-7), 2)
    assert (came.text, came.message_id) == ("hi", 1005)
    assert came.sent_at is not None
    assert json.loads(came.raw)["update_id"] == 5


def test_a_thread_id_counts_in_topics_only() -> None:
    reply = raws.message(1, message_thread_id=9)
    topic = raws.message(1, message_thread_id=9, is_topic_message=True)
    assert arrival(reply, NAMES).place.thread == 0
    assert arrival(topic, NAMES).place.thread == 9


def test_a_tap_carries_its_data_and_the_message_it_was_under() -> None:
    came = arrival(raws.tap(3, "a:x:1", user=2), NAMES)
    assert (came.kind, came.text, came.message_id, came.user) == (Kind.TAP, "a:x:1", 1003, 2)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("other words", Kind.EDIT),
        ("/plan a trip", Kind.EDIT),
        ("/stop", Kind.OTHER),
        ("/stop@otherbot", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_an_edit_counts_when_it_has_the_words_of_a_message(text: str, kind: Kind) -> None:
    came = arrival(raws.edit(6, 1005, text), NAMES)
    assert (came.kind, came.update_id, came.message_id) == (kind, 6, 1005)
    assert came.text == text


def test_the_stop_of_a_draft_carries_the_draft() -> None:
    came = arrival(raws.stop(4, 77), NAMES)
    assert (came.kind, came.text, came.user, came.place) == (Kind.STOP, "77", 1, Place(1))


@pytest.mark.parametrize(
    "raw",
    [
        {"update_id": 1, "message": {"message_id": 1}},
        {"update_id": 1, "message": "?"},
        {"update_id": 1, "callback_query": {"id": "1", "from": {"id": 1}}},
        {"update_id": 1, "stopped_message_generation": {}},
    ],
)
def test_what_cannot_be_read_is_set_aside(raw: dict[str, Any]) -> None:
    assert arrival(raw, NAMES).kind is Kind.UNREADABLE


def test_a_kind_nobody_knows_is_not_ours() -> None:
    came = arrival({"update_id": 1, "poll": {"id": "1"}}, NAMES)
    assert (came.kind, came.user) == (Kind.OTHER, 0)


def test_half_a_surrogate_pair_becomes_something_a_database_stores() -> None:
    came = arrival(
        json.loads(
            r'{"update_id":1,"message":{"message_id":1,"date":0,'
            r'"chat":{"id":1},"from":{"id":1},"text":"a\ud83d b\u0000"}}'
        ),
        NAMES,
    )
    assert came.text.encode()
    assert came.raw.encode()
    assert "\0" not in came.text


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                [
                    "update_id",
                    "message",
                    "callback_query",
                    "edited_message",
                    "from",
                    "id",
                    "chat",
                    "date",
                    "text",
                    "data",
                    "message_id",
                    "stopped_message_generation",
                    "draft_id",
                ]
            ),
            inner,
        )
    ),
)


@given(values)
def test_reading_never_raises(raw: Any) -> None:
    assert isinstance(arrival(raw, NAMES).kind, Kind)


def test_a_command_is_split_into_name_and_argument() -> None:
    assert command("/Cost@TollBot  last week ") == ("cost", "last week")
    assert command("/new\nX") == ("new", "X")


def test_a_sticker_is_told_from_somebody_joining() -> None:
    sticker = raws.message(1, "", sticker={"file_id": "x"})
    joined = raws.message(1, "", new_chat_members=[{"id": 3}])
    assert unsupported(arrival(sticker, NAMES))
    assert not unsupported(arrival(joined, NAMES))
