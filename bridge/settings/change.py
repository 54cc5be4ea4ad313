"""What differs between two versions of the settings, and what of it has to wait for a start."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from bridge.settings.problem import Key, dotted
from bridge.settings.schema import Settings

# Read once, when the bot starts. All else counts from the next turn on.
AT_START: tuple[Key, ...] = (
    ("telegram", "token"),
    ("telegram", "base_url"),
    ("telegram", "chat_per_second"),
    ("telegram", "group_per_minute"),
    ("telegram", "overall_per_second"),
    ("sessions", "max_live"),
    ("anthropic", "api_key"),
    ("claude", "env"),
    ("store", "url"),
)


def changed(before: Settings, now: Settings) -> list[Key]:
    """The keys whose values differ; of an entry that came or went, the entry's own."""
    return list(_changed(before, now, ()))


def _changed(before: Any, now: Any, above: Key) -> Iterator[Key]:
    if before == now:
        return
    old, new = _entries(before), _entries(now)
    if old is None or new is None:
        yield above
        return
    for name in old | new:
        key = (*above, str(name))
        if name in old and name in new:
            yield from _changed(old[name], new[name], key)
        else:
            yield key


def _entries(value: Any) -> dict[Any, Any] | None:
    if isinstance(value, BaseModel):
        return entries(value)
    return dict(value) if isinstance(value, Mapping) else None


def entries(table: BaseModel) -> dict[str, Any]:
    """Its keys and values; a plain dict(table) would have cached properties in it."""
    own = {name: getattr(table, name) for name in type(table).model_fields}
    return own | (table.model_extra or {})


def waiting(started: Settings, before: Settings, now: Settings) -> list[str]:
    """What was edited just now and counts from the next start, since it is not as at this one."""
    edited, due = changed(before, now), changed(started, now)
    return [dotted(key) for key in AT_START if key in edited and key in due]
