"""How many messages a user has sent lately, and when the next one may come."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from bridge.model import Kind
from bridge.store.tables import inbox
from bridge.store.waiting import State

HOUR = timedelta(hours=1)

# Parts of an album are one message, and what was refused was none.
LATELY = (
    sa.select(inbox.c.received_at)
    .where(
        inbox.c.user_id == sa.bindparam("user"),
        inbox.c.received_at > sa.bindparam("since"),
        inbox.c.kind.in_((Kind.MESSAGE, Kind.VOICE)),
        inbox.c.state != State.REJECTED,
        inbox.c.absorbed_by.is_(None) | inbox.c.whole_at.is_(None),
    )
    .order_by(inbox.c.received_at.desc())
    .offset(sa.bindparam("others"))
    .limit(1)
)


def free_at(conn: sa.Connection, user: int, most: int, now: datetime) -> datetime | None:
    """When one more fits into an hour that has `most`; None: now."""
    given = {"user": user, "since": now - HOUR, "others": most - 1}
    oldest = conn.scalars(LATELY, given).one_or_none()
    return None if oldest is None else oldest + HOUR
