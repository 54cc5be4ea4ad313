"""Which session each chat is in. One that went nowhere is in `main`, made or not."""

import sqlalchemy as sa

from bridge.model import Place, SessionKey
from bridge.store.tables import chats, insert, named, of

MAIN = "main"

# Built once: to build it for each message costs more than to run it.
CURRENT = sa.select(chats.c.session).where(
    chats.c.chat == sa.bindparam("chat"), chats.c.thread == sa.bindparam("thread")
)


def current(conn: sa.Connection, place: Place) -> SessionKey:
    name = conn.scalars(CURRENT, {"chat": place.chat, "thread": place.thread}).one_or_none()
    return SessionKey(place.chat, place.thread, MAIN if name is None else name)


def enter(conn: sa.Connection, key: SessionKey) -> None:
    row = insert(conn, chats).values(named(key))
    conn.execute(
        row.on_conflict_do_update(index_elements=["chat", "thread"], set_={"session": key.name})
    )


def leave(conn: sa.Connection, key: SessionKey) -> None:
    """Back to `main`, from this session only."""
    conn.execute(sa.delete(chats).where(of(chats, key)))
