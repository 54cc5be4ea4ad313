"""What each model had of a turn: the entries of the ledger, summed."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from bridge.store.tables import decisions, ledger
from budgets.model import Item, Tokens

COUNTED = (
    ledger.c.input,
    ledger.c.output,
    ledger.c.cache_read,
    ledger.c.cache_write_5m,
    ledger.c.cache_write_1h,
    ledger.c.web_searches,
)
CHARGED = sa.func.sum(sa.func.coalesce(ledger.c.cost, ledger.c.held)).label("charged")
GROUP = (ledger.c.update_id, ledger.c.model)
ITEMS = (
    sa.select(*GROUP, CHARGED, *(sa.func.sum(c).label(c.name) for c in COUNTED))
    .group_by(*GROUP)
    .order_by(ledger.c.update_id, CHARGED.desc(), ledger.c.model)
)
OF_TURN = ITEMS.where(ledger.c.update_id == sa.bindparam("turn"))
DECIDED = sa.select(decisions.c.update_id).where(decisions.c.decided_at >= sa.bindparam("start"))
SINCE = ITEMS.where(ledger.c.update_id.in_(DECIDED))


def bill(conn: sa.Connection, update_id: int) -> list[Item]:
    """The dearest first."""
    return [item_of(row) for row in conn.execute(OF_TURN, {"turn": update_id}).mappings()]


def since(conn: sa.Connection, start: datetime) -> Iterator[tuple[int, Item]]:
    """By update id, of all turns that were decided since then."""
    for row in conn.execute(SINCE, {"start": start}).mappings():
        yield row["update_id"], item_of(row)


def item_of(row: sa.RowMapping) -> Item:
    counts = {column.name: int(row[column.name]) for column in COUNTED}
    return Item(row["model"], Tokens(**counts), int(row["charged"]))
