"""The running sums of the ledger: a hold looks at a few rows, however much was spent before.

`windows` has a row for each day and month in which something was held. It is summed from the
ledger when it is first needed; from there on each entry, and each grant, is added to every row
whose window it lies in. A row that is missing only costs time, so those that have ended are thrown
away.

Everyone's hour slides and has no row. It is the sum of whole `minutes`, of which none that has an
entry is ever missing, and, to the microsecond, of the entries in the two that it cuts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from bridge.store.columns import EPOCH, MICROSECOND
from bridge.store.tables import grants, ledger, minutes, windows
from budgets.model import Limit, Scope, Usage, Window

EVERYONE = 0  # instead of a user's id
OF_ONE_USER = (Scope.USER_DAY, Scope.USER_MONTH)
MINUTE = timedelta(minutes=1)


class Sum(NamedTuple):
    """Micro-USD."""

    settled: int
    held: int
    granted: int = 0

    @classmethod
    def of(cls, row: Sequence[Any]) -> "Sum":
        """PostgreSQL sums to Decimal."""
        return cls(*map(int, row))


SETTLED = sa.func.coalesce(ledger.c.cost, 0).label("settled")
HELD = sa.case((ledger.c.cost.is_(None), ledger.c.held), else_=0).label("held")


def total(amount: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(amount), 0)


def between(time: sa.Column[datetime], start: str, end: str) -> sa.ColumnElement[bool]:
    return sa.and_(time >= sa.bindparam(start), time < sa.bindparam(end))


def entries(start: str, end: str) -> sa.Select[Any]:
    return sa.select(SETTLED, HELD).where(between(ledger.c.held_at, start, end))


def summed(rows: sa.Select[Any] | sa.CompoundSelect[Any], *others: Any) -> sa.Select[Any]:
    listed = rows.subquery()
    return sa.select(total(listed.c.settled), total(listed.c.held), *others)


def by_minute() -> sa.Select[Any]:
    minute = sa.type_coerce(ledger.c.held_at, sa.BigInteger) // (MINUTE // MICROSECOND)
    listed = sa.select(minute.label("minute"), SETTLED, HELD).subquery()
    sums = total(listed.c.settled), total(listed.c.held)
    return sa.select(listed.c.minute, *sums).group_by(listed.c.minute)


def adding(table: sa.Table, names: Sequence[str], *where: sa.ColumnElement[bool]) -> sa.Update:
    more = {name: table.c[name] + sa.bindparam(f"more_{name}") for name in names}
    return sa.update(table).where(*where).values(more)


# Built once: to build them for each request costs more than to run them.
OWNER: sa.BindParameter[int] = sa.bindparam("owner")
AT: sa.BindParameter[datetime] = sa.bindparam("at")
GRANTED = sa.select(total(grants.c.amount)).where(
    grants.c.user_id == OWNER, between(grants.c.at, "start", "end")
)
OF_EVERYONE = summed(entries("start", "end"))
OF_USER = summed(
    entries("start", "end").where(ledger.c.user_id == OWNER), GRANTED.scalar_subquery()
)
OF_HOUR = summed(
    sa.union_all(
        entries("start", "first"),
        sa.select(minutes.c.settled, minutes.c.held).where(
            minutes.c.minute >= sa.bindparam("first_minute"),
            minutes.c.minute < sa.bindparam("last_minute"),
        ),
        entries("last", "end"),
    )
)
BY_MINUTE = by_minute()
KEPT = sa.select(windows.c.settled, windows.c.held, windows.c.granted).where(
    windows.c.user_id == OWNER,
    windows.c.start == sa.bindparam("start"),
    windows.c.end == sa.bindparam("end"),
)
KEEP = sa.insert(windows)
PRUNE = sa.delete(windows).where(windows.c.end <= sa.bindparam("start"))
AROUND = sa.and_(windows.c.start <= AT, windows.c.end > AT)
ENTER = adding(windows, ("settled", "held"), windows.c.user_id.in_((EVERYONE, OWNER)), AROUND)
GRANT = adding(windows, ("granted",), windows.c.user_id == OWNER, AROUND)
ENTER_MINUTE = adding(minutes, ("settled", "held"), minutes.c.minute == sa.bindparam("of"))
NEW_MINUTE = sa.insert(minutes)


def used(limit: Limit, found: Sum) -> Usage:
    """What was granted raises the limit; an absent one stays absent."""
    if found.granted and limit.amount is not None:
        limit = replace(limit, amount=limit.amount + found.granted)
    return Usage(limit, found.settled, found.held)


def of_window(conn: sa.Connection, user: int, window: Window) -> Sum:
    """Of a day or a month. `user` is who asks: everyone's is everyone's."""
    named = name(user, window)
    return look_up(conn, named) or add_up(conn, named)


def kept(conn: sa.Connection, user: int, window: Window) -> Sum:
    """The same in a write, which makes its row if there is none."""
    named = name(user, window)
    if found := look_up(conn, named):
        return found
    conn.execute(PRUNE, named)
    found = add_up(conn, named)
    bounds = {"user_id": named["owner"], "start": window.start, "end": window.end}
    conn.execute(KEEP, bounds | found._asdict())
    return found


def name(user: int, window: Window) -> dict[str, Any]:
    owner = user if window.scope in OF_ONE_USER else EVERYONE
    return {"owner": owner, "start": window.start, "end": window.end}


def look_up(conn: sa.Connection, named: Mapping[str, Any]) -> Sum | None:
    row = conn.execute(KEPT, named).one_or_none()
    return Sum.of(row) if row else None


def add_up(conn: sa.Connection, named: Mapping[str, Any]) -> Sum:
    query = OF_EVERYONE if named["owner"] == EVERYONE else OF_USER
    return Sum.of(conn.execute(query, named).one())


def of_hour(conn: sa.Connection, start: datetime, end: datetime) -> Sum:
    """Of everyone, from `start` to `end`: any two moments, though meant for an hour."""
    first_minute, last_minute = -((EPOCH - start) // MINUTE), (end - EPOCH) // MINUTE
    first = min(EPOCH + first_minute * MINUTE, end)
    bounds = {
        "start": start,
        "first": first,
        "first_minute": first_minute,
        "last_minute": last_minute,
        "last": max(EPOCH + last_minute * MINUTE, first),
        "end": end,
    }
    return Sum.of(conn.execute(OF_HOUR, bounds).one())


def enter(conn: sa.Connection, user: int, at: datetime, settled: int, held: int) -> None:
    """Add an entry of the ledger, or how it changed, to every sum that it belongs to."""
    more = {"more_settled": settled, "more_held": held}
    conn.execute(ENTER, {"owner": user, "at": at} | more)
    minute = (at - EPOCH) // MINUTE
    if conn.execute(ENTER_MINUTE, {"of": minute} | more).rowcount == 0:
        conn.execute(NEW_MINUTE, {"minute": minute, "settled": settled, "held": held})


def grant(conn: sa.Connection, user: int, at: datetime, amount: int) -> None:
    conn.execute(GRANT, {"owner": user, "at": at, "more_granted": amount})
