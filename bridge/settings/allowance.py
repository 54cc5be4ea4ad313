"""What a user may spend now, in every window that applies."""

from collections.abc import Sequence
from datetime import datetime

from bridge.settings.schema import Settings
from budgets import windows
from budgets.model import Limit


def limits(settings: Settings, user: int, now: datetime) -> Sequence[Limit]:
    """Of a user who is not in the settings (any more): one limit that denies."""
    known = settings.users.get(user)
    own = settings.budgets.of(user) if known else None
    return windows.limits(
        now,
        known.timezone if known else "UTC",
        day=own.day if own else None,
        month=own.month if own else None,
        everyone_hour=settings.budgets.everyone.hour,
        everyone_month=settings.budgets.everyone.month,
    )
