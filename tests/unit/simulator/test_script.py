"""How a script finds its place in a conversation, as Claude Code really words one."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

from bridge.simulator import chores
from bridge.simulator.script import Say, Script, Step, Stop, UseTool, When, part
from bridge.simulator.talk import Result, Talk, read

REMINDER = "<system-reminder>\nToday is a day.\n</system-reminder>\n"
CUT = "Your response above was cut off mid-stream. Resume directly from where it stops"
LS = UseTool("Bash", {"command": "ls"})


def user(*content: Any) -> dict[str, Any]:
    blocks = [{"type": "text", "text": one} if isinstance(one, str) else one for one in content]
    return {"role": "user", "content": blocks}


def assistant(*content: Any) -> dict[str, Any]:
    return user(*content) | {"role": "assistant"}


def use(use_id: str = "t1") -> dict[str, Any]:
    return {"type": "tool_use", "id": use_id, "name": "Bash", "input": {"command": "ls"}}


def result(text: str, use_id: str = "t1", *, is_error: bool = False) -> dict[str, Any]:
    kind = {"type": "tool_result", "is_error": is_error}
    return kind | {"tool_use_id": use_id, "content": [{"type": "text", "text": text}]}


def talk(*messages: dict[str, Any]) -> Talk:
    return read({"model": "claude-x", "messages": list(messages)})


def test_the_persons_words_are_found_among_reminders() -> None:
    found = talk(
        user(REMINDER, "hi there"),
        {"role": "system", "content": "# Environment\n - Primary working directory: /home/me\n"},
    )
    assert found == Talk(said="hi there", model="claude-x", folder="/home/me")


def test_a_content_that_is_only_a_string_is_read_as_well() -> None:
    assert talk({"role": "user", "content": REMINDER + "hi"}).said == "hi"


def test_a_tool_result_continues_the_turn() -> None:
    found = talk(user("look"), assistant(use()), user(result("a.txt"), REMINDER))
    assert found.said == "look"
    assert (found.turn, found.call) == (0, 1)
    assert found.results == (Result("Bash", {"command": "ls"}, "a.txt", id="t1"),)


def test_results_stand_in_the_order_of_the_tools() -> None:
    ended = user(result("b", "t2"), result("a", "t1"))
    found = talk(user("look"), assistant(use("t1"), use("t2")), ended)
    assert [one.text for one in found.results] == ["a", "b"]


def test_words_after_an_answer_open_the_next_turn() -> None:
    found = talk(user("look"), assistant(use()), user(result("a")), assistant("a."), user("more"))
    assert (found.said, found.turn, found.call, found.results) == ("more", 1, 0, ())


def test_prompts_merged_into_one_message_are_one_turn() -> None:
    assert talk(user("first", "second")).said == "first\nsecond"


def test_an_interrupt_closes_a_turn_that_had_no_answer_yet() -> None:
    found = talk(user("long answer", "[Request interrupted by user]", "hi"))
    assert (found.said, found.turn) == ("hi", 1)


def test_a_message_during_a_turn_does_not_open_another() -> None:
    steered = "The user sent a new message while you were working:\nand this"
    found = talk(user("look"), assistant(use()), user(result("a"), steered))
    assert (found.said, found.turn, found.call) == ("look", 0, 1)


def test_a_cut_reply_is_the_same_reply_again() -> None:
    found = talk(user("go"), assistant("one "), user(CUT), assistant("two "), user(CUT))
    assert (found.said, found.call, found.partial) == ("go", 0, "one two ")


def test_a_result_after_a_cut_reply_ends_the_continuation() -> None:
    found = talk(user("go"), assistant("one"), user(CUT), assistant(use()), user(result("a")))
    assert (found.call, found.partial) == (1, None)


def test_a_summary_is_not_the_persons_words() -> None:
    summary = "This session is being continued from a previous conversation that ran out."
    assert talk(user(summary, "go on")).said == "go on"


def test_a_picture_without_words_is_a_turn() -> None:
    found = talk(user("hi"), assistant("hello"), user({"type": "image", "source": {}}))
    assert (found.turn, found.said, found.attached) == (1, "", ("image",))


def test_turns_are_played_by_their_number() -> None:
    script = Script([Say("one")], [Say("two")], otherwise=[Say("over")])
    said = [script(Talk(turn=turn)) for turn in range(3)]
    assert said == [[Say("one")], [Say("two")], [Say("over")]]


@pytest.mark.parametrize("phrase", ["HELLO", re.compile(r"^oh, \w+")])
def test_a_phrase_or_a_pattern_goes_before_the_number(phrase: str | re.Pattern[str]) -> None:
    script = Script([Say("one")], When(phrase, [Say("matched")]))
    assert script(Talk(said="oh, hello there")) == [Say("matched")]
    assert script(Talk(said="good bye")) == [Say("one")]


def test_steps_may_depend_on_what_the_tools_brought() -> None:
    def steps(talk: Talk) -> Sequence[Step]:
        return [LS, Say(f"{len(talk.results)} results")]

    script = Script(steps)
    assert script(Talk(results=(Result("Bash", {}, "x"),)))[1] == Say("1 results")


@pytest.mark.parametrize(
    ("call", "expected"),
    [(0, [Say("a"), LS]), (1, [(LS, LS)]), (2, [Stop("refusal"), Say("b")]), (3, [])],
)
def test_each_tool_use_ends_a_reply(call: int, expected: Sequence[Step]) -> None:
    steps: list[Step] = [Say("a"), LS, (LS, LS), Stop("refusal"), Say("b")]
    assert list(part(steps, call)) == expected


def test_the_probe_of_a_model_is_answered_without_the_script() -> None:
    assert chores.steps({"max_tokens": 1}, Talk(said="Hi")) == (Say("Hi"),)


def test_a_compaction_gets_a_summary() -> None:
    asked = Talk(said="CRITICAL: TEXT ONLY.\nYour task is to create a detailed summary of ...")
    answer = chores.steps({"max_tokens": 9, "stream": True}, asked)
    assert answer is not None
    assert isinstance(answer[0], Say)
    assert answer[0].text.startswith("<summary>")


def test_a_title_is_made_to_its_schema() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    body = {"max_tokens": 99, "output_config": {"format": {"schema": schema}}}
    assert chores.steps(body, Talk()) == (Say('{"title": "Simulated"}'),)


def test_a_turn_is_no_chore() -> None:
    assert chores.steps({"max_tokens": 99, "stream": True}, Talk(said="hi")) is None
