"""The ledger: one row for each API request, held before it is sent and settled after.

A window's sum counts what a settled row cost and what an open one holds, so a hold that a crash
left behind stays counted. A request belongs to the window in which it was held. Checking every
window, writing the row and adding it to the sums is one write transaction: nobody comes between.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.model import Spend
from bridge.store import alerts, bills, gates, grants, shares, sums
from bridge.store.db import Database
from bridge.store.sums import total
from bridge.store.tables import ledger
from budgets.gate import Gate, current, passes
from budgets.model import Hold, Item, Limit, Scope, Tokens, Usage
from budgets.shares import Share

TOKENS = tuple(field.name for field in fields(Tokens))
CHARGED = sa.func.coalesce(ledger.c.cost, ledger.c.held)

# Built once: to build them for each request costs more than to run them.
KNOWN = sa.select(ledger.c.request_id).where(ledger.c.request_id == sa.bindparam("request"))
OF_TURN = sa.select(total(CHARGED)).where(ledger.c.update_id == sa.bindparam("turn"))
HOLD = sa.insert(ledger)
SETTLE = (
    sa.update(ledger)
    .where(ledger.c.request_id == sa.bindparam("request"), ledger.c.cost.is_(None))
    .returning(ledger.c.user_id, ledger.c.held_at, ledger.c.held)
)
LEFT = sa.select(ledger.c.request_id, ledger.c.held).where(
    ledger.c.cost.is_(None), ledger.c.held_at < sa.bindparam("before")
)


def usages(conn: sa.Connection, user: int, limits: Sequence[Limit]) -> list[Usage]:
    return [usage(conn, user, limit) for limit in limits]


def usage(conn: sa.Connection, user: int, limit: Limit) -> Usage:
    if limit.window.scope is Scope.HOUR:
        return gates.usage(conn, limit)
    return sums.used(limit, sums.of_window(conn, user, limit.window))


def hold(conn: sa.Connection, hold: Hold, limits: Sequence[Limit]) -> Usage | None:
    if known(conn, hold.request_id):
        return None
    for limit in limits:
        used = charging(conn, hold, limit)
        if not fits(used, hold):
            return used
    conn.execute(HOLD, row_of(hold))
    sums.enter(conn, hold.user, hold.at, settled=0, held=hold.amount)
    return None


def charging(conn: sa.Connection, hold: Hold, limit: Limit) -> Usage:
    """`usage` for somebody who wants to spend: what is learned of it is kept for the next one."""
    if limit.window.scope is Scope.HOUR:
        return gates.passing(conn, limit, hold)
    return sums.used(limit, sums.kept(conn, hold.user, limit.window))


def known(conn: sa.Connection, request_id: str) -> bool:
    return conn.scalars(KNOWN, {"request": request_id}).one_or_none() is not None


def fits(used: Usage, hold: Hold) -> bool:
    most = used.limit.amount
    if most is None or not passes(used.gate, small=hold.small):
        return False
    return used.settled + used.held + hold.amount <= most


def row_of(hold: Hold) -> dict[str, Any]:
    return {
        "request_id": hold.request_id,
        "update_id": hold.update_id,
        "user_id": hold.user,
        "session": hold.session,
        "model": hold.model,
        "held_at": hold.at,
        "held": hold.amount,
        "chat": hold.chat,
    }


def settle(conn: sa.Connection, request_id: str, cost: int, tokens: Tokens) -> None:
    used = {name: getattr(tokens, name) for name in TOKENS}
    values = {"request": request_id, "cost": cost} | used
    row = conn.execute(SETTLE, values).one_or_none()
    if row is not None:
        sums.enter(conn, row.user_id, row.held_at, settled=cost, held=-row.held)
    elif not known(conn, request_id):
        raise StoreError(f"The request {request_id} was never held, so it cannot be settled.")


def recover(conn: sa.Connection, before: datetime) -> int:
    """Settle what was held before and never settled, at what it held: nobody knows any more what
    was charged, only that it was not more. How many there were.

    Only for the one bridge of a store, when it starts: what is open then, nobody works on.
    """
    left = conn.execute(LEFT, {"before": before}).all()
    for request_id, held in left:
        settle(conn, request_id, held, Tokens())
    return len(left)


def spent(
    conn: sa.Connection,
    since: datetime,
    until: datetime,
    user: int | None,
    zone: ZoneInfo,
    chat: int | None = None,
) -> list[Spend]:
    chosen = sa.and_(
        ledger.c.held_at >= since,
        ledger.c.held_at < until,
        sa.true() if user is None else ledger.c.user_id == user,
        sa.true() if chat is None else ledger.c.chat == chat,
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
        chat: int | None = None,
    ) -> Sequence[Spend]:
        """Disjoint rows, by day. A turn that used two models counts once in the row of each."""
        return await self._db.read(spent, since, until, user, ZoneInfo(timezone), chat)

    async def turn_cost(self, update_id: int) -> int:
        return await self._db.read(turn_cost, update_id)

    async def bill(self, update_id: int) -> Sequence[Item]:
        return await self._db.read(bills.bill, update_id)

    async def shares(self) -> Sequence[Share]:
        return await self._db.read(shares.load)

    async def grant(self, update_id: int, user: int, amount: int, by: int, at: datetime) -> None:
        await self._db.write(grants.grant, update_id, user, amount, by, at)

    async def alert(self, what: str, user: int, start: datetime, part: float) -> bool:
        return await self._db.write(alerts.first, what, user, start, part)

    async def gate(self, now: datetime) -> Gate:
        """What an hour that has emptied has opened, only `usage` and `hold` can tell."""
        return current(await self._db.read(gates.read), now)

    async def set_gate(self, gate: Gate) -> None:
        await self._db.write(gates.write, gate)
