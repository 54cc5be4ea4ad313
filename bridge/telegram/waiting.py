"""Messages that come while a turn runs: they wait in line, or steer the turn.

One that waits is acknowledged with its place, and can be sent now, taken back, or edited.
"""

from bridge.model import Arrival, Inbound, Steer
from bridge.telegram.chat import TelegramChat
from bridge.telegram.commands.context import Tools
from bridge.telegram.commands.words import ordinal

STEERED = "👍"
EDITED = "✍"
SENT = "Sent."
NOT_NOW = "Nothing runs that could take it. It is answered in its turn."
ANOTHERS = "What runs was asked by somebody else. Yours is answered in its turn."
WITHDRAWN = "Withdrawn."
TOO_LATE = "Too late: it is being answered."
EDIT_TOO_LATE = "Too late to edit: I have begun with it. Send the new words as a message."
NOT_YOURS = "Only the person who wrote it, or an owner, can do that."


class Waiting:
    def __init__(self, tools: Tools, chat: TelegramChat) -> None:
        self._inbox = tools.desk.inbox
        self._engine = tools.engine
        self._settings = tools.settings
        self._chat = chat

    async def arrived(self, inbound: Inbound) -> None:
        """A message that was just stored, and whose session is served."""
        ahead = await self._inbox.waiting(inbound.key) - 1
        if ahead < 1 or not await self._engine.running(inbound.key):
            return
        steers = self._steers(inbound.user) and not self._anothers(inbound)
        if steers and await self._steer(inbound):
            self._chat.react(inbound.key.place, inbound.message_id, STEERED)
        else:
            self._chat.acknowledge(inbound, f"Waiting, {ordinal(ahead)} in line.")

    async def send_now(self, tap: Arrival, update_id: int) -> str:
        """What is told to whoever tapped."""
        inbound = await self._inbox.find(update_id)
        if inbound is None:
            return self._late(tap, update_id)
        if not self._may(tap.user, inbound):
            return NOT_YOURS
        if self._anothers(inbound):
            return ANOTHERS
        if not await self._steer(inbound):
            return NOT_NOW
        self._chat.unacknowledge(update_id, tap.place, tap.message_id)
        self._chat.react(inbound.key.place, inbound.message_id, STEERED)
        return SENT

    async def withdraw(self, tap: Arrival, update_id: int) -> str:
        inbound = await self._inbox.find(update_id)
        if inbound is None:
            return self._late(tap, update_id)
        if not self._may(tap.user, inbound):
            return NOT_YOURS
        if not await self._inbox.withdraw(update_id):
            return self._late(tap, update_id)
        self._chat.unacknowledge(update_id, tap.place, tap.message_id)
        return WITHDRAWN

    async def edited(self, edit: Arrival) -> str:
        """Why it changes nothing any more; "" = it did."""
        if not await self._inbox.edit(edit.place, edit.message_id, edit.text):
            return EDIT_TOO_LATE
        self._chat.react(edit.place, edit.message_id, EDITED)
        return ""

    def _late(self, tap: Arrival, update_id: int) -> str:
        self._chat.unacknowledge(update_id, tap.place, tap.message_id)
        return TOO_LATE

    def _steers(self, user: int) -> bool:
        settings = self._settings()
        return (settings.users[user].busy or settings.sessions.busy) == "steer"

    def _may(self, user: int, inbound: Inbound) -> bool:
        return user == inbound.user or self._settings().users[user].role == "owner"

    def _anothers(self, inbound: Inbound) -> bool:
        """Whether the turn that runs is another user's: it is charged, and allowed, as theirs."""
        return self._chat.asker(inbound.key) not in {None, inbound.user}

    async def _steer(self, inbound: Inbound) -> bool:
        return await self._engine.signal(inbound.key, Steer(inbound.update_id))
