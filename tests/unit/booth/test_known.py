"""A prompt that goes on from a known one is bounded by what that one counted."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.booth.asked import Asked
from bridge.booth.known import MARGIN, PROMPTS, Known, Shape, taken_apart
from bridge.booth.size import IMAGE
from tests.unit.booth.bodies import SONNET, asked, said

LONG = "x" * 10_000
MARK = {"cache_control": {"type": "ephemeral"}}
TOOLS = [{"name": "Read", "description": LONG}]
SYSTEM = [{"type": "text", "text": LONG}]


def request(*contents: Any, **more: Any) -> Asked:
    given: dict[str, Any] = {"system": SYSTEM, "tools": TOOLS, "messages": said(*contents)}
    return asked(**(given | more))


def prompt(*contents: Any, **more: Any) -> Shape:
    shape = taken_apart(request(*contents, **more))
    assert shape
    return shape


@pytest.fixture
def known() -> Known:
    known = Known()
    known.note("t", prompt("one"), 5000)
    return known


def test_nothing_is_known_of_another_process(known: Known) -> None:
    assert known.at_most("other", prompt("one")) is None


def test_the_same_prompt_counts_the_same(known: Known) -> None:
    assert known.at_most("t", prompt("one")) == 5000 + MARGIN


def test_each_new_byte_may_be_a_token(known: Known) -> None:
    longer = known.at_most("t", prompt("one", "ü" * 100))
    assert longer == 5000 + MARGIN + 200 + len('{"role":"user","content":""}')


def test_a_new_picture_is_bounded_by_the_largest(known: Known) -> None:
    picture = {"type": "image", "source": {"type": "base64", "data": "A" * 90_000}}
    found = known.at_most("t", prompt("one", [picture]))
    assert found
    assert 5000 + IMAGE < found < 5000 + IMAGE + 500


def test_the_marks_of_the_cache_count_nothing(known: Known) -> None:
    marked = [{"type": "text", "text": "one"} | MARK]
    system = [SYSTEM[0] | MARK]
    assert known.at_most("t", prompt(marked, system=system)) == 5000 + MARGIN


def test_a_changed_part_of_the_system_prompt_counts_its_bytes(known: Known) -> None:
    system = [*SYSTEM, {"type": "text", "text": "more"}]
    found = known.at_most("t", prompt("one", system=system))
    assert found == 5000 + MARGIN + len('{"type":"text","text":"more"}')


@pytest.mark.parametrize(
    "more",
    [{"model": SONNET}, {"thinking": {"type": "adaptive"}}, {"messages": said("two")},
     {"messages": []}, {"tool_choice": {"type": "any"}}, {"tools": [{"type": "bash_20250124"}]}],
)  # fmt: skip
def test_other_conditions_or_another_history_say_nothing(known: Known, more: Any) -> None:
    assert known.at_most("t", prompt("one", **more)) is None


@pytest.mark.parametrize("more", [{"max_tokens": 5}, {"metadata": {"user_id": "2"}}])
def test_what_is_no_part_of_the_prompt_does_not_matter(known: Known, more: Any) -> None:
    assert known.at_most("t", prompt("one", **more)) == 5000 + MARGIN


def test_other_betas_say_nothing(known: Known) -> None:
    shape = taken_apart(replace(request("one"), betas=(b"new-2026",)))
    assert shape
    assert known.at_most("t", shape) is None


@pytest.mark.parametrize(
    ("edit", "kept"),
    [
        ({"type": "clear_thinking_20251015", "keep": "all"}, True),
        ({"type": "clear_thinking_20251015"}, False),
        ({"type": "clear_tool_uses_20250919"}, False),
    ],
)
def test_where_the_api_leaves_things_out_nothing_is_concluded(edit: Any, *, kept: bool) -> None:
    given = request("one", context_management={"edits": [edit]})
    assert (taken_apart(given) is not None) is kept


def test_conversations_side_by_side_are_all_known(known: Known) -> None:
    """The process runs subagents; one that goes on does not push out another."""
    known.note("t", prompt("sub"), 100)
    for number in range(PROMPTS * 2):
        known.note("t", prompt("sub", *["more"] * number), 100 + number)
    assert known.at_most("t", prompt("one")) == 5000 + MARGIN
    assert known.at_most("t", prompt("sub", *["more"] * 15)) == 115 + MARGIN
