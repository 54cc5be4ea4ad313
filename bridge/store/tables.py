"""The tables, and the few pieces of SQL that every file here needs.

A change here needs a migration in `migrations/versions` and a new `VERSION`; a test compares
both. Money is micro-USD. A session is named by three columns everywhere: chat, thread, session.
What `forgotten` marks stays for the record, but belongs to a session that was deleted: a later
one of that name knows nothing of it.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bridge.model import SessionKey
from bridge.store.columns import Id, Json, Time, Words

Row = sa.Row[*tuple[Any, ...]]  # of any table

Insert = sqlite.Insert | postgresql.Insert
INSERTS: dict[str, Callable[[sa.Table], Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}

VERSION = "0002"  # the newest migration

metadata = sa.MetaData()


def place() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("chat", sa.BigInteger, nullable=False),
        sa.Column("thread", sa.BigInteger, nullable=False),
    )


def session() -> tuple[sa.Column[Any], ...]:
    return (*place(), sa.Column("session", Words, nullable=False))


def flag(name: str) -> sa.Column[Any]:
    """False at first."""
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def words(name: str) -> sa.Column[Any]:
    """A text that is empty at first."""
    return sa.Column(name, Words, nullable=False, server_default="")


def amount(name: str) -> sa.Column[Any]:
    """A whole number that starts at 0."""
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("update_id", Id, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    *session(),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("message_id", sa.BigInteger, nullable=False),
    sa.Column("text", Words, nullable=False),
    sa.Column("raw", Words, nullable=False),
    sa.Column("sent_at", Time),
    sa.Column("received_at", Time, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # inbox.State
    sa.Column("absorbed_by", sa.BigInteger),  # the message it is a part of, or answered with
    amount("judges"),  # the turn whose answer was not good enough; 0 = none
    sa.Column("files", Json, nullable=False, server_default="[]"),
    words("quote"),
    words("album"),  # the same for all parts of one; "" = it is no part
    sa.Column("whole_at", Time),  # no more parts after that; NULL = it never had any
    sa.Index("inbox_of_session", "state", "chat", "thread", "session"),
    sa.Index("inbox_of_user", "state", "user_id"),
    sa.Index(
        "inbox_of_album",
        "album",
        sqlite_where=sa.text("album <> ''"),
        postgresql_where=sa.text("album <> ''"),
    ),
    sa.Index(
        "inbox_absorbed",
        "absorbed_by",
        sqlite_where=sa.text("absorbed_by IS NOT NULL"),
        postgresql_where=sa.text("absorbed_by IS NOT NULL"),
    ),
)

chats = sa.Table(  # where people are when it is not the session `main`
    "chats",
    metadata,
    *session(),
    sa.PrimaryKeyConstraint("chat", "thread", name="chats_key"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    *session(),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("folder", Words, nullable=False),
    sa.Column("started_at", Time, nullable=False),
    sa.Column("active_at", Time, nullable=False),
    amount("epoch"),
    sa.Column("claude_id", sa.Text),
    sa.Column("pin", Words),
    sa.Column("model", Words),
    amount("messages"),
    amount("cost"),
    amount("context_tokens"),
    words("home"),
    words("last_entry"),
    flag("fork"),
    words("borrowed"),
    sa.Column("minutes", sa.Float),
    words("mode"),  # "" = the default
    words("effort"),
    sa.PrimaryKeyConstraint("chat", "thread", "session", name="sessions_key"),
    sa.Index("sessions_in_folder", "folder"),
)

counters = sa.Table(  # numbers that are given out once
    "counters",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    amount("value"),
)

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("update_id", Id, primary_key=True, autoincrement=False),
    *session(),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("message_id", sa.BigInteger, nullable=False),
    sa.Column("model", Words, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("started_at", Time, nullable=False),
    flag("touched"),  # a tool ran
    sa.Column("outcome", sa.Text),  # NULL while the turn is open
    sa.Column("text", Words),
    sa.Column("footer", Words),
    sa.Column("closed_at", Time),
    sa.Column("delivered_at", Time),
    flag("forgotten"),
    words("mode"),  # "" = the default
    amount("parts"),  # messages of the answer that Telegram has confirmed
    flag("better"),  # a larger model could be asked the same
    sa.Index("turns_of_session", "chat", "thread", "session", "update_id"),
    sa.Index("turns_by_delivery", "delivered_at", "outcome"),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("update_id", Id, primary_key=True, autoincrement=False),
    *session(),
    sa.Column("decided_at", Time, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("model", Words, nullable=False),
    sa.Column("rule", Words),
    sa.Column("why", Words, nullable=False),
    sa.Column("features", Json, nullable=False),  # the whole request, to decide it again
    flag("forgotten"),
    words("effort"),
    sa.Column("climbed", Json, nullable=False, server_default="[]"),  # steps up within the turn
    sa.Column("observed", Json, nullable=False, server_default="[]"),  # what watching rules said
    sa.Index("decisions_of_session", "chat", "thread", "session", "update_id"),
)

ledger = sa.Table(  # one row for each API request
    "ledger",
    metadata,
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("update_id", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("session", Words, nullable=False),
    sa.Column("model", Words, nullable=False),
    sa.Column("held_at", Time, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("cost", sa.BigInteger),  # NULL until it is settled
    amount("input"),
    amount("output"),
    amount("cache_read"),
    amount("cache_write_5m"),
    amount("cache_write_1h"),
    amount("web_searches"),
    amount("chat"),
    sa.CheckConstraint("held >= 0", name="ledger_held"),
    sa.CheckConstraint("cost >= 0", name="ledger_cost"),
    # They hold all that a window's sum needs, so the rows themselves are not read.
    sa.Index("ledger_of_user", "user_id", "held_at", "cost", "held"),
    sa.Index("ledger_of_everyone", "held_at", "cost", "held"),
    sa.Index("ledger_of_turn", "update_id", "cost", "held"),
)

windows = sa.Table(  # the running sums of the ledger, made when a window is first asked for
    "windows",
    metadata,
    sa.Column("user_id", sa.BigInteger, nullable=False),  # 0 = everyone
    sa.Column("start", Time, nullable=False),
    sa.Column("end", Time, nullable=False),
    amount("settled"),
    amount("held"),
    amount("granted"),
    sa.PrimaryKeyConstraint("user_id", "start", "end", name="windows_key"),
    sa.CheckConstraint("settled >= 0", name="windows_settled"),
    sa.CheckConstraint("held >= 0", name="windows_held"),
)

minutes = sa.Table(  # the running sums of everyone's sliding hour
    "minutes",
    metadata,
    sa.Column("minute", Id, primary_key=True, autoincrement=False),  # since 1970
    amount("settled"),
    amount("held"),
    sa.CheckConstraint("settled >= 0", name="minutes_settled"),
    sa.CheckConstraint("held >= 0", name="minutes_held"),
)

grants = sa.Table(  # money on top of a user's limits
    "grants",
    metadata,
    sa.Column("update_id", Id, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("by_user", sa.BigInteger, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Index("grants_of_user", "user_id", "at", "amount"),
)

alerts = sa.Table(  # what was told of a window, so that it is told once
    "alerts",
    metadata,
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),  # 0 = everyone
    sa.Column("start", Time, nullable=False),
    sa.Column("part", sa.Float, nullable=False),
    sa.PrimaryKeyConstraint("scope", "user_id", "start", "part", name="alerts_key"),
)

gates = sa.Table(  # everyone's circuit breaker; no row = open
    "gates",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),  # budgets.gate.State
    sa.Column("since", Time),
    sa.Column("floor", Time),
    amount("by_user"),
)

shares = sa.Table(  # of a subscription's windows, as the API told them last
    "shares",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("used", sa.Float, nullable=False),
    sa.Column("resets_at", Time),
    sa.Column("seen_at", Time, nullable=False),
)

asks = sa.Table(
    "asks",
    metadata,
    sa.Column("nonce", sa.Text, primary_key=True),
    *session(),
    sa.Column("update_id", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("title", Words, nullable=False),
    sa.Column("body", Words, nullable=False),
    sa.Column("options", Json, nullable=False),
    sa.Column("multiple", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # asks.State
    amount("reason"),  # the option that wants words; 0 = none does
    amount("message_id"),  # of the message with its buttons; 0 = not shown yet
    amount("listens"),  # the user whose next message is the answer; 0 = nobody's
    sa.Index("asks_of_turn", "update_id", "state"),
    sa.Index("asks_of_chat", "chat", "state"),
)

audit = sa.Table(  # each call of a tool, and why it was let through or not
    "audit",
    metadata,
    sa.Column("number", Id, primary_key=True),
    sa.Column("at", Time, nullable=False),
    *session(),
    sa.Column("update_id", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("tool", Words, nullable=False),
    sa.Column("what", Words, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("allowed", sa.Boolean, nullable=False),
    sa.Column("why", Words, nullable=False),
    sa.Index("audit_by_time", "at"),
)


def insert(conn: sa.Connection, table: sa.Table) -> Insert:
    """An insert with the `on_conflict` clauses, which SQLAlchemy spells by dialect."""
    return INSERTS[conn.dialect.name](table)


def put(
    conn: sa.Connection,
    table: sa.Table,
    row: dict[str, Any],
    where: sa.ColumnElement[bool] | None = None,
) -> bool:
    """Insert it, or write it over the row of the same update. False: not `where` that is wanted."""
    return conn.execute(upsert(conn.dialect.name, table, tuple(row), where), row).rowcount == 1


@cache  # to build one costs more than to run it
def upsert(
    dialect: str, table: sa.Table, columns: tuple[str, ...], where: sa.ColumnElement[bool] | None
) -> Insert:
    fresh = INSERTS[dialect](table)
    over = {name: fresh.excluded[name] for name in columns}
    return fresh.on_conflict_do_update(index_elements=["update_id"], set_=over, where=where)


def of_session(table: sa.Table) -> sa.ColumnElement[bool]:
    """Only the rows of the session that `named` gives as parameters."""
    return sa.and_(*(column == sa.bindparam(column.name) for column in key_columns(table)))


def key_columns(table: sa.Table) -> tuple[sa.Column[Any], ...]:
    return table.c.chat, table.c.thread, table.c.session


def of(table: sa.Table, key: SessionKey) -> sa.ColumnElement[bool]:
    """Only the rows of this session."""
    return sa.and_(
        table.c.chat == key.chat, table.c.thread == key.thread, table.c.session == key.name
    )


def named(key: SessionKey) -> dict[str, Any]:
    """The three columns that name a session."""
    return {"chat": key.chat, "thread": key.thread, "session": key.name}


def key_of(row: Row) -> SessionKey:
    return SessionKey(row.chat, row.thread, row.session)
