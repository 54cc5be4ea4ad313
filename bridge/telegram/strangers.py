"""What people get who are not in the settings: nothing, but for two doors that the owner opens.

With an open code of `tollbridge init`, whoever sends it becomes the owner. With `access.requests`,
a /start is shown to the owners, who decide. Both only in a private chat, and only so often: what
was counted is forgotten at a restart, what was decided is not.
"""

import asyncio
from collections import deque
from collections.abc import Hashable

import structlog

from bridge.alarm import owners
from bridge.errors import BridgeError, ChatError, SettingsError
from bridge.model import Arrival, Kind, Place
from bridge.settings import pairing
from bridge.settings.schema import Pairing
from bridge.telegram.background import Background
from bridge.telegram.chat import TelegramChat
from bridge.telegram.commands import Tools, welcome
from bridge.telegram.person import Person, person
from bridge.telegram.updates import command

log = structlog.get_logger()

HOUR, DAY = 3600.0, 86_400.0  # seconds
TRIES = 5  # wrong codes of one stranger in an hour
REQUESTS = 20  # that the owners are shown in a day

WRONG = "That is not the code. Look at what `tollbridge init` has shown, and mind every letter."
EXPIRED = "This code has expired. Run `tollbridge init` again: it shows a new one."
ASKED = "I have asked the owner. You will hear from me when they have decided."


class Quota:
    """At most so many in so many seconds, of each."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._taken: dict[Hashable, deque[float]] = {}

    def full(self, whose: Hashable, now: float) -> bool:
        return len(self._recent(whose, now)) >= self._most

    def take(self, whose: Hashable, now: float) -> None:
        for other in list(self._taken):
            self._recent(other, now)
        self._taken.setdefault(whose, deque()).append(now)

    def _recent(self, whose: Hashable, now: float) -> deque[float]:
        """Whoever has none is forgotten."""
        taken = self._taken.get(whose, deque())
        while taken and taken[0] <= now - self._seconds:
            taken.popleft()
        if not taken:
            self._taken.pop(whose, None)
        return taken


class Strangers:
    """Implements `ingress.Porch`."""

    def __init__(self, tools: Tools, chat: TelegramChat, background: Background) -> None:
        self._tools = tools
        self._settings = tools.settings
        self._clock = tools.desk.clock
        self._chat = chat
        self._background = background
        self._wrong = Quota(TRIES, HOUR)
        self._asked = Quota(1, DAY)
        self._shown = Quota(REQUESTS, DAY)

    async def came(self, came: Arrival) -> None:
        try:
            await self._heard(came)
        except BridgeError as error:
            log.warning("stranger_not_served", update=came.update_id, error=type(error).__name__)
        except Exception:
            log.exception("stranger_broke", update=came.update_id)

    async def _heard(self, came: Arrival) -> None:
        if came.kind is not Kind.COMMAND or came.place != Place(came.user):
            return
        name, code = command(came.text)
        access = self._settings().access
        if name != "start":
            return
        if code and access.pairing.end:
            await self._pair(came, code, access.pairing)
        elif access.requests and came.user not in access.ignored:
            self._request(came)

    async def _pair(self, came: Arrival, code: str, offered: Pairing) -> None:
        """After too many wrong ones not even the right one counts, or guessing would go on."""
        now = self._clock.monotonic()
        if self._wrong.full(came.user, now):
            log.warning("pairing_silent", user=came.user)
            return
        open_ = offered.end is not None and self._clock.now() < offered.end
        if not await asyncio.to_thread(pairing.fits, code, offered.seal):
            self._wrong.take(came.user, now)
            log.warning("pairing_wrong", user=came.user)
            if open_:
                self._say(came, WRONG)
        elif open_:
            await self._paired(came, offered)
        else:
            self._say(came, EXPIRED)

    async def _paired(self, came: Arrival, offered: Pairing) -> None:
        """It is written before the update is confirmed, and told when it is in force."""
        name = offered.name or person(came).name
        try:
            first = await self._tools.roll.pair(came.user, name, offered)
        except SettingsError as error:
            self._say(came, welcome.unchanged(error))
            return
        if first:
            self._background.spawn(self._greet(came, name), "greeting")

    async def _greet(self, came: Arrival, name: str) -> None:
        known = await self._tools.roll.in_force(came.user, known=True)
        text = welcome.greeting(name, "owner") if known else welcome.LATER
        await self._chat.reply(came.place, text, came.message_id)

    def _request(self, came: Arrival) -> None:
        now, everyone = self._clock.monotonic(), 0
        if self._asked.full(came.user, now) or self._shown.full(everyone, now):
            return
        self._asked.take(came.user, now)
        self._shown.take(everyone, now)
        self._background.spawn(self._show(came, person(came)), "request")

    async def _show(self, came: Arrival, who: Person) -> None:
        """The stranger hears of it when one of the owners could be asked."""
        heard = [await self._ask(owner, who) for owner in owners(self._settings())]
        if any(heard):
            await self._chat.reply(came.place, ASKED, came.message_id)

    async def _ask(self, owner: int, who: Person) -> bool:
        try:
            await self._chat.say(Place(owner), welcome.request(who), welcome.offers(who))
        except ChatError as error:
            log.warning("request_unheard", user=owner, error=type(error).__name__)
            return False
        return True

    def _say(self, came: Arrival, text: str) -> None:
        told = self._chat.reply(came.place, text, came.message_id)
        self._background.spawn(told, "stranger")
