"""How much of a subscription is used, as the API tells it with each answer.

A subscription has windows of five hours and seven days. The headers
`anthropic-ratelimit-unified-5h-utilization` (a part of 1) and `-5h-reset` (seconds since 1970)
tell of one, `-7d-` of the other; an answer to an API key has none of them. Claude's part is seen
only after it was used, so a limit holds from the next request on.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog

from bridge.errors import StoreError
from budgets.shares import FIVE_HOURS, LENGTHS, SEVEN_DAYS, Share, admit

log = structlog.get_logger(__name__)

NAMES = {FIVE_HOURS: b"5h", SEVEN_DAYS: b"7d"}
PREFIX = b"anthropic-ratelimit-unified-"


class ShareStore(Protocol):
    """Where the last word about each window survives a restart."""

    async def load(self) -> Sequence[Share]: ...

    async def save(self, shares: Sequence[Share], at: datetime) -> None:
        """In place of what was known of these windows. StoreError."""
        ...


class Shares:
    """What was seen last."""

    def __init__(self, store: ShareStore | None = None) -> None:
        self._store = store
        self._seen: dict[str, Share] = {}
        self._unsaved: set[str] = set()

    async def load(self) -> None:
        """StoreError."""
        if self._store:
            self._seen = {share.name: share for share in await self._store.load()}

    @property
    def last(self) -> Sequence[Share]:
        return tuple(self._seen.values())

    def note(self, headers: Iterable[tuple[bytes, bytes]], now: datetime) -> None:
        for share in read(headers, now):
            if self._seen.get(share.name) != share:
                self._seen[share.name] = share
                self._unsaved.add(share.name)

    async def save(self, now: datetime) -> None:
        """What has changed since the last time."""
        news = [share for share in self._seen.values() if share.name in self._unsaved]
        if not news or not self._store:
            return
        try:
            await self._store.save(news, now)
        except StoreError:
            log.exception("booth.shares_unsaved")
        else:
            self._unsaved -= {share.name for share in news if self._seen[share.name] == share}

    def refusal(self, limits: Mapping[str, float], now: datetime, timezone: str) -> str:
        """Why nothing may be used; "" = something may. `limits`: parts of 1, by name."""
        verdict = admit(self.last, limits, now, timezone)
        return "" if verdict.ok else verdict.why


def read(headers: Iterable[tuple[bytes, bytes]], now: datetime) -> list[Share]:
    """What cannot be understood is not there."""
    told = {name.lower(): value for name, value in headers if name.lower().startswith(PREFIX)}
    found = []
    for name, short in NAMES.items() if told else ():
        used = number(told.get(PREFIX + short + b"-utilization"))
        if used is not None:
            reset = moment(told.get(PREFIX + short + b"-reset")) or now + LENGTHS[name]
            found.append(Share(name, used, reset))
    return found


def number(value: bytes | None) -> float | None:
    try:
        given = float(value or b"")
    except ValueError:
        return None
    return given if math.isfinite(given) and given >= 0 else None


def moment(value: bytes | None) -> datetime | None:
    seconds = number(value)
    try:
        if seconds is not None:
            return datetime.fromtimestamp(seconds, UTC)
        given = datetime.fromisoformat((value or b"").decode("ascii", "replace"))
    except (ValueError, OverflowError, OSError):
        return None
    return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
