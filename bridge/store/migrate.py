"""Brings the tables to this program's version. alembic is loaded only when there is work."""

from pathlib import Path

import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store.tables import VERSION

SCRIPTS = Path(__file__).parent / "migrations"


def is_current(conn: sa.Connection) -> bool:
    return version(conn) == VERSION


def version(conn: sa.Connection) -> str | None:
    """The newest migration that was applied; None in a new database."""
    if not sa.inspect(conn).has_table("alembic_version"):
        return None
    return conn.scalars(sa.text("SELECT version_num FROM alembic_version")).one_or_none()


def upgrade(conn: sa.Connection) -> None:
    """StoreError: a newer program has been here. Another process may have been faster."""
    if is_current(conn):
        return
    from alembic import command  # noqa: PLC0415 (costs a tenth of a second)
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config(attributes={"connection": conn})
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"The database is of another version of Tollbridge ({version(conn)}; this one knows "
            f"{VERSION}). Install the newer one, or restore a backup."
        ) from error
