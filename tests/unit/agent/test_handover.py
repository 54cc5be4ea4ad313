"""A file on its way to the user: what is copied is what was checked."""

import os
from pathlib import Path

import pytest

from bridge.agent import handover
from bridge.agent.guard import Guard
from bridge.agent.handover import MOST, Refused, discard, pack


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    for name in ("work/out", "work/closed", "outside"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "outside" / "secret").write_text("secret")
    (tmp_path / "work" / "closed" / "key").write_text("secret")
    (tmp_path / "work" / "out" / "a.txt").write_text("inside")
    return Guard(tmp_path / "work", (), (), (tmp_path / "work" / "closed",))


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return tmp_path / "box"


def test_the_copy_has_the_files_name_and_stays_as_it_was(guard: Guard, box: Path) -> None:
    copy = pack(guard, "out/a.txt", box)
    (guard.folder / "out" / "a.txt").write_text("changed")
    assert (copy.name, copy.read_text()) == ("a.txt", "inside")
    assert copy.is_relative_to(box)


def test_two_files_of_one_name_do_not_meet(guard: Guard, box: Path) -> None:
    first, second = (pack(guard, "out/a.txt", box) for _ in range(2))
    assert first != second


def test_a_link_within_the_folder_is_followed(guard: Guard, box: Path) -> None:
    (guard.folder / "latest").symlink_to("out/a.txt")
    assert pack(guard, "latest", box).read_text() == "inside"


@pytest.mark.parametrize(
    "path",
    ["../outside/secret", "link", "folder/secret", "closed/key", "out", "pipe", "no", "a\0b"],
)
def test_what_is_no_file_of_the_folder_is_refused(guard: Guard, box: Path, path: str) -> None:
    (guard.folder / "link").symlink_to(guard.folder.parent / "outside" / "secret")
    (guard.folder / "folder").symlink_to(guard.folder.parent / "outside")
    os.mkfifo(guard.folder / "pipe")
    with pytest.raises(Refused):
        pack(guard, path, box)
    assert not box.exists()


@pytest.mark.parametrize(("size", "why"), [(0, "is empty"), (MOST + 1, "has 51 MB")])
def test_the_size_has_limits(guard: Guard, box: Path, size: int, why: str) -> None:
    with (guard.folder / "big").open("wb") as file:
        file.truncate(size)
    with pytest.raises(Refused, match=why):
        pack(guard, "big", box)


@pytest.mark.parametrize("link", ["out", "out/a.txt"])
def test_a_link_that_is_put_there_after_the_check_leads_nowhere(guard: Guard, link: str) -> None:
    """What was resolved before is opened without following anything."""
    real = guard.resolved("out/a.txt")
    assert real
    (guard.folder / "out").rename(guard.folder / "moved")
    (guard.folder.parent / "outside" / "a.txt").write_text("secret")
    if link == "out":
        (guard.folder / "out").symlink_to(guard.folder.parent / "outside")
    else:
        (guard.folder / "out").mkdir()
        (guard.folder / link).symlink_to(guard.folder.parent / "outside" / "secret")
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        handover.opened(guard.folder.resolve(), real)


def test_the_copies_are_gone_afterwards(guard: Guard, box: Path) -> None:
    pack(guard, "out/a.txt", box)
    discard(box)
    discard(box)
    assert not box.exists()
