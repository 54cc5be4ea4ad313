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
