"""What went wrong in the database, as a sentence that says what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from bridge.errors import StoreError

# By SQLite's primary result code (https://www.sqlite.org/rescode.html).
SENTENCES = {
    sqlite3.SQLITE_FULL: "The disk is full: {file} cannot grow. Free some space, then try again.",
    sqlite3.SQLITE_BUSY: "Another program keeps {file} locked. Close it, then try again.",
    sqlite3.SQLITE_LOCKED: "Another program keeps {file} locked. Close it, then try again.",
    sqlite3.SQLITE_READONLY: "{file} cannot be written. Check who owns it and its folder.",
    sqlite3.SQLITE_PERM: "{file} cannot be written. Check who owns it and its folder.",
    sqlite3.SQLITE_CANTOPEN: "{file} cannot be opened. Check who owns it and its folder.",
    sqlite3.SQLITE_IOERR: "The disk failed while {file} was used. Check the disk, then try again.",
    sqlite3.SQLITE_CORRUPT: "{file} is damaged. Start Tollbridge again: it sets the file aside.",
    sqlite3.SQLITE_NOTADB: "{file} is damaged. Start Tollbridge again: it sets the file aside.",
    sqlite3.SQLITE_TOOBIG: "A text is too big for {file}. Send it in parts.",
}
OTHERWISE = "{file} did not do what was asked ({name}). If it happens again, please report it."
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def code(error: BaseException | None) -> int | None:
    """SQLite's primary result code; None when it is no error of SQLite."""
    extended: int | None = getattr(error, "sqlite_errorcode", None)
    return None if extended is None else extended & 0xFF


@contextmanager
def translated(file: Path) -> Iterator[None]:
    """Errors of the database leave as StoreError. They never name a value, which may be private."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OverflowError) as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        sentence = SENTENCES.get(code(cause) or 0, OTHERWISE)
        name = getattr(cause, "sqlite_errorname", type(cause).__name__)
        raise StoreError(sentence.format(file=file, name=name)) from error
