"""Who must know about money is told, once: of what is spent, refused, and closed.

The booth tells of every charge, many a second, and must not wait. So one task does the telling;
what comes for the same user meanwhile is told together. That something was told is noted in the
ledger before it is sent: a crash in between costs a message, it never repeats one.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

import structlog

from bridge.errors import BridgeError, ChatError
from bridge.model import MICRO, Offer, Place, Spend, Turn
from bridge.ports import Chat, Clock, Ledger
from bridge.settings import Settings
from bridge.settings.allowance import limits, timezone
from budgets import alerts
from budgets.decide import WHO, reset, spent
from budgets.gate import LONGEST, State, emptied
from budgets.model import Scope, Usage
from budgets.money import usd
from budgets.windows import OWN

log = structlog.get_logger(__name__)

PATIENCE = 5.0  # seconds that the last words may take when the bridge ends
MORE = MICRO  # what the button grants
NAMED = 5  # lines of who spent what
EVERYONE = 0  # as a user: whose windows are nobody's own

RESUME = (Offer("Resume now", "gate-open"), Offer("Resume, small model only", "gate-small"))
CHOICES = {  # what an owner can do with everyone's gate, by its state
    State.OPEN: (Offer("Small model only", "gate-small"), Offer("Close", "gate-shut")),
    State.TRIPPED: (*RESUME, Offer("Stay closed", "gate-shut")),
    State.SHUT: RESUME,
    State.SMALL: (Offer("Every model", "gate-open"), Offer("Close", "gate-shut")),
}


class Alarm:
    """Implements the port, while it is entered. Leaving it waits for what is not told."""

    def __init__(
        self, ledger: Ledger, chat: Chat, settings: Callable[[], Settings], clock: Clock
    ) -> None:
        self._ledger = ledger
        self._chat = chat
        self._settings = settings
        self._clock = clock
        self._charged: set[int] = set()
        self._refused: dict[tuple[int, Scope], tuple[Turn, Usage]] = {}
        self._told: dict[tuple[Scope, int], tuple[datetime, float]] = {}  # spares most writes
        self._news = asyncio.Event()
        self._closing = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        self._news.set()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._task
        except TimeoutError:
            log.warning("alarm.cut_short", users=len(self._charged), refused=len(self._refused))

    def settled(self, turn: Turn) -> None:
        self._charged.add(turn.user)
        self._news.set()

    async def owners(self, text: str) -> None:
        """What only they need to know."""
        await self._tell(owners(self._settings()), lambda _: text)

    def refused(self, turn: Turn, usage: Usage) -> None:
        self._refused[turn.user, usage.limit.window.scope] = turn, usage
        self._news.set()

    async def _run(self) -> None:
        while self._charged or self._refused or not self._closing:
            await self._news.wait()
            self._news.clear()
            charged, self._charged = self._charged, set()
            refused, self._refused = self._refused, {}
            for user in charged:
                await self._guarded(self._charge(user))
            for turn, usage in refused.values():
                await self._guarded(self._refusal(turn, usage))

    async def _guarded(self, work: Awaitable[None]) -> None:
        """One that fails does not silence the others."""
        try:
            await work
        except BridgeError as error:
            log.warning("alarm.failed", why=str(error))
        except Exception:
            log.exception("alarm.broken")

    async def _charge(self, user: int) -> None:
        """The hour slides, so no part of it is ever told; when it is full, the gate trips."""
        settings, now = self._settings(), self._clock.now()
        for usage in await self._ledger.usage(user, limits(settings, user, now)):
            scope = usage.limit.window.scope
            whose = user if scope in OWN else EVERYONE
            if scope is Scope.HOUR or not await self._news_of(usage, whose, settings):
                continue
            await self._announce(usage, [user] if scope in OWN else owners(settings), settings)

    async def _announce(self, usage: Usage, people: Iterable[int], settings: Settings) -> None:
        await self._tell(people, lambda who: alerts.text(usage, timezone(settings, who)))

    async def _news_of(self, usage: Usage, whose: int, settings: Settings) -> bool:
        """Whether the highest part that is crossed was not told yet in this window."""
        window = usage.limit.window
        parts = alerts.crossed(usage, settings.budgets.alerts.at)
        if not parts or self._told.get((window.scope, whose)) == (window.start, parts[-1]):
            return False
        first = [
            await self._ledger.alert(window.scope, whose, window.start, part) for part in parts
        ]
        self._told[window.scope, whose] = window.start, parts[-1]
        return first[-1]

    async def _refusal(self, turn: Turn, usage: Usage) -> None:
        match usage.limit.window.scope:
            case Scope.HOUR:
                await self._trip(usage)
            case Scope.MONTH:
                await self._month(usage)
            case _:
                await self._used_up(turn, usage)

    async def _used_up(self, turn: Turn, usage: Usage) -> None:
        if not await self._first(usage, turn.user):
            return
        settings = self._settings()
        offer = Offer("Grant $1 more", "grant", f"{turn.user}/{MORE}/{turn.update_id}")
        await self._tell(
            owners(settings), lambda owner: used_up(turn.user, owner, usage, settings), [offer]
        )

    async def _month(self, usage: Usage) -> None:
        if not await self._first(usage, EVERYONE):
            return
        settings = self._settings()
        await self._tell(
            owners(settings),
            lambda owner: (
                f"{spent(usage)}, and the next step of somebody did not fit. "
                f"{reset(usage.limit, timezone(settings, owner))}"
            ),
        )

    async def _first(self, usage: Usage, whose: int) -> bool:
        """Of this window and limit. Once more money was granted the limit is another one.

        Noted as a part above the whole: 2.0 is a limit of a dollar that did not suffice.
        """
        window, limit = usage.limit.window, usage.limit.amount
        if limit is None:
            return False
        return await self._ledger.alert(window.scope, whose, window.start, 1 + limit / MICRO)

    async def _trip(self, usage: Usage) -> None:
        """Once each time that it has tripped; what an owner has closed, the owners know."""
        used, most = usage.settled + usage.held, usage.limit.amount or 0
        gate = emptied(await self._ledger.gate(self._clock.now()), used, most)
        if gate.state is not State.TRIPPED or gate.since is None:
            return
        if not await self._ledger.alert(Scope.HOUR, EVERYONE, gate.since, alerts.WHOLE):
            return
        settings, window, until = self._settings(), usage.limit.window, gate.since + LONGEST
        since = max(window.start, gate.floor or window.start)
        lines = spenders(await self._ledger.spent(since, window.end), settings)
        await self._tell(
            owners(settings),
            lambda owner: "\n".join([closed(usage, until, timezone(settings, owner)), "", *lines]),
            CHOICES[State.TRIPPED],
        )

    async def _tell(
        self, people: Iterable[int], text: Callable[[int], str], offers: Sequence[Offer] = ()
    ) -> None:
        async with asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(self._say(person, text(person), offers))

    async def _say(self, person: int, text: str, offers: Sequence[Offer]) -> None:
        """A person's private chat has their own id."""
        try:
            await self._chat.say(Place(person), text, offers, person)
        except ChatError as error:
            log.warning("alarm.unheard", user=person, error=type(error).__name__)


