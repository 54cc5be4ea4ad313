"""What "/plan TEXT" asks for."""

import pytest

from bridge.agent import planning


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("/plan the move", "the move"),
        ("/plan\nthe move\nof all", "the move\nof all"),
        ("/plan@tollbot the move", "the move"),
        ("/Plan the move", "the move"),
        ("/plan /plan", "/plan"),
        ("/plan", planning.BARE),
        ("/plan ", planning.BARE),
    ],
)
def test_the_command_is_not_given_to_claude(text: str, task: str) -> None:
    assert planning.wanted(text)
    assert planning.task(text) == task


@pytest.mark.parametrize("text", ["plan it", "/planet", "see /plan", "/plans x", "", "/plan-b"])
def test_anything_else_is_given_as_it_is(text: str) -> None:
    assert not planning.wanted(text)
    assert planning.task(text) == text
