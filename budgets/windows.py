"""The periods that money is counted in, as half-open intervals in UTC.

Days and months begin at midnight on the user's clock. A day may have 23 or 25 hours, and a day
that a country skipped has none and is never in force.

What an absent limit means. A user's spending must be bounded by at least one amount, for the day
or for the month: where neither is declared, nothing may be spent. Where one of the two is
declared, it alone bounds. Everyone's hour and month are circuit breakers on top; one that is not
declared does not exist.
"""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from budgets.model import Limit, Scope, Window

HOUR = timedelta(hours=1)
OWN = (Scope.USER_DAY, Scope.USER_MONTH)  # of one user; the others are everyone's


def day(now: datetime, timezone: str) -> Window:
    """The user's day that `now` (aware) lies in."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    days = [today + timedelta(days=offset) for offset in (-1, 0, 1, 2)]
    return _around(now, days, zone, Scope.USER_DAY)


def month(now: datetime, timezone: str) -> Window:
    """The user's month that `now` (aware) lies in."""
    return _month(now, timezone, Scope.USER_MONTH)


def hour(now: datetime) -> Window:
    """Everyone's sliding hour: what was held since an hour ago, `now` included.

    It has no moment of reset, it empties little by little. `end` is when it is empty at the
    latest, if nothing more is spent; until then it also holds what other clocks put ahead.
    """
    return Window(Scope.HOUR, now.astimezone(UTC) - HOUR, now.astimezone(UTC) + HOUR)


def everyone_month(now: datetime, timezone: str = "UTC") -> Window:
    return _month(now, timezone, Scope.MONTH)


def limits(
    now: datetime,
    timezone: str,
    *,
    day: int | None,
    month: int | None,
    everyone_hour: int | None,
    everyone_month: int | None,
) -> tuple[Limit, ...]:
    """The limits of one user, in micro-USD; None = not declared (its meaning: see the top)."""
    amounts = {
        Scope.USER_DAY: day,
        Scope.USER_MONTH: month,
        Scope.HOUR: everyone_hour,
        Scope.MONTH: everyone_month,
    }
    declared = tuple(
        Limit(window(scope, now, timezone), amount)
        for scope, amount in amounts.items()
        if amount is not None
    )
    if day is None and month is None:
        return (Limit(window(Scope.USER_DAY, now, timezone), None), *declared)
    return declared


def window(scope: Scope, now: datetime, timezone: str) -> Window:
    """The window of `scope` at `now`. Everyone's month is the same for all: in UTC."""
    match scope:
        case Scope.USER_DAY:
            return day(now, timezone)
        case Scope.USER_MONTH:
            return month(now, timezone)
        case Scope.HOUR:
            return hour(now)
        case Scope.MONTH:
            return everyone_month(now)


def _month(now: datetime, timezone: str, scope: Scope) -> Window:
    zone = ZoneInfo(timezone)
    local = now.astimezone(zone)
    count = local.year * 12 + local.month - 1
    firsts = [
        date((count + offset) // 12, (count + offset) % 12 + 1, 1) for offset in (-1, 0, 1, 2)
    ]
    return _around(now, firsts, zone, scope)


def _around(now: datetime, days: list[date], zone: ZoneInfo, scope: Scope) -> Window:
    """The interval between two of the midnights that holds `now`.

    The date on the clock alone does not tell: where clocks go back across midnight it is the
    same date twice.
    """
    midnights = [
        datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in days
    ]
    start, end = next((a, b) for a, b in pairwise(midnights) if a <= now < b)
    return Window(scope, start, end)
