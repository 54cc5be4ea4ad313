"""Events folded into what the user sees."""

from datetime import UTC, datetime

from bridge.model import (
    AgentEvent,
    Completed,
    Outcome,
    Retrying,
    Started,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from bridge.progress import Phase, Progress, fold

EMPTY = Progress(datetime(2026, 1, 1, tzinfo=UTC))


def folded(*events: AgentEvent) -> Progress:
    progress = EMPTY
    for event in events:
        progress = fold(progress, event)
    return progress


def test_a_later_text_of_a_block_replaces_the_earlier() -> None:
    assert folded(Text("m", 0, "He"), Text("m", 0, "Hello")).text == "Hello"


def test_the_answer_is_what_was_said_after_the_last_tool() -> None:
    progress = folded(
        Text("m1", 0, "Let me look."), ToolUse("t", "Read"), ToolResult("t", True, ""),
        Text("m2", 0, "Found it."),
    )  # fmt: skip
    assert progress.text == "Found it."
    assert progress.everything == "Let me look.\n\nFound it."


def test_a_retried_message_takes_its_words_back() -> None:
    progress = folded(
        Text("dead", 0, "Half a sen"), Retrying(1, 3, "the API answered 529", "dead"),
        Text("alive", 0, "Half a sentence."),
    )  # fmt: skip
    assert progress.everything == "Half a sentence."


def test_a_retry_is_visible_until_words_come() -> None:
    progress = folded(Retrying(2, 3, "the API answered 529", "m"))
    assert progress.phase is Phase.RETRYING
    assert "(2/3)" in progress.note
    assert fold(progress, Text("n", 0, "Hi")).note == ""


def test_thinking_is_kept_apart_from_the_answer() -> None:
    progress = folded(Thinking("m", 0, "Hm."), Text("m", 1, "Yes."))
    assert progress.everything == "Yes."
    assert len(progress.blocks) == 2


def test_a_step_shows_the_argument_that_says_what_it_does() -> None:
    [step] = folded(ToolUse("t", "Bash", {"command": "ls  -la\n", "description": "List"})).steps
    assert (step.tool, step.argument, step.ok) == ("Bash", "ls -la", None)


def test_a_result_ends_its_own_step_only() -> None:
    progress = folded(ToolUse("a", "Read"), ToolUse("b", "Read"), ToolResult("b", False, "no"))
    assert [s.ok for s in progress.steps] == [None, False]


def test_the_model_and_the_end_are_told() -> None:
    progress = folded(Started("", "claude-x"), Completed(Outcome.DONE, "Hi"))
    assert (progress.model, progress.phase) == ("claude-x", Phase.OVER)
