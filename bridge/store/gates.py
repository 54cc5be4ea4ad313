"""Everyone's circuit breaker as it was left: it survives a restart. No row = open."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from bridge.store import sums
from bridge.store.tables import gates, insert
from budgets.gate import Gate, State, current, emptied, passes, tripped, trips
from budgets.model import Hold, Limit, Usage
from budgets.windows import HOUR

EVERYONE = "everyone"
READ = sa.select(gates).where(gates.c.name == EVERYONE)


def read(conn: sa.Connection) -> Gate:
    row = conn.execute(READ).one_or_none()
    return Gate() if row is None else Gate(State(row.state), row.since, row.floor, row.by_user)


def write(conn: sa.Connection, gate: Gate) -> None:
    row = {"state": gate.state, "since": gate.since, "floor": gate.floor, "by_user": gate.by}
    fresh = insert(conn, gates).values(name=EVERYONE, **row)
    conn.execute(fresh.on_conflict_do_update(index_elements=["name"], set_=row))


def usage(conn: sa.Connection, limit: Limit) -> Usage:
    """Of everyone's hour, with the gate as it is when the hour is asked for."""
    gate = read(conn)
    used = since_floor(conn, limit, gate)
    return replace(used, gate=become(gate, used).state)


def passing(conn: sa.Connection, limit: Limit, hold: Hold) -> Usage:
    """The same when somebody wants to pass: if the gate moves, that is kept."""
    before = read(conn)
    used = since_floor(conn, limit, before)
    after = become(before, used)
    spent, most = used.settled + used.held, limit.amount or 0
    may = passes(after.state, small=hold.small)
    if may and not hold.rough and trips(spent, hold.amount, most):
        after = tripped(after, moment(limit))
    if after != before:
        write(conn, after)
    return replace(used, gate=after.state)


def since_floor(conn: sa.Connection, limit: Limit, gate: Gate) -> Usage:
    start, end = limit.window.start, limit.window.end
    return sums.used(limit, sums.of_hour(conn, max(start, gate.floor or start), end))


def become(gate: Gate, used: Usage) -> Gate:
    now = current(gate, moment(used.limit))
    return emptied(now, used.settled + used.held, used.limit.amount or 0)


def moment(limit: Limit) -> datetime:
    """When the hour of this limit was asked for: it slid from there."""
    return limit.window.start + HOUR
