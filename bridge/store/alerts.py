"""What was told of a window, so that it is told once."""

from datetime import datetime

import sqlalchemy as sa

from bridge.store.tables import alerts, insert


def first(conn: sa.Connection, what: str, user: int, start: datetime, part: float) -> bool:
    row = {"scope": what, "user_id": user, "start": start, "part": part}
    return conn.execute(insert(conn, alerts).on_conflict_do_nothing(), row).rowcount == 1
