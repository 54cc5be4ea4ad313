"""The column types of our tables: values come back exactly as they went in, on every database.

Times are microseconds since 1970 in UTC: integers compare alike everywhere. Texts come from
users and may hold what databases refuse (PostgreSQL no NUL, no driver a lone surrogate), so
those characters are escaped on the way in. JSON is text, not jsonb, for the same reason.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

ESCAPE = "\x1b"  # hardly ever in a text; where it is, it is escaped as well
UNSTORABLE = re.compile("[\x00\x1b\ud800-\udfff]")
ESCAPED = re.compile("\x1b([0-9a-f]{4})")


def micros(time: datetime) -> int:
    """Microseconds since 1970. TypeError: the time is not aware."""
    return (time - EPOCH) // MICROSECOND


def escape(text: str) -> str:
    return UNSTORABLE.sub(lambda found: f"{ESCAPE}{ord(found[0]):04x}", text)


def unescape(text: str) -> str:
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


class Time(sa.TypeDecorator[datetime]):
    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:
        del dialect
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:
        del dialect
        return None if value is None else EPOCH + value * MICROSECOND


class Words(sa.TypeDecorator[str]):
    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        del dialect
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        del dialect
        return None if value is None else unescape(value)


class Json(sa.TypeDecorator[Any]):
    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str:
        del dialect
        return json.dumps(value)  # plain ASCII, whatever is in it

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        del dialect
        return None if value is None else json.loads(value)


# SQLite keeps a table in the order of its key only when the key is called INTEGER.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
