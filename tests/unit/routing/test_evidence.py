"""Signs that a model is not up to its task."""

import pytest

from routing.evidence import Call, Trail, called, ended, is_test, sign, told
from routing.model import Evidence


def trail(*calls: tuple[str, bool], tests: bool = False) -> Trail:
    """Each call with whether it worked."""
    found = Trail()
    for number, (what, ok) in enumerate(calls):
        found = ended(called(found, Call(str(number), what, tests)), str(number), ok=ok)
    return found


def test_work_that_goes_on_gives_no_sign() -> None:
    assert sign(trail(("a", True), ("b", False), ("c", True), ("a", True), ("d", False))) is None


def test_the_same_call_three_times_within_six_is_a_stall() -> None:
    six = [("a", True), ("b", True), ("a", True), ("c", True), ("d", True), ("a", True)]
    assert sign(trail(*six)) is Evidence.STALLED
    assert sign(trail(("a", True), ("e", True), *six[1:])) is None


def test_three_failures_in_a_row_are_a_sign() -> None:
    assert sign(trail(("a", False), ("b", False))) is None
    assert sign(trail(("a", False), ("b", False), ("c", False))) is Evidence.ERROR
    assert sign(trail(("a", False), ("b", False), ("c", True), ("d", False))) is None


def test_tests_that_failed_twice_are_a_sign_even_with_work_between() -> None:
    first = trail(("pytest", False), tests=True)
    between = ended(called(first, Call("x", "edit")), "x", ok=True)
    again = ended(called(between, Call("y", "pytest", tests=True)), "y", ok=False)
    assert sign(between) is None
    assert sign(again) is Evidence.TESTS_FAILED


def test_a_sign_is_told_once() -> None:
    seen = trail(("a", False), ("b", False), ("c", False))
    assert sign(told(seen, Evidence.ERROR)) is None


@pytest.mark.parametrize(
    "command",
    [
        "pytest -x tests",
        "cd app && python -m pytest",
        "npm test",
        "npm run test -- --watch=false",
        "cargo test --all",
        "go test ./...",
        "make test",
        "scripts/test -k store",
        "./gradlew test",
        "(cd web; yarn test)",
    ],
)
def test_commands_that_run_tests_are_known(command: str) -> None:
    assert is_test(command)


@pytest.mark.parametrize("command", ["cat tests/test_a.py", "ls -la", "go build", "echo latest"])
def test_other_commands_are_none(command: str) -> None:
    assert not is_test(command)
