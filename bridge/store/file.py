"""The file of a SQLite database: made for its owner alone, looked through before it is used.

A damaged one is set aside with its WAL, whole, so that it can still be repaired. Nothing
new is begun in its place until somebody has decided so: an empty ledger would forget what was
spent, and a supervisor restarts us faster than anybody reads.
"""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bridge.errors import StoreError
from bridge.store.faults import DAMAGED, code, translated

SIDES = ("", "-wal", "-shm")  # SQLite finds them by these names


def prepare(file: Path) -> None:
    """StoreError: it cannot be made or opened, or it is damaged."""
    try:
        if not file.exists():
            refuse_after_damage(file)
            make(file)
    except OSError as error:
        raise StoreError(
            f"{file} cannot be made ({error.strerror}). Check who owns its folder."
        ) from error
    if damage := find_damage(file):
        aside = set_aside(file)
        raise StoreError(f"{file} is damaged ({damage}). {what_now(aside)}")


def refuse_after_damage(file: Path) -> None:
    damaged = sorted(file.parent.glob(f"{file.name}.damaged-*[0-9]"))
    if damaged:
        raise StoreError(f"{file} was damaged. {what_now(damaged[-1])}")


def what_now(aside: Path) -> str:
    return (
        f"It was set aside as {aside.name}. Put a backup in its place, or move that file to "
        f"another folder to begin with an empty database, then start again."
    )


def make(file: Path) -> None:
    make_folders(file)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


def make_folders(file: Path) -> None:
    """The missing ones above it."""
    for folder in reversed(file.parents):
        folder.mkdir(mode=0o700, exist_ok=True)


def find_damage(file: Path) -> str | None:
    """What is wrong with the content, if anything is. Opened read-only, so nothing changes."""
    with translated(file):
        try:
            with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as conn:
                (verdict,) = conn.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            if code(error) not in DAMAGED:
                raise
            return str(error)
    return None if verdict == "ok" else " ".join(verdict.split())


def set_aside(file: Path) -> Path:
    now = datetime.now(UTC)
    aside = file.with_name(f"{file.name}.damaged-{now:%Y%m%dT%H%M%S%f}")
    for side in SIDES:
        part = file.with_name(file.name + side)
        if part.exists():
            part.rename(aside.with_name(aside.name + side))
    return aside
