"""Decisions with what became of them: outcome and cost. For looking back, not for the turn."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bridge.model import Outcome
from bridge.ports import Decision
from bridge.store import bills
from bridge.store.db import Database
from bridge.store.decisions import decision_of
from bridge.store.tables import decisions, turns
from budgets.model import Item


@dataclass(frozen=True, slots=True)
class Reviewed:
    """`outcome` is None while the turn is open."""

    decision: Decision
    outcome: Outcome | None
    items: Sequence[Item]


def reviewed(conn: sa.Connection, start: datetime) -> list[Reviewed]:
    joined = decisions.outerjoin(turns, turns.c.update_id == decisions.c.update_id)
    query = sa.select(decisions, turns.c.outcome).select_from(joined)
    rows = conn.execute(
        query.where(decisions.c.decided_at >= start).order_by(decisions.c.update_id)
    ).all()
    items: dict[int, list[Item]] = defaultdict(list)
    for update_id, item in bills.since(conn, start):
        items[update_id].append(item)
    return [
        Reviewed(
            decision_of(row), Outcome(row.outcome) if row.outcome else None, items[row.update_id]
        )
        for row in rows
    ]


async def since(db: Database, start: datetime) -> Sequence[Reviewed]:
    """The turns decided since then, oldest first."""
    return await db.read(reviewed, start)
