"""One bridge for each store: a lock on a file beside it, which the system frees with its owner.

The file itself stays, because to remove it would race with the next one to lock it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.errors import StoreError
from bridge.store.file import make_folders


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """StoreError: another process is the bridge of this store, or its folder is not ours."""
    lock = opened(file.with_name(f"{file.name}.lock"))
    try:
        take(lock)
        yield
    finally:
        os.close(lock)


def opened(path: Path) -> int:
    try:
        make_folders(path)
        return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be made ({error.strerror}). Check who owns it and its folder."
        ) from error


def take(lock: int) -> None:
    """Python keeps it from our children, who would hold it longer than we live."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise taken(owner(lock)) from error
    except OSError as error:
        raise StoreError(
            f"The store cannot be locked ({error.strerror}). Keep it on a disk of this machine."
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)


def owner(lock: int) -> str | None:
    """It may be about to write its number."""
    return os.pread(lock, 32, 0).decode(errors="replace") or None


def taken(by: str | None) -> StoreError:
    return StoreError(f"Another tollbridge runs on this store (process {by or 'unknown'}).")
