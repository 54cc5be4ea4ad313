"""What is closed to every tool, and that the session's own folder is not."""

from pathlib import Path

import pytest

from bridge.agent.closed import closed, shut
from tests.fakes import settings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def test_other_sessions_secrets_and_folders_of_other_roles_are_closed(root: Path) -> None:
    more = f"""
[sessions]
root = "{root}/sessions"
[folders.homelab]
path = "{root}/homelab"
[folders.notes]
path = "{root}/notes"
roles = ["owner", "member"]
"""
    for name in ("homelab", "notes"):
        (root / name).mkdir()
    current = settings(root, more)
    walls = closed(current, "member", root / "home")
    assert {root / "sessions", root / "homelab", root / "home/.ssh"} <= set(walls)
    assert Path("/etc/shadow") in walls
    assert root / "notes" not in walls
    assert root / "homelab" not in closed(current, "owner", root / "home")


def test_only_what_is_below_the_own_folder_is_open_within_a_closed_one(root: Path) -> None:
    own, walls = root / "sessions/1/main", [root / "sessions"]
    assert not shut(own / "a.txt", own, walls)
    assert not shut(root / "elsewhere", own, walls), "that is for the guard to say"
    assert shut(root / "sessions/2/main/a.txt", root / "sessions-not", walls)
    assert shut(own / "private/x", own, [own / "private"])
