"""Which model answered each turn, by which rule, and the request it was decided on."""

from dataclasses import asdict

import sqlalchemy as sa

from bridge.model import SessionKey, Turn
from bridge.store.db import Database
from bridge.store.tables import decisions, named, of, put
from routing.model import Choice, Request


def record(conn: sa.Connection, turn: Turn, request: Request, choice: Choice) -> None:
    """A turn that is run again after a crash is decided again; the last decision stays."""
    row = named(turn.key) | {
        "update_id": turn.update_id,
        "decided_at": turn.started_at,
        "settings": turn.settings,
        "model": choice.model,
        "rule": choice.rule,
        "why": choice.why,
        "features": asdict(request) | {"now": request.now.isoformat()},
    }
    put(conn, decisions, row)


def last(conn: sa.Connection, key: SessionKey) -> Choice | None:
    query = sa.select(decisions).where(of(decisions, key), ~decisions.c.forgotten)
    row = conn.execute(query.order_by(decisions.c.update_id.desc()).limit(1)).one_or_none()
    return None if row is None else Choice(row.model, row.rule, row.why)


class Decisions:
    """`ports.Decisions`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def record(self, turn: Turn, request: Request, choice: Choice) -> None:
        await self._db.write(record, turn, request, choice)

    async def last(self, key: SessionKey) -> Choice | None:
        return await self._db.read(last, key)
