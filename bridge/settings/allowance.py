"""What a user may spend now, in every window that applies."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bridge.settings.schema import Settings
from budgets import windows
from budgets.model import Limit
from budgets.shares import FIVE_HOURS, SEVEN_DAYS


def timezone(settings: Settings, user: int) -> str:
    """Whose days and clock times are told; of a user who is not in the settings (any more): UTC."""
    known = settings.users.get(user)
    return known.timezone if known else "UTC"


def limits(settings: Settings, user: int, now: datetime) -> Sequence[Limit]:
    """Of a user who is not in the settings (any more): one limit that denies."""
    own = settings.budgets.of(user) if user in settings.users else None
    return windows.limits(
        now,
        timezone(settings, user),
        day=own.day if own else None,
        month=own.month if own else None,
        everyone_hour=settings.budgets.everyone.hour,
        everyone_month=settings.budgets.everyone.month,
    )


def parts(settings: Settings) -> Mapping[str, float]:
    """Of a subscription's windows, by name; none where dollars are what is limited."""
    if settings.budgets.unit == "usd":
        return {}
    shares = settings.budgets.shares
    return {FIVE_HOURS: shares.five_hours, SEVEN_DAYS: shares.seven_days}