def owners(settings: Settings) -> list[int]:
    return [number for number, user in settings.users.items() if user.role == "owner"]


def named(settings: Settings, user: int) -> str:
    """In Markdown, none of which is the name's own."""
    known = settings.users.get(user)
    name = " ".join(known.name.replace("`", "'").split()) if known else ""
    return f"`{name}`" if name else f"User {user}"


def used_up(user: int, reader: int, usage: Usage, settings: Settings) -> str:
    who = "You have" if user == reader else f"{named(settings, user)} has"
    of = f"{usd(usage.settled)} of {usd(usage.limit.amount or 0)}"
    _, when = WHO[usage.limit.window.scope]
    return f"{who} used up {of} for {when}: the next step does not fit."


def closed(usage: Usage, until: datetime, zone: str) -> str:
    at = f"{until.astimezone(ZoneInfo(zone)):%H:%M}"
    return (
        f"{spent(usage)}, and the next step did not fit: the gate is closed for everyone. "
        f"It opens by itself by {at} at the latest."
    )


def spenders(spends: Iterable[Spend], settings: Settings) -> list[str]:
    """Who spent what on which model, the largest first."""
    sums: Counter[tuple[int, str]] = Counter()
    for spend in spends:
        sums[spend.user, spend.model] += spend.cost
    lines = [
        f"- {named(settings, user)}: {usd(cost)}, {model}"
        for (user, model), cost in sums.most_common()
    ]
    rest = len(lines) - NAMED
    return [*lines[:NAMED], *([f"- and {rest} more"] if rest > 0 else [])]
