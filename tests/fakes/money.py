"""`Ledger` and `Toll`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.model import SessionKey, Spend, Turn
from budgets.model import Hold, Limit, Tokens, Usage


@dataclass
class FakeLedger:
    """`Ledger` that answers what a test puts in; it decides nothing."""

    spends: list[Spend] = field(default_factory=list)
    settled: int = 0
    held: int = 0

    async def usage(self, user: int, limits: Sequence[Limit]) -> Sequence[Usage]:
        return [Usage(limit, self.settled, self.held) for limit in limits]

    async def hold(self, hold: Hold, limits: Sequence[Limit]) -> Usage | None:
        self.held += hold.amount
        return None

    async def settle(self, request_id: str, cost: int, tokens: Tokens) -> None:
        self.settled += cost

    async def spent(
        self, since: datetime, until: datetime, user: int | None = None, timezone: str = "UTC"
    ) -> Sequence[Spend]:
        zone = ZoneInfo(timezone)
        days = [at.astimezone(zone).date().isoformat() for at in (since, until)]
        mine = [spend for spend in self.spends if user in (None, spend.user)]
        return [spend for spend in mine if days[0] <= spend.day < days[1]]

    async def turn_cost(self, update_id: int) -> int:
        return self.settled


@dataclass
class FakeToll:
    """`Toll` that keeps the tickets in use, and the turns that may spend."""

    tickets: dict[str, SessionKey] = field(default_factory=dict)
    spending: dict[SessionKey, Turn] = field(default_factory=dict)
    issued: int = 0

    def issue(self, key: SessionKey) -> str:
        self.issued += 1
        url = f"http://booth/t/{self.issued}"
        self.tickets[url] = key
        return url

    def assign(self, url: str, key: SessionKey) -> None:
        assert url in self.tickets
        self.tickets[url] = key

    def revoke(self, url: str) -> None:
        del self.tickets[url]

    def begin(self, turn: Turn) -> None:
        self.spending[turn.key] = turn

    async def end(self, turn: Turn) -> None:
        self.spending.pop(turn.key, None)
