"""Parts of a Claude subscription's windows, where those are what is limited instead of dollars.

A window's part is of the whole subscription, whoever used it, and known only from the API's last
answer: so a limit holds from the next request on.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from budgets.model import Verdict

FIVE_HOURS, SEVEN_DAYS = "five_hours", "seven_days"
LENGTHS = {FIVE_HOURS: timedelta(hours=5), SEVEN_DAYS: timedelta(days=7)}
WORDS = {FIVE_HOURS: "five hours", SEVEN_DAYS: "seven days"}
PLENTY = 10**12  # micro-USD: dollars are only counted
ENOUGH = "The subscription has room."


@dataclass(frozen=True, slots=True)
class Share:
    """`used`: a part of 1. `name`: FIVE_HOURS or SEVEN_DAYS."""

    name: str
    used: float
    resets_at: datetime


def admit(
    shares: Iterable[Share], limits: Mapping[str, float], now: datetime, timezone: str
) -> Verdict:
    """`limits`: parts of 1, by name. A window that was never told of is not full."""
    full = [
        share
        for share in shares
        if share.used >= limits.get(share.name, math.inf) and now < share.resets_at
    ]
    if not full:
        return Verdict(ok=True, headroom=PLENTY, why=ENOUGH)
    last = max(full, key=lambda share: share.resets_at)
    told = f"{used(last, limits[last.name])} {reset(last, now, timezone)}"
    why = f"{told} Send your message again then."
    return Verdict(ok=False, headroom=0, why=why, resets_at=last.resets_at)


def used(share: Share, limit: float) -> str:
    return (
        f"{share.used:.0%} of what the Claude subscription allows in {WORDS[share.name]} is used; "
        f"up to {limit:.0%} may be."
    )


def reset(share: Share, now: datetime, timezone: str) -> str:
    """A clock time in the user's zone."""
    zone = ZoneInfo(timezone)
    local, today = share.resets_at.astimezone(zone), now.astimezone(zone).date()
    day = "" if local.date() == today else f" on {local.day} {local:%B}"
    return f"It resets{day} at {local:%H:%M}."
