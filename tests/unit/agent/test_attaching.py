"""What of a file goes into the prompt itself."""

import base64
import zlib
from pathlib import Path
from typing import Any

import pytest

from bridge.agent.attaching import MOST, PAGES, content

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
PDF = b"%PDF-1.7\n<</Type/Pages/Count 3>>\n"
PACKED = b"%PDF-1.7\n<</Type/ObjStm/Filter/FlateDecode>>\nstream\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path


def blocks(folder: Path, *files: tuple[str, bytes], text: str = "Look") -> Any:
    paths = [folder / "inbox" / name for name, _ in files]
    for path, (_, data) in zip(paths, files, strict=True):
        path.write_bytes(data)
    return content(text, paths, folder)


def kinds(found: Any) -> list[str]:
    return [block["type"] for block in found]


def packed(count: int) -> bytes:
    return PACKED + zlib.compress(b"<</Type/Pages/Count %d>>" % count) + b"\nendstream"


def test_without_files_it_is_the_text_alone(folder: Path) -> None:
    assert content("hi", (), folder) == "hi"


def test_the_words_follow_what_they_are_about_and_name_every_file(folder: Path) -> None:
    found = blocks(folder, ("a.png", PNG), ("b.zip", b"PK"))
    assert kinds(found) == ["image", "text"]
    assert found[-1]["text"].startswith("Look\n\n")
    assert "- inbox/a.png\n- inbox/b.zip" in found[-1]["text"]


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a...", "image/gif"),
        (b"RIFF\n\x00\x00\x00WEBPVP8 ", "image/webp"),
        (PDF, "application/pdf"),
    ],
)
def test_the_first_bytes_say_what_it_is(folder: Path, data: bytes, media: str) -> None:
    source = blocks(folder, ("x.txt", data))[0]["source"]
    assert source["media_type"] == media
    assert base64.b64decode(source["data"]) == data


@pytest.mark.parametrize(
    "data", [b"", b"BM", b"text", b"<svg/>", b"%PDF-1.4 without pages", PDF + b"/Encrypt 5 0 R"]
)
def test_what_claude_cannot_see_is_a_path(folder: Path, data: bytes) -> None:
    assert kinds(blocks(folder, ("x.png", data))) == ["text"]


@pytest.mark.parametrize(
    ("count", "kind"), [(1, "document"), (PAGES, "document"), (PAGES + 1, "text")]
)
def test_pages_are_counted_in_packed_tables_too(folder: Path, count: int, kind: str) -> None:
    assert kinds(blocks(folder, ("x.pdf", packed(count))))[0] == kind


def test_little_is_unpacked_of_a_pdf_that_is_a_bomb(folder: Path) -> None:
    bomb = PACKED + zlib.compress(bytes(50_000_000) + b"/Count 3")
    assert kinds(blocks(folder, ("x.pdf", bomb))) == ["text"]


def test_what_does_not_fit_any_more_is_a_path(folder: Path) -> None:
    large = PNG + bytes(MOST - 1_000)
    assert kinds(blocks(folder, ("a.png", large), ("b.png", PNG * 50))) == ["image", "text"]


def test_no_link_is_followed(folder: Path, tmp_path: Path) -> None:
    """A program that runs there may have changed the file since it was fetched."""
    (tmp_path / "secret.png").write_bytes(PNG)
    (folder / "inbox" / "a.png").symlink_to(tmp_path / "secret.png")
    assert kinds(content("Look", [folder / "inbox" / "a.png"], folder)) == ["text"]


def test_one_that_is_gone_is_only_named(folder: Path) -> None:
    assert kinds(content("Look", [folder / "inbox" / "a.png"], folder)) == ["text"]
