"""Modes, confirmed parts, files, the trail, sums, grants, alerts, the gate, shares, steps up.

The running sums of the ledger are not filled here: a window is summed when it is first asked
for. The minutes of everyone's hour are, because they are only ever added to.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# Frozen here: what `bridge.store.columns` means today, so that this file stays true later.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MINUTE = 60_000_000  # microseconds


def upgrade() -> None:
    columns()
    sums()
    money()
    hands()


def columns() -> None:
    for table, name in (
        ("sessions", "mode"),
        ("sessions", "effort"),
        ("turns", "mode"),
        ("decisions", "effort"),
        ("inbox", "quote"),
        ("inbox", "album"),
    ):
        op.add_column(table, sa.Column(name, sa.Text(), server_default="", nullable=False))
    for table, name in (("inbox", "judges"), ("turns", "parts"), ("ledger", "chat")):
        op.add_column(table, sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    better = sa.Column("better", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("turns", better)
    for table, name in (("decisions", "climbed"), ("decisions", "observed"), ("inbox", "files")):
        op.add_column(table, sa.Column(name, sa.Text(), server_default="[]", nullable=False))
    op.add_column("inbox", sa.Column("whole_at", sa.BigInteger(), nullable=True))
    album = sa.text("album <> ''")
    op.create_index(
        "inbox_of_album", "inbox", ["album"], sqlite_where=album, postgresql_where=album
    )


def hands() -> None:
    for name in ("reason", "message_id", "listens"):
        column = sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
        op.add_column("asks", column)
    op.create_index("asks_of_chat", "asks", ["chat", "state"])
    op.create_table(
        "audit",
        sa.Column("number", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("chat", sa.BigInteger(), nullable=False),
        sa.Column("thread", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("update_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("audit_by_time", "audit", ["at"])


def sums() -> None:
    op.create_table(
        "windows",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("granted", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("user_id", "start", "end", name="windows_key"),
        sa.CheckConstraint("settled >= 0", name="windows_settled"),
        sa.CheckConstraint("held >= 0", name="windows_held"),
    )
    op.create_table(
        "minutes",
        sa.Column("minute", ID, autoincrement=False, nullable=False),
        sa.Column("settled", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("minute"),
        sa.CheckConstraint("settled >= 0", name="minutes_settled"),
        sa.CheckConstraint("held >= 0", name="minutes_held"),
    )
    op.execute(
        f"INSERT INTO minutes (minute, settled, held) SELECT held_at / {MINUTE}, "  # noqa: S608
        "SUM(COALESCE(cost, 0)), SUM(CASE WHEN cost IS NULL THEN held ELSE 0 END) "
        f"FROM ledger GROUP BY held_at / {MINUTE}"
    )


def money() -> None:
    op.create_table(
        "grants",
        sa.Column("update_id", ID, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("by_user", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("update_id"),
    )
    op.create_index("grants_of_user", "grants", ["user_id", "at", "amount"])
    op.create_table(
        "alerts",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "user_id", "start", "part", name="alerts_key"),
    )
    op.create_table(
        "gates",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("floor", sa.BigInteger(), nullable=True),
        sa.Column("by_user", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "shares",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("used", sa.Float(), nullable=False),
        sa.Column("resets_at", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
