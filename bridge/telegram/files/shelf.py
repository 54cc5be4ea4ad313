"""The `inbox` of a session's folder, where the files that were sent land.

Claude works in that folder and may have put links there, so none is followed: the inbox and each
file in it are opened by their folder's descriptor. Nothing that is there is ever written over;
the very same file is not kept twice. What is in a file is not looked at, still less unpacked.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from bridge.errors import ChatError
from bridge.telegram.files.names import numbered, safe

INBOX = "inbox"
CHUNK = 1 << 20  # bytes
HERE = os.O_RDONLY | os.O_DIRECTORY
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class NotKept(ChatError):
    """It cannot be written to the disk."""


@contextmanager
def blank(folder: Path) -> Iterator[BinaryIO]:
    """A file without a name, for what is being downloaded. NotKept: the disk is full."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryFile(dir=folder) as content:
            yield content
    except OSError as error:
        raise refused(folder, error) from error


def put(content: BinaryIO, name: str, folder: Path) -> Path:
    """Where it lies now, readable for us alone. NotKept: it cannot be kept, and why."""
    try:
        with opened(folder) as inbox:
            return folder / INBOX / kept(content, safe(name), inbox)
    except OSError as error:
        raise refused(folder, error) from error


def refused(folder: Path, error: OSError) -> NotKept:
    return NotKept(
        f"Your file cannot be kept in {folder / INBOX}: {error.strerror}. "
        "If something else is there under that name, move it away."
    )


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """The descriptor of the inbox, made where it is missing. OSError: it is a link, or a file."""
    at = os.open(folder, HERE)
    try:
        with suppress(FileExistsError):
            os.mkdir(INBOX, 0o700, dir_fd=at)
        inbox = os.open(INBOX, HERE | os.O_NOFOLLOW, dir_fd=at)
    finally:
        os.close(at)
    try:
        yield inbox
    finally:
        os.close(inbox)


def kept(content: BinaryIO, wanted: str, inbox: int) -> str:
    """The name it has got."""
    for name in numbered(wanted):
        try:
            target = os.open(name, NEW, 0o600, dir_fd=inbox)
        except FileExistsError:
            if same(content, name, inbox):
                return name
        else:
            with os.fdopen(target, "wb") as file:
                for chunk in chunks(content):
                    file.write(chunk)
            return name
    raise AssertionError("unreachable")


def same(content: BinaryIO, name: str, inbox: int) -> bool:
    """Whether that file, and no link or pipe, holds just this."""
    try:
        there = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=inbox)
    except OSError:
        return False
    try:
        found = os.fstat(there)
        if not stat.S_ISREG(found.st_mode) or found.st_size != size(content):
            return False
        with os.fdopen(there, "rb", closefd=False) as file:
            return all(file.read(len(chunk)) == chunk for chunk in chunks(content))
    finally:
        os.close(there)


def chunks(content: BinaryIO) -> Iterator[bytes]:
    content.seek(0)
    while chunk := content.read(CHUNK):
        yield chunk


def size(content: BinaryIO) -> int:
    return content.seek(0, os.SEEK_END)
