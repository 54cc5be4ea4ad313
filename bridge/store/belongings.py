"""What belongs to a session in the other tables: it goes along to a new name, or is let go.

The ledger knows names only, so its entries are found by their turns: another chat may have a
session of the same name.
"""

import sqlalchemy as sa

from bridge.model import SessionKey
from bridge.store import asks, chats, inbox, tables
from bridge.store.tables import decisions, ledger, of, turns


def rename(conn: sa.Connection, key: SessionKey, name: str) -> None:
    """What a deleted session of the same name has left stays under that name."""
    own = sa.select(turns.c.update_id).where(of(turns, key), ~turns.c.forgotten)
    conn.execute(sa.update(ledger).where(ledger.c.update_id.in_(own)).values(session=name))
    for table in (turns, decisions):
        kept = sa.update(table).where(of(table, key), ~table.c.forgotten)
        conn.execute(kept.values(session=name))
    for table in (tables.inbox, tables.asks):
        conn.execute(sa.update(table).where(of(table, key)).values(session=name))
    if chats.current(conn, key.place) == key:
        chats.enter(conn, SessionKey(key.chat, key.thread, name))


def release(conn: sa.Connection, key: SessionKey) -> None:
    """Nothing waits for it, and a later session of its name knows nothing of it."""
    inbox.drop(conn, key)
    asks.expire_session(conn, key)
    for table in (turns, decisions):
        conn.execute(sa.update(table).where(of(table, key)).values(forgotten=True))
    chats.leave(conn, key)
