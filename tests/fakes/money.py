"""`Ledger` and `Toll`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.model import SessionKey, Spend, Turn
from budgets.gate import Gate
from budgets.model import Hold, Item, Limit, Tokens, Usage
from budgets.shares import Share


@dataclass
class FakeLedger:
    """`Ledger` that answers what a test puts in; it decides nothing."""

    spends: list[Spend] = field(default_factory=list)
    settled: int = 0
    held: int = 0
    granted: dict[int, tuple[int, int, int]] = field(default_factory=dict)  # by update id
    told: list[tuple[str, int, datetime, float]] = field(default_factory=list)
    state: Gate = field(default_factory=Gate)
    items: list[Item] = field(default_factory=list)
    windows: list[Share] = field(default_factory=list)

    async def usage(self, user: int, limits: Sequence[Limit]) -> Sequence[Usage]:
        return [Usage(limit, self.settled, self.held) for limit in limits]

    async def hold(self, hold: Hold, limits: Sequence[Limit]) -> Usage | None:
        self.held += hold.amount
        return None

    async def settle(self, request_id: str, cost: int, tokens: Tokens) -> None:
        self.settled += cost

    async def spent(
        self,
        since: datetime,
        until: datetime,
        user: int | None = None,
        timezone: str = "UTC",
        chat: int | None = None,
    ) -> Sequence[Spend]:
        zone = ZoneInfo(timezone)
        days = [at.astimezone(zone).date().isoformat() for at in (since, until)]
        mine = [spend for spend in self.spends if user in (None, spend.user)]
        return [spend for spend in mine if days[0] <= spend.day < days[1]]

    async def turn_cost(self, update_id: int) -> int:
        return self.settled

    async def bill(self, update_id: int) -> Sequence[Item]:
        return self.items

    async def shares(self) -> Sequence[Share]:
        return self.windows

    async def grant(self, update_id: int, user: int, amount: int, by: int, at: datetime) -> None:
        self.granted.setdefault(update_id, (user, amount, by))

    async def alert(self, what: str, user: int, start: datetime, part: float) -> bool:
        told = (what, user, start, part)
        if told in self.told:
            return False
        self.told.append(told)
        return True

    async def gate(self, now: datetime) -> Gate:
        return self.state

    async def set_gate(self, gate: Gate) -> None:
        self.state = gate


@dataclass
class FakeAlarm:
    """`Alarm` that notes who would be told of what."""

    charged: list[Turn] = field(default_factory=list)
    refusals: list[tuple[Turn, Usage]] = field(default_factory=list)

    def settled(self, turn: Turn) -> None:
        self.charged.append(turn)

    def refused(self, turn: Turn, usage: Usage) -> None:
        self.refusals.append((turn, usage))


@dataclass
class FakeToll:
    """`Toll` that keeps the tickets in use, and the turns that may spend."""

    tickets: dict[str, SessionKey] = field(default_factory=dict)
    spending: dict[SessionKey, Turn] = field(default_factory=dict)
    issued: int = 0
    tokens: int = 0

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

    def context(self, key: SessionKey) -> int:
        return self.tokens

    async def end(self, turn: Turn) -> None:
        self.spending.pop(turn.key, None)
