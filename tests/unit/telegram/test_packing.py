"""An answer as the parts it is sent in."""

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.model import Answer, Mode, Outcome, SessionKey
from bridge.settings.schema import Telegram
from bridge.telegram.packing import packed
from bridge.telegram.parcels import Parcel
from tests.fakes import settings

CODE = "\n".join(f"line_{n} = {n}" for n in range(60))
WORDS = "\n\n".join(f"paragraph {n} " + "word " * 100 for n in range(40))
ANSWER = Answer(7, SessionKey(1, 0, "main"), 42, WORDS, Outcome.DONE, "haiku · 2 s")
SMART = replace(ANSWER, mode=Mode.SMART)


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Telegram:
    return settings(Path(tmp_path_factory.mktemp("settings"))).telegram


def text(parcel: Parcel) -> str:
    return str(parcel.params["text"])


def test_the_first_part_replies_and_the_last_has_the_footer(given: Telegram) -> None:
    first, *between, last = packed(ANSWER, given)
    assert first.params["reply_parameters"]["message_id"] == 42
    assert not [part for part in [*between, last] if "reply_parameters" in part.params]
    assert "haiku · 2 s" in text(last)
    assert not [part for part in [first, *between] if "haiku" in text(part)]


def test_it_is_the_same_every_time(given: Telegram) -> None:
    """So that it goes on after any part, also in another process."""
    for answer in (ANSWER, SMART):
        assert packed(answer, given) == packed(answer, given)


def test_a_smart_answer_is_a_message_with_the_footer_and_then_the_whole_as_a_file(
    given: Telegram,
) -> None:
    said, file = packed(SMART, given)
    assert said.method == "sendMessage"
    assert len(text(said)) < 2000
    assert "haiku · 2 s" in text(said)
    assert file.method == "sendDocument"
    assert (file.params["document"].name, file.params["document"].data.decode()) == (
        "answer.md",
        WORDS,
    )


def test_in_other_modes_it_comes_as_it_is(given: Telegram) -> None:
    for mode in (Mode.DEFAULT, Mode.VERBOSE):
        parts = packed(replace(ANSWER, mode=mode), given)
        assert {part.method for part in parts} == {"sendMessage"}


def test_long_code_in_a_smart_answer_is_a_file(given: Telegram) -> None:
    short = replace(SMART, text=f"Here it is:\n\n```python\n{CODE}\n```\n")
    said, file = packed(short, given)
    assert file.params["document"].data.decode() == f"{CODE}\n"
    assert file.params["document"].name in text(said)


def test_the_buttons_stand_below_the_last_message_also_when_files_follow(given: Telegram) -> None:
    parts = packed(replace(SMART, outcome=Outcome.LOST), given)
    assert ["reply_markup" in part.params for part in parts] == [True, False]


def test_what_could_be_better_has_a_button_that_says_so(given: Telegram) -> None:
    [part] = packed(replace(ANSWER, text="Hello.", better=True), given)
    [[button]] = part.params["reply_markup"]["inline_keyboard"]
    assert button == {"text": "Not good enough", "callback_data": "b:7"}
