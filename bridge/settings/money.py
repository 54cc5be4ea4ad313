"""The tables about money, [budgets] and [prices].

Dollars are read and offered as integer micro-USD by `day`, `month` and `hour`; None = no limit
declared, which denies.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field

from bridge.settings.kinds import Part, Usd, UserId
from bridge.settings.table import Table


def _micro(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * 1_000_000)


class Budget(Table):
    """What one user may spend, micro-USD."""

    day_usd: Usd = Field(default=None, description="dollars in one day of the user's time zone")
    month_usd: Usd = Field(default=None, description="dollars in one month")

    @property
    def day(self) -> int | None:
        return _micro(self.day_usd)

    @property
    def month(self) -> int | None:
        return _micro(self.month_usd)


class Everyone(Table):
    """What all users may spend together, micro-USD; the hour slides."""

    hour_usd: Usd = Field(default=None, description="dollars in any 60 minutes")
    month_usd: Usd = Field(default=None, description="dollars in one month")

    @property
    def hour(self) -> int | None:
        return _micro(self.hour_usd)

    @property
    def month(self) -> int | None:
        return _micro(self.month_usd)


class Alerts(Table):
    at: tuple[Part, ...] = Field(description="the parts of a limit at which somebody is told")


class Shares(Table):
    """The largest part of a subscription's window that may be used, by whomever."""

    five_hours: Part = Field(description="of the window of five hours")
    seven_days: Part = Field(description="of the window of seven days")


class Price(Table):
    """Dollars per million tokens, and per thousand web searches; None = as in the price list."""

    input: Usd = Field(default=None, description="tokens that are read")
    output: Usd = Field(default=None, description="tokens that are written")
    cache_read: Usd = Field(default=None, description="tokens that are read from the cache")
    cache_write_5m: Usd = Field(default=None, description="tokens that are cached for five minutes")
    cache_write_1h: Usd = Field(default=None, description="tokens that are cached for an hour")
    web_search: Usd = Field(default=None, description="a thousand searches")


class Budgets(Table):
    unit: Literal["usd", "window"] = Field(
        description="what limits: dollars, or the shares of a subscription's windows"
    )
    shares: Shares
    default: Budget
    users: Mapping[UserId, Budget]
    everyone: Everyone
    alerts: Alerts

    def of(self, user: int) -> Budget:
        """The user's own amounts; those left out are the default's."""
        own = self.users.get(user, Budget())
        return Budget(
            day_usd=self.default.day_usd if own.day_usd is None else own.day_usd,
            month_usd=self.default.month_usd if own.month_usd is None else own.month_usd,
        )
