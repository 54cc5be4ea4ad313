"""The guide of the demo: what it does for what a visitor says."""

from dataclasses import replace

import pytest

from bridge.simulator.guide import guide
from bridge.simulator.script import Fail, Say, Step, Think, UseTool
from bridge.simulator.talk import Result, Talk

SEND = "mcp__tollbridge__send_file"
ALL = ("Bash", "Glob", "Write", "AskUserQuestion", "mcp__tollbridge__escalate", SEND)
answer = guide(tokens_per_second=None)


def said(talk: Talk) -> str:
    return "\n".join(step.text for step in answer(talk) if isinstance(step, Say))


def uses(talk: Talk) -> list[UseTool]:
    return [step for step in answer(talk) if isinstance(step, UseTool)]


def after(talk: Talk, text: str, *, is_error: bool = False) -> Talk:
    """The same turn, once the tool has come back."""
    return replace(talk, call=1, results=(Result("", {}, text, is_error),))


@pytest.mark.parametrize("word", ["hi", "Hello there", "/start", "help", "good morning!"])
def test_a_greeting_gets_a_welcome_with_things_to_try(word: str) -> None:
    assert "list files" in said(Talk(said=word, tools=ALL))


@pytest.mark.parametrize("word", ["list files", "What's here?", "show me the files"])
def test_it_looks_around_with_the_tool_it_has(word: str) -> None:
    talk = Talk(said=word, tools=("Bash", "Glob"))
    assert uses(talk) == [UseTool("Bash", uses(talk)[0].input)]
    assert uses(replace(talk, tools=("Glob",)))[0].name == "Glob"
    assert not uses(replace(talk, tools=()))
    assert "notes.txt" in said(after(talk, "notes.txt"))


def test_it_writes_into_the_folder() -> None:
    talk = Talk(said="write a poem", tools=ALL, folder="/home/me", turn=2)
    assert uses(talk)[0].input["file_path"] == "/home/me/poem-3.txt"
    assert "poem-3.txt" in said(after(talk, "File created"))


def test_it_sends_a_file_once_it_was_written() -> None:
    talk = Talk(said="Send me the file", tools=ALL, folder="/home/me")
    write, send = uses(talk)
    assert write.input["file_path"] == "/home/me/poem-1.txt"
    assert (send.name, send.input["path"]) == (SEND, "poem-1.txt")
    assert [use.name for use in uses(after(talk, "No.", is_error=True))] == ["Write"]
    assert "> No." in said(after(talk, "No.", is_error=True))
    assert not uses(replace(talk, tools=()))


def test_a_refusal_is_taken_kindly() -> None:
    talk = Talk(said="run something", tools=ALL)
    assert uses(talk)[0].name == "Bash"
    assert "> Not now" in said(after(talk, "Not now", is_error=True))


def test_it_asks_and_reacts_to_the_answer() -> None:
    talk = Talk(said="ask me something", tools=ALL)
    (question,) = uses(talk)[0].input["questions"]
    assert {"question", "header", "options", "multiSelect"} == set(question)
    answered = after(talk, f'Your questions have been answered: "{question["question"]}"="Ferry"')
    assert "the view is good" in said(answered)
    assert not uses(replace(talk, tools=()))


def test_it_calls_for_help_when_it_may() -> None:
    talk = Talk(said="this is too hard", tools=ALL, model="claude-opus-5-5")
    assert uses(talk)[0].name == "mcp__tollbridge__escalate"
    assert "claude-opus-5-5" in said(after(talk, "switched"))
    assert "would" in said(replace(talk, tools=()))


def test_it_thinks_before_it_speaks() -> None:
    kinds = [type(step) for step in answer(Talk(said="think hard"))]
    assert kinds == [Think, Say]


def test_an_error_passes_after_two_attempts() -> None:
    fail, recovered = answer(Talk(said="error"))
    assert isinstance(fail, Fail)
    assert (fail.status, fail.times) == (529, 2)
    assert isinstance(recovered, Say)


def test_anything_else_is_answered_honestly() -> None:
    text = said(Talk(said="What is the meaning\nof life?"))
    assert "simulated" in text
    assert "What is the meaning of life?" in text
    assert text.count("- **") == 3


def seconds(step: Step) -> float:
    return len(step.text) / step.chunk * step.pace if isinstance(step, Say) else 0.0


def test_the_long_answer_shows_every_kind_of_markdown_and_takes_its_time() -> None:
    talk = Talk(said="tell me everything")
    for sign in (
        "# ",
        "## ",
        "| ---" if "| ---" in said(talk) else "|---",
        "```python",
        "   - ",
        "> ",
        "](",
    ):
        assert sign in said(talk)
    assert 15 <= sum(seconds(step) for step in guide()(talk)) <= 25
    assert sum(seconds(step) for step in answer(talk)) == 0
