"""Files land in the inbox and nowhere else, and take the place of nothing."""

import os
import stat
from io import BytesIO
from pathlib import Path

import pytest

from bridge.telegram.files.shelf import NotKept, blank, put


def test_it_lies_in_the_inbox_for_us_alone(tmp_path: Path) -> None:
    folder = tmp_path / "main"
    folder.mkdir()
    file = put(BytesIO(b"x" * 3_000_000), "../a.txt", folder)
    assert file == folder / "inbox" / "a.txt"
    assert file.read_bytes() == b"x" * 3_000_000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_another_file_of_that_name_gets_a_number(tmp_path: Path) -> None:
    names = [put(BytesIO(data), "a.txt", tmp_path).name for data in (b"1", b"2", b"3", b"2")]
    assert names == ["a.txt", "a-2.txt", "a-3.txt", "a-2.txt"], "the same is not kept twice"


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe"])
def test_what_is_no_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    inbox, secret = tmp_path / "inbox", tmp_path / "secret"
    inbox.mkdir()
    secret.write_bytes(b"x")
    there = inbox / "a.txt"
    match kind:
        case "link":
            there.symlink_to(secret)
        case "dangling":
            there.symlink_to(tmp_path / "nowhere")
        case "folder":
            there.mkdir()
        case "pipe":
            os.mkfifo(there)
    assert put(BytesIO(b"x"), "a.txt", tmp_path).name == "a-2.txt"
    assert secret.read_bytes() == b"x"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("kind", ["link", "file"])
def test_an_inbox_that_is_none_is_refused(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    if kind == "link":
        (tmp_path / "inbox").symlink_to(outside)
    else:
        (tmp_path / "inbox").touch()
    with pytest.raises(NotKept, match="cannot be kept"):
        put(BytesIO(b"x"), "a.txt", tmp_path)
    assert list(outside.iterdir()) == []


def test_what_is_being_downloaded_has_no_name_yet(tmp_path: Path) -> None:
    with blank(tmp_path / "new" / "main") as content:
        content.write(b"x")
        assert list((tmp_path / "new" / "main").iterdir()) == []


def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path) -> None:
    full = OSError(28, "No space left on device")
    with pytest.raises(NotKept, match="No space left on device"), blank(tmp_path):
        raise full


def test_a_borrowed_folder_may_be_reached_by_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "homelab").symlink_to(real)
    put(BytesIO(b"x"), "a.txt", tmp_path / "homelab")
    assert (real / "inbox" / "a.txt").read_bytes() == b"x"
