"""`Decisions` and `Turns` in dicts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bridge.errors import Fenced
from bridge.model import Answer, Climbed, Exchange, Inbound, Session, SessionKey, Turn
from bridge.ports import Decision
from routing.model import Choice, Request
from tests.fakes.inbox import FakeInbox
from tests.fakes.sessions import FakeSessions


@dataclass
class FakeTurns:
    """`Turns` in dicts, fenced by the epochs of `sessions`.

    `faults` are raised by the next closes, before anything is stored.
    """

    inbox: FakeInbox
    sessions: FakeSessions
    entered: dict[int, Turn] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    answers: dict[int, Answer] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    faults: list[Exception] = field(default_factory=list)

    async def enter(self, turn: Turn) -> bool:
        self.entered.setdefault(turn.update_id, turn)
        self.inbox.entered.add(turn.update_id)
        return turn.update_id not in self.touched

    async def touch(self, update_id: int) -> None:
        self.touched.add(update_id)

    async def close(
        self, turn: Turn, session: Session, answer: Answer, absorbed: Sequence[int] = ()
    ) -> None:
        if self.faults:
            raise self.faults.pop(0)
        stored = self.sessions.known.get(session.key)
        if stored is None or stored.epoch != session.epoch:
            raise Fenced("Another server works on this session now.")
        self.sessions.known[session.key] = replace(
            session,
            pin=stored.pin,
            borrowed=stored.borrowed,
            minutes=stored.minutes,
            mode=stored.mode,
            effort=stored.effort,
        )
        self.answers.setdefault(turn.update_id, answer)
        self.inbox.absorbed |= dict.fromkeys(absorbed, turn.update_id)

    async def confirmed(self, update_id: int, parts: int) -> None:
        self.answers[update_id] = replace(self.answers[update_id], parts=parts)

    async def delivered(self, update_id: int) -> None:
        self.done.add(update_id)
        await self.inbox.done(update_id)

    async def undelivered(self) -> Sequence[Answer]:
        return [a for number, a in sorted(self.answers.items()) if number not in self.done]

    async def recent(self, key: SessionKey, most: int) -> Sequence[Exchange]:
        mine = [a for _, a in sorted(self.answers.items()) if a.key == key]
        return [Exchange(self._question(a.update_id).text, a.text) for a in mine[-most:]]

    async def last(self, key: SessionKey) -> Inbound | None:
        mine = [number for number, answer in self.answers.items() if answer.key == key]
        return self._question(max(mine)) if mine else None

    async def answer(self, update_id: int) -> Answer | None:
        return self.answers.get(update_id)

    def _question(self, update_id: int) -> Inbound:
        return self.inbox.rows[update_id][1]


@dataclass
class FakeDecisions:
    """`Decisions` in a dict, by update id."""

    made: dict[int, Decision] = field(default_factory=dict)

    async def record(self, turn: Turn, request: Request, choice: Choice) -> None:
        at, version = turn.started_at, turn.settings
        made = Decision(turn.update_id, turn.key, at, version, request, choice)
        self.made[turn.update_id] = made

    async def climbed(self, update_id: int, step: Climbed) -> None:
        made = self.made[update_id]
        self.made[update_id] = replace(made, climbed=(*made.climbed, step))

    async def last(self, key: SessionKey) -> Decision | None:
        mine = [each for each in self.made.values() if each.key == key]
        return mine[-1] if mine else None

    async def find(self, update_id: int) -> Decision | None:
        return self.made.get(update_id)

    async def since(self, start: datetime) -> Sequence[Decision]:
        return [each for each in self.made.values() if each.at >= start]
