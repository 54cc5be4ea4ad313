"""A file on its way to the user: copied as it is when it is handed over.

So what is sent is what was checked. The path is opened folder by folder and no link is followed
on the way: what the guard has resolved may have been changed since, by a program that runs there,
to lead to the secrets of the bridge.
"""

import os
import secrets
import shutil
import stat
from pathlib import Path

import structlog

from bridge.agent.guard import Guard

log = structlog.get_logger(__name__)

MOST = 50_000_000  # bytes; Telegram takes no larger file from a bot


class Refused(Exception):
    """It is not sent. The message is a sentence for the model."""


def pack(guard: Guard, path: str, into: Path) -> Path:
    """The copy, under the file's own name. Refused: outside, missing, empty, too large."""
    real = guard.resolved(path)
    if real is None:
        raise Refused(f"{path} is outside of this session's folder.")
    try:
        source = opened(guard.folder.resolve(), real)
        try:
            size = checked(source, path)
            return copied(source, size, into / secrets.token_hex(4) / real.name)
        finally:
            os.close(source)
    except FileNotFoundError:
        raise Refused(f"There is no file {path}.") from None
    except OSError as error:
        raise Refused(f"{path} cannot be sent: {error.strerror}.") from error


def opened(folder: Path, file: Path) -> int:
    """The descriptor of a file in this folder, both resolved. OSError: a link is in the way."""
    *between, name = file.relative_to(folder).parts or (".",)
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in between:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
        # A pipe would wait for a writer.
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)


def checked(source: int, path: str) -> int:
    """Its size in bytes."""
    found = os.fstat(source)
    if not stat.S_ISREG(found.st_mode):
        raise Refused(f"{path} is not a regular file.")
    if not found.st_size:
        raise Refused(f"{path} is empty.")
    if found.st_size > MOST:
        raise Refused(
            f"{path} has {-(-found.st_size // 1_000_000)} MB; the chat takes up to 50 MB."
        )
    return found.st_size


def copied(source: int, size: int, target: Path) -> Path:
    """No more than its size: it may be growing."""
    target.parent.mkdir(parents=True, mode=0o700)
    with os.fdopen(source, "rb", closefd=False) as file:
        target.write_bytes(file.read(size))
    return target


def discard(folder: Path) -> None:
    """The copies, once they were sent."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        log.warning("handover.discard", error=error.strerror)
