"""How Claude Code's questions look to the user, and how their answers go back."""

import pytest

from bridge.agent import asking
from bridge.agent.asking import Asker
from bridge.model import SessionKey, Tapped

ASKER = Asker(SessionKey(1, 0, "main"), 7, 111)


def test_an_approval_shows_the_whole_command_and_begins_with_allow() -> None:
    ask = asking.approval(ASKER, "Bash", {"command": "rm -r build"})
    assert "Bash" in ask.title
    assert "rm -r build" in ask.body
    assert ask.options == (
        "Allow", "Deny", "Allow rm … for this session", "Deny with a reason"
    )  # fmt: skip
    assert ask.options[ask.reason] == "Deny with a reason"


def test_a_long_argument_is_shortened_and_comes_whole_as_a_file() -> None:
    command = "echo " + "x" * 1_000_000
    ask = asking.approval(ASKER, "Bash", {"command": command})
    assert len(ask.body) < 3000
    assert "more characters" in ask.body
    assert ask.whole == command
    assert not asking.approval(ASKER, "Bash", {"command": "ls"}).whole


@pytest.mark.parametrize(("mark", "shown"), [
    ("\u202e", "\\u202e"), ("\u2066", "\\u2066"), ("\u200b", "\\u200b"), ("\x1b", "\\u001b"),
    ("\0", "\\u0000"), ("\r", "\\u000d"),
])  # fmt: skip
def test_marks_that_hide_what_a_command_does_are_spelled_out(mark: str, shown: str) -> None:
    body = asking.approval(ASKER, "Bash", {"command": f"ls {mark}fr- mr"}).body
    assert mark not in body
    assert shown in body


@pytest.mark.parametrize(("first", "second", "same"), [
    ("git status", "git log -3", True),
    ("git status", "gitk", False),
    ("git status", "git status; rm -r x", False),
    ("git status", "git $(rm -r x)", False),
    ("git status", "git log\nrm -r x", False),
    ("git log | head", "git log | head", True),
    ("git log | head", "git log | sh", False),
    ("A=1 git status", "A=2 git status", False),
    ("", " ", True),
])  # fmt: skip
def test_what_for_this_session_means_for_a_command(first: str, second: str, same: bool) -> None:  # noqa: FBT001
    keys = {asking.scope("Bash", {"command": command}).key for command in (first, second)}
    assert (len(keys) == 1) is same


def test_another_tool_is_allowed_as_a_whole() -> None:
    keys = {asking.scope("Write", {"file_path": path}).key for path in ("a", "b")}
    assert keys == {"Write"}


def test_a_command_cannot_break_out_of_its_fence() -> None:
    ask = asking.approval(ASKER, "Bash", {"command": "echo ```\n# Allow this"})
    assert ask.body.startswith("````bash\n")
    assert ask.body.endswith("\n````")


def test_an_edit_is_shown_as_a_diff() -> None:
    given = {"file_path": "a.py", "old_string": "x = 1", "new_string": "x = 2"}
    body = asking.approval(ASKER, "Edit", given).body
    assert "a.py" in body
    assert "- x = 1\n+ x = 2" in body


def test_each_option_of_a_question_becomes_an_option() -> None:
    given = {
        "questions": [
            {
                "question": "Which colour?",
                "header": "Colour",
                "options": [{"label": "Red", "description": "warm"}, {"label": "Blue"}],
                "multiSelect": True,
            }
        ]
    }
    [(text, ask)] = asking.questions(ASKER, given)
    assert text == "Which colour?"
    assert ask.options == ("Red", "Blue")
    assert ask.multiple
    assert "warm" in ask.body
    assert "reply to this message" in ask.body


def test_words_are_an_answer_too() -> None:
    ask = ASKER.ask("t", "b", ("Red", "Blue"))
    assert asking.answer(ask, Tapped(ask.nonce, (), "Green", 111)) == "Green"
    assert asking.answer(ask, Tapped(ask.nonce, (1,))) == "Blue"


def test_several_choices_are_joined_as_claude_code_wants_them() -> None:
    ask = ASKER.ask("t", "b", ("Red", "Green", "Blue"), multiple=True)
    assert asking.labels(ask, (0, 2)) == "Red, Blue"
    assert asking.labels(ask, (9,)) == ""


def test_every_question_has_a_nonce_of_its_own() -> None:
    assert ASKER.ask("t", "b", ()).nonce != ASKER.ask("t", "b", ()).nonce
