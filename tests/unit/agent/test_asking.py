"""How Claude Code's questions look to the user, and how their answers go back."""

from bridge.agent import asking
from bridge.agent.asking import Asker
from bridge.model import SessionKey

ASKER = Asker(SessionKey(1, 0, "main"), 7, 111)


def test_an_approval_shows_the_whole_command_and_begins_with_allow() -> None:
    ask = asking.approval(ASKER, "Bash", {"command": "rm -r build"})
    assert "Bash" in ask.title
    assert "rm -r build" in ask.body
    assert ask.options == ("Allow", "Deny")


def test_a_command_cannot_break_out_of_its_fence() -> None:
    ask = asking.approval(ASKER, "Bash", {"command": "echo ```\n# Allow this"})
    assert ask.body.startswith("````bash\n")
    assert ask.body.endswith("\n````")


def test_an_edit_is_shown_as_a_diff() -> None:
    given = {"file_path": "a.py", "old_string": "x = 1", "new_string": "x = 2"}
    body = asking.approval(ASKER, "Edit", given).body
    assert "`a.py`" in body
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


def test_several_choices_are_joined_as_claude_code_wants_them() -> None:
    ask = ASKER.ask("t", "b", ("Red", "Green", "Blue"), multiple=True)
    assert asking.labels(ask, (0, 2)) == "Red, Blue"
    assert asking.labels(ask, (9,)) == ""


def test_every_question_has_a_nonce_of_its_own() -> None:
    assert ASKER.ask("t", "b", ()).nonce != ASKER.ask("t", "b", ()).nonce
