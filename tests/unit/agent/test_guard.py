"""What the guard lets through: what is declared, inside the session's folder, and nothing else."""

from pathlib import Path

import pytest

from bridge.agent.guard import Guard, Ruling


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "session"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("s")
    (inside / "link").symlink_to(tmp_path / "secret.txt")
    (inside / "closed").mkdir()
    return inside


@pytest.fixture
def guard(folder: Path) -> Guard:
    tools = ["Read", "Write", "Bash", "Glob", "AskUserQuestion"]
    return Guard(folder, tools, ["Bash", "Write"], (folder / "closed",))


@pytest.mark.parametrize(
    ("tool", "argument", "ruling"),
    [
        ("Read", {"file_path": "notes.md"}, Ruling.ALLOW),
        ("Glob", {"pattern": "*"}, Ruling.ALLOW),
        ("Write", {"file_path": "notes.md"}, Ruling.ASK),
        ("Bash", {"command": "ls"}, Ruling.ASK),
        ("AskUserQuestion", {}, Ruling.ASK),
        ("WebFetch", {"url": "https://example.org"}, Ruling.DENY),
        ("Read", {"file_path": "../secret.txt"}, Ruling.DENY),
        ("Read", {"file_path": "/etc/shadow"}, Ruling.DENY),
        ("Read", {"file_path": "link"}, Ruling.DENY),
        ("Write", {"file_path": "/etc/cron.d/x"}, Ruling.DENY),
        ("Glob", {"pattern": "*", "path": "/"}, Ruling.DENY),
        ("Read", {"file_path": "closed/x"}, Ruling.DENY),
        ("Read", {"file_path": "a\0b"}, Ruling.DENY),
    ],
)
def test_each_call_gets_its_ruling(
    guard: Guard, tool: str, argument: dict[str, str], ruling: Ruling
) -> None:
    assert guard.decide(tool, argument).ruling is ruling


def test_an_absolute_path_inside_the_folder_is_open(guard: Guard, folder: Path) -> None:
    path = str(folder / "deep" / "file.py")
    assert guard.decide("Read", {"file_path": path}).ruling is Ruling.ALLOW


def test_tools_of_our_own_need_no_approval_and_stay_inside(folder: Path) -> None:
    guard = Guard(folder, ("Read",), ("Bash",))
    send, help_ = "mcp__tollbridge__send_file", "mcp__tollbridge__escalate"
    assert guard.decide(send, {"path": "a.txt"}).ruling is Ruling.ALLOW
    assert guard.decide(send, {"path": "../a.txt"}).ruling is Ruling.DENY
    assert guard.decide(help_, {"reason": "", "tried": ""}).ruling is Ruling.ALLOW
    assert guard.decide("mcp__tollbridge__other", {}).ruling is Ruling.DENY


@pytest.mark.parametrize(
    ("tool", "argument", "ruling"),
    [
        ("Read", {"file_path": "notes.md"}, Ruling.ALLOW),
        ("Bash", {"command": "ls"}, Ruling.ASK),
        ("AskUserQuestion", {}, Ruling.ASK),
        ("Write", {"file_path": "notes.md"}, Ruling.DENY),
        ("Write", {"file_path": "../plans/a.md"}, Ruling.ALLOW),
        ("Write", {"file_path": "../plans/../secret.txt"}, Ruling.DENY),
        ("Write", {"file_path": "../plans/out"}, Ruling.DENY),
        ("Read", {"file_path": "../secret.txt"}, Ruling.DENY),
        ("mcp__tollbridge__escalate", {}, Ruling.ALLOW),
    ],
)
def test_while_there_is_only_a_plan_only_the_plan_is_written(
    guard: Guard, folder: Path, tool: str, argument: dict[str, str], ruling: Ruling
) -> None:
    plans = folder.parent / "plans"
    plans.mkdir()
    (plans / "out").symlink_to(folder / "notes.md")
    given = {k: str(folder / v) if k == "file_path" else v for k, v in argument.items()}
    assert guard.decide(tool, given, plans).ruling is ruling


def test_where_nobody_is_asked_about_commands_none_runs_before_the_plan_is_allowed(
    folder: Path,
) -> None:
    guard = Guard(folder, ["Bash", "Edit"], [])
    for tool in ("Bash", "Edit"):
        assert guard.decide(tool, {}, folder.parent / "plans").ruling is Ruling.DENY
        assert guard.decide(tool, {}).ruling is Ruling.ALLOW


def test_the_plan_cannot_be_changed_once_it_is_no_plan_any_more(guard: Guard, folder: Path) -> None:
    path = str(folder.parent / "plans" / "a.md")
    assert guard.decide("Write", {"file_path": path}).ruling is Ruling.DENY
