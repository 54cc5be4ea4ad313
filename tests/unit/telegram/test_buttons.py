"""Keyboards and what their taps carry."""

import pytest

from bridge.model import Ask, SessionKey
from bridge.telegram import buttons
from bridge.telegram.buttons import Act, Continue, Done, Halt, Pick, SendNow, Withdraw

KEY = SessionKey(1, 0, "main")


def ask(*options: str, multiple: bool = False) -> Ask:
    return Ask("ab12cd34ef56ab12", KEY, 7, 1, "Title", "Body", options, multiple)


def labels(markup: buttons.Markup) -> list[list[str]]:
    return [[button["text"] for button in row] for row in markup["inline_keyboard"]]


def test_approval_buttons_stand_side_by_side_and_begin_with_allow_and_deny() -> None:
    assert labels(buttons.question(ask("Allow", "Deny"))) == [["Allow", "Deny"]]


def test_long_options_stand_below_each_other_and_keep_their_labels() -> None:
    long = ("Rewrite the whole thing", "Leave it as it is")
    assert labels(buttons.question(ask(*long))) == [[long[0]], [long[1]]]


def test_several_choices_are_ticks_with_done_below() -> None:
    markup = buttons.question(ask("Tea", "Milk", multiple=True), {1})
    assert labels(markup) == [["☐ Tea"], ["☑ Milk"], ["Done"]]


def test_ticks_can_be_read_back_from_the_keyboard() -> None:
    markup = buttons.question(ask("a", "b", "c", multiple=True), {0, 2})
    assert buttons.marked(markup) == {0, 2}
    assert buttons.marked(None) == frozenset()


@pytest.mark.parametrize(
    "markup",
    [
        buttons.question(ask(*[str(n) for n in range(100)], multiple=True)),
        buttons.halt("x" * 60),
        buttons.halt("ø" * 60),
        buttons.waiting(2**53),
        buttons.onward(2**53),
        buttons.row(buttons.act("Go on", "resume", 10**16 - 1, "x" * 36)),
    ],
)
def test_no_data_is_longer_than_telegram_takes(markup: buttons.Markup) -> None:
    data = [button["callback_data"] for row in markup["inline_keyboard"] for button in row]
    assert all(1 <= len(each.encode()) <= 64 for each in data)


@pytest.mark.parametrize(
    ("data", "meaning"),
    [
        ("a:ab12:3", Pick("ab12", 3)),
        ("d:ab12", Done("ab12")),
        ("s:main", Halt("main")),
        ("s:with:colon", Halt("with:colon")),
        ("s:", Halt("")),
        ("n:12", SendNow(12)),
        ("w:12", Withdraw(12)),
        ("m:12", Continue(12)),
        ("c:go:7:ab12", Act("go", 7, "ab12")),
        ("c:keep:7:", Act("keep", 7)),
        ("n:", None),
        ("w:x", None),
        ("c:go:x:ab12", None),
        ("c:go:7", None),
        ("a:ab12:x", None),
        ("a:ab12", None),
        ("zzz", None),
        ("", None),
    ],
)
def test_what_a_tap_means(data: str, meaning: object) -> None:
    assert buttons.parse(data) == meaning


def test_every_button_can_be_read_back() -> None:
    markup = buttons.question(ask("a", "b", multiple=True))
    data = [button["callback_data"] for row in markup["inline_keyboard"] for button in row]
    nonce = ask().nonce
    assert [buttons.parse(each) for each in data] == [Pick(nonce, 0), Pick(nonce, 1), Done(nonce)]
