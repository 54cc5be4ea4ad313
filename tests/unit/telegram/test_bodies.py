"""What a message says and carries, and whether a group means us."""

from typing import Any

import pytest

from bridge.model import Attachment, Kind
from bridge.telegram.bodies import QUOTED
from bridge.telegram.updates import Names, arrival, correction
from tests.unit.telegram import raws
from tests.unit.telegram.raws import Raw

NAMES = Names({"cost"}, "TollBot")
US = {"id": 99, "is_bot": True, "username": "tollbot"}
BEN = {"id": 2, "is_bot": False, "first_name": "Ben", "last_name": "Ost"}
FILE = {"file_id": "f", "file_size": 5}
LARGE = {"file_id": "large", "width": 9, "height": 9, "file_size": 7}
SMALL = {"file_id": "small", "width": 2, "height": 2}


def came(text: str = "", chat: int = 0, **more: Any) -> Any:
    raw = raws.message(5, text, chat=chat, **more)
    if not text:
        del raw["message"]["text"]
    return arrival(raw, NAMES)


class TestFiles:
    def test_of_a_photo_the_largest_size_counts(self) -> None:
        photo = Attachment("large", "photo-1005.jpg", "image/jpeg", 7)
        assert came(photo=[LARGE, SMALL]).files == (photo,)

    @pytest.mark.parametrize("kind", ["document", "video", "animation"])
    def test_a_file_keeps_its_name_and_kind(self, kind: str) -> None:
        body: Raw = {kind: FILE | {"file_name": "../x", "mime_type": "a/b"}}
        found = came(**body, caption="see")
        assert found.files == (Attachment("f", "../x", "a/b", 5),)
        assert (found.kind, found.text) == (Kind.MESSAGE, "see")

    def test_an_animation_is_not_counted_twice_as_a_document(self) -> None:
        assert len(came(animation=FILE, document=FILE).files) == 1

    def test_a_caption_is_never_a_command(self) -> None:
        assert came(document=FILE, caption="/cost").kind is Kind.MESSAGE

    def test_a_file_that_is_replied_to_comes_along(self) -> None:
        above = {"message_id": 4, "from": BEN, "document": FILE | {"file_name": "a.txt"}}
        assert came("what is this?", reply_to_message=above).files[0].name == "a.txt"

    def test_but_not_one_that_we_have_sent(self) -> None:
        above = {"message_id": 4, "from": US, "document": FILE}
        assert came("what is this?", reply_to_message=above).files == ()

    @pytest.mark.parametrize("kind", ["voice", "video_note", "audio"])
    def test_what_is_spoken_is_to_be_written_down(self, kind: str) -> None:
        body: Raw = {kind: FILE}
        found = came(**body)
        assert (found.kind, len(found.files)) == (Kind.VOICE, 1)

    def test_a_song_with_a_caption_is_a_file(self) -> None:
        found = came(audio=FILE | {"file_name": "a.mp3"}, caption="cut it to a minute")
        assert (found.kind, found.files[0].name) == (Kind.MESSAGE, "a.mp3")


class TestQuote:
    def test_our_own_words_are_told_from_others(self) -> None:
        ours = came("why?", reply_to_message={"from": US, "text": "Because."})
        bens = came("why?", reply_to_message={"from": BEN, "text": "Because."})
        assert ours.quote == "[In reply to your message: Because.]"
        assert bens.quote == "[In reply to a message of Ben Ost: Because.]"
        assert (ours.text, bens.text) == ("why?", "why?")

    def test_it_is_shortened(self) -> None:
        quote = came("why?", reply_to_message={"from": BEN, "text": "x" * 5_000}).quote
        assert quote.count("x") == QUOTED

    def test_the_part_that_was_chosen_is_quoted(self) -> None:
        above = {"from": BEN, "text": "one two three"}
        assert "Ost: two]" in came("why?", reply_to_message=above, quote={"text": "two"}).quote

    def test_in_a_topic_nothing_is_quoted(self) -> None:
        root = {"from": BEN, "forum_topic_created": {"name": "shed"}}
        assert came("hi", reply_to_message=root).quote == ""

    def test_a_correction_quotes_nothing_and_names_what_it_corrects(self) -> None:
        above = {"message_id": 8, "from": US, "text": "I heard:\n\nbuy silk"}
        found = came("buy milk", reply_to_message=above)
        assert (found.quote, correction(found)) == ("", 8)
        assert correction(came("hi")) == 0


class TestForwarded:
    @pytest.mark.parametrize(
        ("origin", "name"),
        [
            ({"sender_user": BEN}, "Ben Ost"),
            ({"sender_user_name": "Hidden"}, "Hidden"),
            ({"chat": {"title": "News"}}, "News"),
            ({}, "somebody"),
        ],
    )
    def test_it_says_whose_words_they_are(self, origin: Any, name: str) -> None:
        found = came("/cost", forward_origin=origin)
        assert found.text == f"[Forwarded from {name}]\n/cost"
        assert (found.kind, found.forwarded) == (Kind.MESSAGE, True)


class TestGroup:
    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ("@TollBot hello", "hello"),
            ("@tollbot, hello", "hello"),
            ("hello @TollBot", "hello"),
            ("is @tollbot awake?", "is @tollbot awake?"),
            ("@tollbot", "@tollbot"),
            ("/plan it", "/plan it"),
            ("/anything@tollbot", "/anything@tollbot"),
        ],
    )
    def test_who_is_named_is_meant_and_the_name_goes(self, text: str, left: str) -> None:
        found = came(text, chat=-5)
        assert (found.addressed, found.text) == (True, left)

    @pytest.mark.parametrize(
        "text",
        ["hello", "@TollBotany hello", "me@tollbot.com", "/cost@other", "/unknown", "tollbot"],
    )
    def test_others_are_left_alone(self, text: str) -> None:
        assert not came(text, chat=-5).addressed

    def test_a_command_of_ours_is_meant_for_us(self) -> None:
        assert came("/cost", chat=-5).addressed

    def test_a_command_after_our_name_is_one(self) -> None:
        assert came("@TollBot /cost", chat=-5).kind is Kind.COMMAND

    def test_so_is_a_reply_to_us_and_not_one_to_others(self) -> None:
        assert came("why?", chat=-5, reply_to_message={"from": US, "text": "x"}).addressed
        assert not came("why?", chat=-5, reply_to_message={"from": BEN, "text": "x"}).addressed

    def test_a_topic_of_ours_is_for_talking_with_us(self) -> None:
        ours = {"from": US, "forum_topic_created": {"name": "shed"}}
        bens = {"from": BEN, "forum_topic_created": {"name": "shed"}}
        assert came("hi", chat=-5, reply_to_message=ours).addressed
        assert not came("hi", chat=-5, reply_to_message=bens).addressed

    def test_in_private_everything_is_meant_for_us_and_nothing_is_cut(self) -> None:
        found = came("@TollBot hello")
        assert (found.addressed, found.text) == (True, "@TollBot hello")

    def test_an_edit_is_meant_for_us_as_its_new_words_are(self) -> None:
        assert not arrival(raws.edit(6, 5, "hello", chat=-5), NAMES).addressed
        assert arrival(raws.edit(6, 5, "@TollBot hello", chat=-5), NAMES).addressed
