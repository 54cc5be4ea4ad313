"""What a transcript says of itself, and what becomes of it."""

import json
from pathlib import Path

import pytest

from bridge.agent import transcript
from bridge.agent.transcript import State

ID = "11111111-1111-4111-8111-111111111111"


def line(uuid: str, parent: str | None = None) -> str:
    return json.dumps({"type": "user", "uuid": uuid, "parentUuid": parent})


def write(home: Path, *lines: str, folder: str = "-work") -> Path:
    path = home / "projects" / folder / f"{ID}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("lines", "last_entry", "state"),
    [
        ([line("a"), line("b", "a")], "b", State.OK),
        ([line("a"), line("b", "a")], "a", State.OK),  # a crash has made it longer
        ([line("a"), line("b", "a")], "", State.OK),
        ([line("a"), line("b", "a"), '{"uuid": "c", "par'], "b", State.OK),
        ([line("a"), '{"uuid": "x", "par', line("b", "a")], "b", State.OK),
        (['{"type": "summary"}', line("a")], "a", State.OK),
        ([line("a"), line("b", "a")], "c", State.DIVERGED),
        ([line("a"), '{"uuid": "b', line("c", "b")], "c", State.DAMAGED),
        (["\0\0\0"], "a", State.DAMAGED),
        ([""], "a", State.DAMAGED),
        (['"uuid"', "[1]"], "", State.DAMAGED),
    ],
)
def test_the_state_of_a_transcript(
    tmp_path: Path, lines: list[str], last_entry: str, state: State
) -> None:
    write(tmp_path, *lines)
    assert transcript.state(tmp_path, ID, last_entry) is state


def test_one_that_is_not_there_is_missing(tmp_path: Path) -> None:
    assert transcript.state(tmp_path, ID, "") is State.MISSING
    assert transcript.last_entry(tmp_path, ID) == ""
    assert transcript.put_aside(tmp_path, ID) is None
    assert not transcript.copy(ID, tmp_path, tmp_path / "new")


def test_the_last_entry_is_found_behind_lines_that_are_none(tmp_path: Path) -> None:
    write(tmp_path, line("a"), line("b", "a"), '{"type": "cost-state"}', '{"uuid": "c')
    assert transcript.last_entry(tmp_path, ID) == "b"


def test_the_last_entry_is_found_before_a_very_long_line(tmp_path: Path) -> None:
    write(tmp_path, line("a"), json.dumps({"type": "blob", "data": "x" * transcript.TAIL}))
    assert transcript.last_entry(tmp_path, ID) == "a"


def test_put_aside_it_is_kept_and_found_no_more(tmp_path: Path) -> None:
    text = write(tmp_path, line("a")).read_text()
    aside = transcript.put_aside(tmp_path, ID)
    assert aside
    assert ".jsonl.aside-" in aside.name
    assert aside.read_text() == text
    assert transcript.find(tmp_path, ID) is None


def test_a_copy_brings_what_belongs_to_it(tmp_path: Path) -> None:
    path = write(tmp_path / "old", line("a"))
    (path.with_suffix("") / "subagents").mkdir(parents=True)
    (path.with_suffix("") / "subagents" / "x.jsonl").write_text("{}")
    assert transcript.copy(ID, tmp_path / "old", tmp_path / "new")
    copied = transcript.find(tmp_path / "new", ID)
    assert copied == tmp_path / "new" / "projects" / "-work" / f"{ID}.jsonl"
    assert (copied.with_suffix("") / "subagents" / "x.jsonl").exists()
    assert path.exists()
