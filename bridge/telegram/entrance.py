"""What becomes of an update before it is stored.

A message needs a session to live in, in a folder that is open to its user, and files that can be
had. Words for an open question of Claude are no message but its answer. And some things that look
like a command or a tap are messages in truth: /retry is the last question again, Continue is the
word "continue", Not good enough is that question for a larger model, Send is what was said in a
voice message. They are stored as what they are, so that a crash changes nothing.
"""

from dataclasses import replace
from zoneinfo import ZoneInfo

from bridge.model import Arrival, Inbound, Kind, Outcome, SessionKey
from bridge.ports import Desk
from bridge.telegram import buttons
from bridge.telegram.buttons import Better, Continue, Send
from bridge.telegram.commands import lodging
from bridge.telegram.commands.context import Tools
from bridge.telegram.files import limits
from bridge.telegram.files.limits import TurnedAway
from bridge.telegram.updates import command, replied

GO_ON = "continue"
AGAIN = (
    "Your last answer to this was not good enough. Think it through anew, check what is there, "
    "and answer it well:\n\n{question}"
)

TOO_MANY = (
    "{most} messages an hour are taken from you here, and those are used up. Send this one again "
    "after {when:%H:%M}."
)


class Entrance:
    def __init__(self, tools: Tools) -> None:
        self._desk: Desk = tools.desk
        self._settings = tools.settings
        self._used: set[int] = set()  # quick fingers: the button is still there

    async def prepared(self, came: Arrival) -> Arrival:
        """The update as it is to be stored. TurnedAway; StoreError: ask again."""
        if came.kind is Kind.MESSAGE and await self._answers(came):
            return replace(came, kind=Kind.ANSWER)
        if came.kind is Kind.COMMAND and command(came.text)[0] == "retry":
            came = await self._retried(came)
        elif came.kind is Kind.TAP:
            came = await self._tapped(came)
        if came.kind in {Kind.MESSAGE, Kind.VOICE} and came.addressed:
            await self._paced(came.user)
            limits.check(came.files, self._settings().telegram.base_url)
        if came.kind is Kind.MESSAGE and came.addressed:
            await self._lodge(came, await self._desk.sessions.current(came.place))
        return came

    async def _paced(self, user: int) -> None:
        settings = self._settings()
        most = settings.limits.messages_per_hour
        at = await self._desk.inbox.free_at(user, most)
        if at and user in settings.users:
            when = at.astimezone(ZoneInfo(settings.users[user].timezone))
            raise TurnedAway(TOO_MANY.format(most=most, when=when))

    async def _answers(self, came: Arrival) -> bool:
        """Whether it is words for an open question, by somebody who may answer it."""
        ask = await self._desk.asks.worded(came.place, came.user, replied(came))
        if ask is None or not came.text:
            return False
        return came.user == ask.user or self._settings().users[came.user].role == "owner"

    async def _retried(self, came: Arrival) -> Arrival:
        key = await self._desk.sessions.current(came.place)
        question = await self._desk.turns.last(key)
        return again(came, question, question.text) if question else came

    async def _tapped(self, came: Arrival) -> Arrival:
        match buttons.parse(came.text):
            case Continue() as tap:
                return await self._continues(came, tap)
            case Better() as tap:
                return await self._judged(came, tap)
            case Send() as tap:
                return await self._spoken(came, tap)
        return came

    async def _spoken(self, came: Arrival, tap: Send) -> Arrival:
        """What was said, in the words that were shown. Unchanged: not theirs, or gone."""
        said = await self._desk.inbox.question(tap.update_id)
        if said is None or (said.user, said.key.place) != (came.user, came.place):
            return came
        if not said.text or tap.update_id in self._used:
            return came
        self._used.add(tap.update_id)
        return replace(came, kind=Kind.MESSAGE, text=said.text, quote=said.quote)

    async def _judged(self, came: Arrival, tap: Better) -> Arrival:
        """The question again, in the session it was asked in. Unchanged: not theirs, or gone."""
        answer = await self._desk.turns.answer(tap.update_id)
        question = await self._desk.inbox.question(tap.update_id)
        if answer is None or question is None or answer.key.place != came.place:
            return came
        if question.user != came.user or tap.update_id in self._used:
            return came
        await self._desk.sessions.enter(answer.key)
        self._used.add(tap.update_id)
        text = question.text if question.judges else AGAIN.format(question=question.text)
        return replace(again(came, question, text), judges=tap.update_id)

    async def _continues(self, came: Arrival, tap: Continue) -> Arrival:
        """The chat goes back to the session that was cut off. Unchanged: it is not there."""
        answer = await self._desk.turns.answer(tap.update_id)
        here = answer is not None and answer.key.place == came.place
        if answer is None or not here or answer.outcome is not Outcome.LOST:
            return came
        if tap.update_id in self._used:
            return came
        await self._desk.sessions.enter(answer.key)
        self._used.add(tap.update_id)
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


def again(came: Arrival, question: Inbound, text: str) -> Arrival:
    """An earlier message once more, with all that it carried."""
    return replace(came, kind=Kind.MESSAGE, text=text, files=question.files, quote=question.quote)
