"""Money that an owner has granted on top of a user's limits, for the day and month it was given.

What a window was granted is one of its running sums.
"""

from datetime import datetime

import sqlalchemy as sa

from bridge.store import sums
from bridge.store.tables import grants, insert


def grant(
    conn: sa.Connection, update_id: int, user: int, amount: int, by: int, at: datetime
) -> None:
    """A command that is repeated after a crash grants once."""
    row = {"update_id": update_id, "user_id": user, "amount": amount, "by_user": by, "at": at}
    if conn.execute(insert(conn, grants).on_conflict_do_nothing(), row).rowcount:
        sums.grant(conn, user, at, amount)
