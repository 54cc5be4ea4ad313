"""Which model answered each turn, by which rule, and the request it was decided on."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bridge.model import Climbed, SessionKey, Turn
from bridge.ports import Decision
from bridge.store.db import Database
from bridge.store.tables import Row, decisions, key_of, named, of, put
from routing.model import Choice, Request, Seen

# Built once: to build it for each message costs more than to run it.
FIND = sa.select(decisions).where(decisions.c.update_id == sa.bindparam("update"))


def record(conn: sa.Connection, turn: Turn, request: Request, choice: Choice) -> None:
    """A turn that is run again after a crash is decided again; the last decision stays."""
    row = named(turn.key) | {
        "update_id": turn.update_id,
        "decided_at": turn.started_at,
        "settings": turn.settings,
        "model": choice.model,
        "rule": choice.rule,
        "why": choice.why,
        "effort": choice.effort,
        "features": asdict(request) | {"now": request.now.isoformat()},
        "observed": [asdict(seen) for seen in choice.seen],
        "climbed": [],
    }
    put(conn, decisions, row)


def climb(conn: sa.Connection, update_id: int, step: Climbed) -> None:
    made = find(conn, update_id)
    if made is not None:
        steps = [asdict(each) for each in (*made.climbed, step)]
        changed = sa.update(decisions).where(decisions.c.update_id == update_id)
        conn.execute(changed.values(climbed=steps))


def find(conn: sa.Connection, update_id: int) -> Decision | None:
    row = conn.execute(FIND, {"update": update_id}).one_or_none()
    return None if row is None else decision_of(row)


def last(conn: sa.Connection, key: SessionKey) -> Decision | None:
    query = sa.select(decisions).where(of(decisions, key), ~decisions.c.forgotten)
    row = conn.execute(query.order_by(decisions.c.update_id.desc()).limit(1)).one_or_none()
    return None if row is None else decision_of(row)


def since(conn: sa.Connection, start: datetime) -> list[Decision]:
    query = sa.select(decisions).where(decisions.c.decided_at >= start)
    return [decision_of(row) for row in conn.execute(query.order_by(decisions.c.update_id))]


def decision_of(row: Row) -> Decision:
    seen = tuple(Seen(**each) for each in row.observed)
    return Decision(
        update_id=row.update_id,
        key=key_of(row),
        at=row.decided_at,
        settings=row.settings,
        request=request_of(row.features),
        choice=Choice(row.model, row.rule, row.why, row.effort, seen),
        climbed=tuple(Climbed(**each) for each in row.climbed),
    )


def request_of(features: dict[str, Any]) -> Request:
    """As it was; what this version does not know of an older one's record has its default."""
    return Request(**features | {"now": datetime.fromisoformat(features["now"])})


class Decisions:
    """`ports.Decisions`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def record(self, turn: Turn, request: Request, choice: Choice) -> None:
        await self._db.write(record, turn, request, choice)

    async def climbed(self, update_id: int, step: Climbed) -> None:
        await self._db.write(climb, update_id, step)

    async def last(self, key: SessionKey) -> Decision | None:
        return await self._db.read(last, key)

    async def find(self, update_id: int) -> Decision | None:
        return await self._db.read(find, update_id)

    async def since(self, start: datetime) -> Sequence[Decision]:
        return await self._db.read(since, start)
