"""What becomes of an update before it is stored.

A message needs a session to live in, in a folder that is open to its user. And two things that
look like a command and a tap are messages in truth: /retry is the last question again, Continue
is the word "continue". They are stored as what they are, so that a crash changes nothing.
"""

from dataclasses import replace

from bridge.errors import BridgeError
from bridge.model import Arrival, Kind, Outcome, SessionKey
from bridge.ports import Desk
from bridge.telegram import buttons
from bridge.telegram.buttons import Continue
from bridge.telegram.commands import lodging
from bridge.telegram.commands.context import Tools
from bridge.telegram.updates import command

GO_ON = "continue"


class TurnedAway(BridgeError):
    """It is not taken in; the message says why."""


class Entrance:
    def __init__(self, tools: Tools) -> None:
        self._desk: Desk = tools.desk
        self._settings = tools.settings
        self._continued: set[int] = set()  # quick fingers: the button is still there

    async def prepared(self, came: Arrival) -> Arrival:
        """The update as it is to be stored. TurnedAway; StoreError: ask again."""
        if came.kind is Kind.COMMAND and command(came.text)[0] == "retry":
            came = await self._retried(came)
        elif came.kind is Kind.TAP and isinstance(tap := buttons.parse(came.text), Continue):
            came = await self._continues(came, tap)
        if came.kind is Kind.MESSAGE:
            await self._lodge(came, await self._desk.sessions.current(came.place))
        return came

    async def _retried(self, came: Arrival) -> Arrival:
        key = await self._desk.sessions.current(came.place)
        question = await self._desk.turns.last(key)
        return replace(came, kind=Kind.MESSAGE, text=question.text) if question else came

    async def _continues(self, came: Arrival, tap: Continue) -> Arrival:
        """The chat goes back to the session that was cut off. Unchanged: it is not there."""
        answer = await self._desk.turns.answer(tap.update_id)
        here = answer is not None and answer.key.place == came.place
        if answer is None or not here or answer.outcome is not Outcome.LOST:
            return came
        if tap.update_id in self._continued:
            return came
        await self._desk.sessions.enter(answer.key)
        self._continued.add(tap.update_id)
        return replace(came, kind=Kind.MESSAGE, text=GO_ON)

    async def _lodge(self, came: Arrival, key: SessionKey) -> None:
        settings, sessions = self._settings(), self._desk.sessions
        user = settings.users.get(came.user)
        session = await sessions.find(key)
        if session is None:
            folder = await lodging.vacant(key, settings, sessions)
            session = await sessions.load(key, came.user, folder)
        if user and (why := lodging.closed_to(session, user.role, settings)):
            raise TurnedAway(why)
