"""Do the running sums tell what the ledger and the grants tell? Adds all of it up again."""

from collections.abc import Iterator

import sqlalchemy as sa

from bridge.store import sums
from bridge.store.columns import EPOCH
from bridge.store.sums import BY_MINUTE, EVERYONE, MINUTE, Sum
from bridge.store.tables import minutes, windows


def verify(conn: sa.Connection) -> list[str]:
    """Each sum that is wrong, as a line for the owner."""
    return [*wrong_windows(conn), *wrong_minutes(conn)]


def wrong_windows(conn: sa.Connection) -> Iterator[str]:
    for owner, start, end, *kept in conn.execute(sa.select(windows)):
        true = sums.add_up(conn, {"owner": owner, "start": start, "end": end})
        if Sum.of(kept) != true:
            whose = "everyone" if owner == EVERYONE else f"user {owner}"
            span = f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
            yield f"{whose}, {span}: {difference(Sum.of(kept), true)}"


def wrong_minutes(conn: sa.Connection) -> Iterator[str]:
    kept, true = (
        {minute: Sum.of(row) for minute, *row in conn.execute(query)}
        for query in (sa.select(minutes), BY_MINUTE)
    )
    for minute in sorted(kept.keys() | true.keys()):
        told, found = (rows.get(minute, Sum(0, 0)) for rows in (kept, true))
        if told != found:
            yield f"minute {EPOCH + minute * MINUTE:%Y-%m-%d %H:%M}: {difference(told, found)}"


def difference(kept: Sum, true: Sum) -> str:
    """Micro-USD."""
    pairs = zip(Sum._fields, kept, true, strict=True)
    return ", ".join(f"{name} {told}, in truth {found}" for name, told, found in pairs)
