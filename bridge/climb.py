"""How a running turn gets a larger model: on evidence, within its means, and told to its user.

The switch happens inside the turn, so nothing is repeated: the larger model reads all that was
done so far. That costs money at once, which is asked of the budget first. Whatever stands in the
way, the model that works goes on.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

import structlog

from bridge.errors import AgentError, ChatError
from bridge.means import afford
from bridge.model import AgentEvent, Climbed, Session, ToolResult, ToolUse, Turn
from bridge.ports import Desk
from bridge.settings import Settings
from budgets import prices
from routing import evidence
from routing.escalate import Standing, Step, affordable, next_step
from routing.evidence import Call, Trail
from routing.model import Evidence, Policy

log = structlog.get_logger(__name__)

TAKES_OVER = (
    "{model} takes over from here on, with everything that was said and done so far. "
    "Go on with the work."
)
GO_ON = "Nobody can take over: {why}. Go on yourself, and say in your answer what is uncertain."


class Climber:
    """The steps up of one turn. `switch` makes Claude Code use a model, by its id."""

    def __init__(
        self,
        turn: Turn,
        session: Session,
        rules: Policy,
        desk: Desk,
        settings: Settings,
        switch: Callable[[str], Awaitable[None]],
    ) -> None:
        self._turn = turn
        self._session = session
        self._desk = desk
        self._settings = settings
        self._switch = switch
        self._policy = rules
        self._trail = Trail()
        self._told: list[Climbed] = []
        self.models: tuple[str, ...] = (turn.model,)  # those that have worked on it, in their order
        self._one = asyncio.Lock()  # the tool and the trail may both ask at the same moment

    @property
    def model(self) -> str:
        """The one that works now."""
        return self.models[-1]

    @property
    def _standing(self) -> Standing:
        return Standing(self.model, len(self.models) - 1, pinned=self._session.pin is not None)

    @property
    def offered(self) -> bool:
        """Whether the model may ask for a larger one by itself."""
        on_top = self._policy.larger(self._turn.model) is None
        may = Evidence.ASKED in self._policy.evidence and self._policy.max_steps > 0
        switches = self._settings.routing.escalate.how == "switch"
        return may and switches and not on_top and not self._standing.pinned

    def news(self) -> list[Climbed]:
        """The steps since this was asked last."""
        told, self._told = self._told, []
        return told

    async def asked(self, reason: str, tried: str) -> str:
        """What the model is told that called the tool `escalate`."""
        log.info("climb.asked", update=self._turn.update_id, chars=len(reason) + len(tried))
        step = await self._climb(Evidence.ASKED)
        return (TAKES_OVER if step.model else GO_ON).format(model=step.model, why=step.why)

    async def heard(self, event: AgentEvent) -> None:
        match event:
            case ToolUse(id=id_, name=name, input=given):
                what = json.dumps([name, dict(given)], sort_keys=True, default=str)
                tests = name == "Bash" and evidence.is_test(str(given.get("command", "")))
                self._trail = evidence.called(self._trail, Call(id_, what, tests))
            case ToolResult(id=id_, ok=ok, denied=False):
                self._trail = evidence.ended(self._trail, id_, ok=ok)
        if found := evidence.sign(self._trail):
            self._trail = evidence.told(self._trail, found)
            await self._climb(found)

    async def _climb(self, found: Evidence) -> Step:
        async with self._one:
            step = next_step(found, self._standing, self._policy)
            if step.model:
                step = affordable(step, self._need(step.model), await self._headroom())
            if step.model:
                step = await self._taken(step, step.model)
        log.info("climb", update=self._turn.update_id, evidence=found, model=step.model,
                 why=step.why)  # fmt: skip
        return step

    async def _taken(self, step: Step, model: str) -> Step:
        try:
            await self._switch(self._settings.models[model].id)
        except AgentError as error:
            await self._say(f"{model} could not take over, so {self.model} goes on. {error}")
            return Step(None, f"{model} could not be reached")
        climbed = Climbed(self.model, model, step.why)
        self.models = (*self.models, model)
        self._trail = Trail()
        self._told.append(climbed)
        await self._desk.decisions.climbed(self._turn.update_id, climbed)
        return step

    def _need(self, model: str) -> int:
        """What its first request may cost: it reads the whole history anew. Micro-USD."""
        entry = self._settings.models[model]
        price = prices.find(entry.id, self._settings.prices)
        if price is None:
            raise AgentError(f"What the model {model} costs is not known.")
        tokens = max(self._desk.toll.context(self._turn.key), self._session.context_tokens)
        return prices.worst_case(price, input_tokens=tokens, output_tokens=entry.output_tokens)

    async def _headroom(self) -> int:
        """What is left in the tightest window, micro-USD; 0 = only the smallest model may work."""
        verdict = await afford(self._turn.user, self._desk, self._settings)
        return 0 if verdict.small or not verdict.ok else verdict.headroom

    async def _say(self, text: str) -> None:
        try:
            await self._desk.chat.say(self._turn.key.place, text)
        except ChatError as error:
            log.warning("climb.unsaid", update=self._turn.update_id, why=str(error))
