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
# By PostgreSQL's SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html).
STATES = {
    "53100": "The disk of {file} is full. Free some space there, then try again.",
    "55P03": "Other programs keep {file} locked. Try again in a moment.",
    "57014": "{file} took too long. Try again in a moment.",
    "25006": "{file} cannot be written. Check that store.url names the server that writes.",
    "42501": "{file} does not let us use its tables. Make the user in store.url own the database.",
    "54000": "A text is too big for {file}. Send it in parts.",
    "58030": "The disk failed while {file} was used. Check the disk, then try again.",
    "XX001": "{file} is damaged. Look into the server's log, then restore a backup.",
    "XX002": "{file} is damaged. Look into the server's log, then restore a backup.",
}
UNREACHED = "{file} cannot be reached: {reason}. Check that it runs, and what store.url says."
LOST = "The connection to {file} was lost, so this may not be stored. Try again in a moment."
OTHERWISE = "{file} did not do what was asked ({name}). If it happens again, please report it."
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def code(error: BaseException | None) -> int | None:
    """SQLite's primary result code; None when it is no error of SQLite."""
    extended: int | None = getattr(error, "sqlite_errorcode", None)
    return None if extended is None else extended & 0xFF


@contextmanager
def translated(file: Path | str) -> Iterator[None]:
    """Errors of the database leave as StoreError. They never name a value, which may be private.

    `file`: or the name of what stands for it.
    """
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OverflowError) as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        name = getattr(cause, "sqlite_errorname", type(cause).__name__)
        told = sentence(error, cause).format(file=file, name=name, reason=reason(cause))
        raise StoreError(told) from without_values(error)


def sentence(error: Exception, cause: BaseException | None) -> str:
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return LOST
    if isinstance(error, sa.exc.OperationalError) and getattr(cause, "sqlstate", "") is None:
        return UNREACHED  # there was no connection yet that could have had a state
    return STATES.get(getattr(cause, "sqlstate", ""), SENTENCES.get(code(cause) or 0, OTHERWISE))


def reason(cause: BaseException | None) -> str:
    """The driver's own words, as far as they are one sentence."""
    return str(cause).partition("\n")[0].removeprefix("connection failed: ").rstrip(".")


def without_values(error: Exception) -> Exception:
    """PostgreSQL quotes the row that it refuses, in what SQLAlchemy then makes its message."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state is None or not isinstance(error, sa.exc.StatementError):
        return error
    return sa.exc.StatementError(
        f"SQLSTATE {state}", error.statement, None, None, hide_parameters=True
    )
