"""The ledger: one row for each API request, held before it is sent and settled after.

A window's sum counts what a settled row cost and what an open one holds, so a hold that a crash
left behind stays counted. A request belongs to the window in which it was held. Checking every
window and writing the row is one write transaction: nobody comes between.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.model import Spend
from bridge.store.db import Database
from bridge.store.tables import ledger
from budgets.model import Hold, Limit, Scope, Tokens, Usage

OF_ONE_USER = (Scope.USER_DAY, Scope.USER_MONTH)
CHARGED = sa.func.coalesce(ledger.c.cost, ledger.c.held)
OPEN = sa.case((ledger.c.cost.is_(None), ledger.c.held), else_=0)


def total(amount: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.coalesce(sa.func.sum(amount), 0)


# Built once: to build them for each request costs more than to run them.
KNOWN = sa.select(ledger.c.request_id).where(ledger.c.request_id == sa.bindparam("request"))
OF_TURN = sa.select(total(CHARGED)).where(ledger.c.update_id == sa.bindparam("turn"))
IN_WINDOW = sa.select(total(ledger.c.cost), total(OPEN)).where(
    ledger.c.held_at >= sa.bindparam("start"), ledger.c.held_at < sa.bindparam("end")
)
IN_WINDOW_OF_USER = IN_WINDOW.where(ledger.c.user_id == sa.bindparam("user"))
SETTLE = sa.update(ledger).where(
    ledger.c.request_id == sa.bindparam("request"), ledger.c.cost.is_(None)
)


def usage(conn: sa.Connection, user: int, limit: Limit) -> Usage:
    window = limit.window
    bounds: dict[str, Any] = {"start": window.start, "end": window.end}
    if window.scope in OF_ONE_USER:
        settled, held = conn.execute(IN_WINDOW_OF_USER, bounds | {"user": user}).one()
    else:
        settled, held = conn.execute(IN_WINDOW, bounds).one()
    return Usage(limit, int(settled), int(held))  # PostgreSQL sums to Decimal


def usages(conn: sa.Connection, user: int, limits: Sequence[Limit]) -> list[Usage]:
    return [usage(conn, user, limit) for limit in limits]


def fits(used: Usage, amount: int) -> bool:
    most = used.limit.amount
    return most is not None and used.settled + used.held + amount <= most


def known(conn: sa.Connection, request_id: str) -> bool:
    return conn.scalars(KNOWN, {"request": request_id}).one_or_none() is not None


def hold(conn: sa.Connection, hold: Hold, limits: Sequence[Limit]) -> Usage | None:
    if known(conn, hold.request_id):
        return None
    for limit in limits:
        used = usage(conn, hold.user, limit)
        if not fits(used, hold.amount):
            return used
    conn.execute(sa.insert(ledger), row_of(hold))
    return None


def row_of(hold: Hold) -> dict[str, Any]:
    return {
        "request_id": hold.request_id,
        "update_id": hold.update_id,
        "user_id": hold.user,
        "session": hold.session,
        "model": hold.model,
        "held_at": hold.at,
        "held": hold.amount,
    }


def settle(conn: sa.Connection, request_id: str, cost: int, tokens: Tokens) -> None:
    values = {"request": request_id, "cost": cost} | asdict(tokens)
    if conn.execute(SETTLE, values).rowcount == 0 and not known(conn, request_id):
        raise StoreError(f"The request {request_id} was never held, so it cannot be settled.")


def spent(
    conn: sa.Connection, since: datetime, until: datetime, user: int | None, zone: ZoneInfo
) -> list[Spend]:
    chosen = sa.and_(
        ledger.c.held_at >= since,
        ledger.c.held_at < until,
        sa.true() if user is None else ledger.c.user_id == user,
    )
    ends = sa.select(sa.func.min(ledger.c.held_at), sa.func.max(ledger.c.held_at)).where(chosen)
    first, last = conn.execute(ends).one()
    days = [] if first is None else local_days(first, last, zone)
    return [row for day in days for row in spent_on(conn, day, chosen, zone)]


def local_days(first: datetime, last: datetime, zone: ZoneInfo) -> list[date]:
    start = first.astimezone(zone).date()
    count = (last.astimezone(zone).date() - start).days + 1
    return [start + timedelta(days=number) for number in range(count)]


def spent_on(
    conn: sa.Connection, day: date, chosen: sa.ColumnElement[bool], zone: ZoneInfo
) -> list[Spend]:
    """One query a day: where a local day begins and ends, no SQL of both databases can tell."""
    start, end = (
        datetime.combine(midnight, time.min, zone).astimezone(UTC)
        for midnight in (day, day + timedelta(days=1))
    )
    group = (ledger.c.user_id, ledger.c.session, ledger.c.model)
    turns = sa.func.count(ledger.c.update_id.distinct())
    query = sa.select(*group, turns, total(CHARGED)).where(
        chosen, ledger.c.held_at >= start, ledger.c.held_at < end
    )
    rows = conn.execute(query.group_by(*group).order_by(*group)).all()
    return [
        Spend(day.isoformat(), user, session, model, count, int(cost))
        for user, session, model, count, cost in rows
    ]


def turn_cost(conn: sa.Connection, update_id: int) -> int:
    return int(conn.scalars(OF_TURN, {"turn": update_id}).one())


class Ledger:
    """`ports.Ledger`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def usage(self, user: int, limits: Sequence[Limit]) -> Sequence[Usage]:
        return await self._db.read(usages, user, limits)

    async def hold(self, hold_: Hold, limits: Sequence[Limit]) -> Usage | None:
        return await self._db.write(hold, hold_, limits)

    async def settle(self, request_id: str, cost: int, tokens: Tokens) -> None:
        """A cost above the hold is recorded as it is: the ledger tells what was charged.

        StoreError: nothing was held under this id.
        """
        await self._db.write(settle, request_id, cost, tokens)

    async def spent(
        self,
        since: datetime,
        until: datetime,
        user: int | None = None,
        timezone: str = "UTC",
    ) -> Sequence[Spend]:
        """Disjoint rows, by day. A turn that used two models counts once in the row of each."""
        return await self._db.read(spent, since, until, user, ZoneInfo(timezone))

    async def turn_cost(self, update_id: int) -> int:
        return await self._db.read(turn_cost, update_id)
