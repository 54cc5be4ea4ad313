"""The two doors at which Claude Code asks for leave: the hook for every call, and the question.

The hook applies the guard, and nobody is asked by it. What the guard leaves to the user comes back
through `ask`, which waits for a tap. An interrupt cancels the wait; that counts as a no, and so
does a wait that nobody ends. Whatever is decided is noted before it takes effect, so a call that
cannot be noted is not made.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from claude_agent_sdk import (
    HookJSONOutput,
    PermissionResult,
    PermissionResultAllow,
    PermissionResultDeny,
    ToolPermissionContext,
)

from bridge.agent import asking, planning
from bridge.agent.asking import Asker
from bridge.agent.deeds import deed
from bridge.agent.guard import Decision, Guard, Ruling
from bridge.model import AgentEvent, Ask, Asked, Deed, Lapsed, Tapped

log = structlog.get_logger(__name__)

DENIED = "The user said no. Do not try it another way; ask what to do instead."
BECAUSE = "The user said no, and why: {words}"
NOT_YET = "The user does not want this plan as it is. Ask what to change."
NOT_SO = "The user does not want this plan as it is, and says: {words}"
LATE = "The user has not answered in time. Do not try it another way; say that you wait for a yes."
NOBODY = "No turn is running, so nobody can be asked."
UNANSWERED = "nobody answered in time"
CUT_OFF = "the turn ended before it was answered"

Note = Callable[[Deed], Awaitable[None]]


async def unnoted(_deed: Deed) -> None:
    """Where there is no audit trail."""


@dataclass(frozen=True, slots=True)
class Verdict:
    result: PermissionResult
    why: str

    @property
    def allowed(self) -> bool:
        return isinstance(self.result, PermissionResultAllow)


@dataclass(slots=True)
class Permit:
    """`put` tells the running turn something, if there is one; `minutes` may an answer take."""

    guard: Guard
    asker: Callable[[], Asker | None]
    put: Callable[[AgentEvent], None]
    note: Note = unnoted
    minutes: float = 60.0
    denied: set[str] = field(default_factory=set)  # calls that got a no; cleared by who runs turns
    _granted: dict[str, int] = field(default_factory=dict)  # for the session, and by whom
    _open: dict[str, asyncio.Future[Tapped]] = field(default_factory=dict)

    def reply(self, nonce: str, chosen: Sequence[int], words: str = "", user: int = 0) -> None:
        waiting = self._open.get(nonce)
        if waiting and not waiting.done():
            waiting.set_result(Tapped(nonce, tuple(chosen), words, user))

    async def rule(self, call: Mapping[str, Any], plans: Path) -> HookJSONOutput:
        """`plans`: as in `Guard.decide`, if Claude plans now. Raises: it is a no."""
        tool, given = call["tool_name"], call["tool_input"]
        plan = plans if call.get("permission_mode") == planning.MODE else None
        decision = self._granting(self.guard.decide(tool, given, plan), tool, given, plan)
        if decision.ruling is Ruling.DENY:
            self.denied.add(call["tool_use_id"])
            log.info("guard.denied", tool=tool)
        if decision.ruling is not Ruling.ASK:
            allowed = decision.ruling is Ruling.ALLOW
            await self._noted(self.asker(), tool, given, allowed=allowed, why=decision.why)
        return {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": decision.ruling.value,
                "permissionDecisionReason": decision.why,
            }
        }

    def _granting(
        self, decision: Decision, tool: str, given: Mapping[str, Any], plan: Path | None
    ) -> Decision:
        """What was allowed for the whole session is not asked again, unless Claude plans."""
        by = self._granted.get(asking.scope(tool, given).key)
        if decision.ruling is not Ruling.ASK or by is None or plan:
            return decision
        return Decision(Ruling.ALLOW, f"allowed for the session by {by}")

    async def ask(
        self, tool: str, given: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResult:
        asker = self.asker()
        try:
            verdict = await self._verdict(asker, tool, given)
        except asyncio.CancelledError:
            await self._noted(asker, tool, given, allowed=False, why=CUT_OFF)
            raise
        if not verdict.allowed and context.tool_use_id:
            self.denied.add(context.tool_use_id)
        await self._noted(asker, tool, given, allowed=verdict.allowed, why=verdict.why)
        return verdict.result

    async def _verdict(self, asker: Asker | None, tool: str, given: dict[str, Any]) -> Verdict:
        if asker is None:
            return Verdict(PermissionResultDeny(message=NOBODY), NOBODY)
        try:
            match tool:
                case "AskUserQuestion":
                    return await self._questions(asker, given)
                case "ExitPlanMode":
                    return await self._plan(asker, given)
                case _:
                    return await self._approval(asker, tool, given)
        except TimeoutError:
            return Verdict(PermissionResultDeny(message=LATE), UNANSWERED)

    async def _approval(self, asker: Asker, tool: str, given: dict[str, Any]) -> Verdict:
        ask = asking.approval(asker, tool, asking.relative(given, self.guard.folder))
        tapped = await self._answer(ask)
        option = asking.labels(ask, tapped.chosen)
        scope = asking.scope(tool, given)
        if tapped.words or option not in {asking.ALLOW, scope.label}:
            return refusal(tapped, DENIED, BECAUSE)
        if option == scope.label:
            self._granted[scope.key] = tapped.user
        return Verdict(PermissionResultAllow(updated_input=given), f"allowed by {tapped.user}")

    async def _plan(self, asker: Asker, given: dict[str, Any]) -> Verdict:
        ask = asking.plan(asker, given)
        tapped = await self._answer(ask)
        if tapped.words or asking.labels(ask, tapped.chosen) != asking.ALLOW:
            return refusal(tapped, NOT_YET, NOT_SO)
        return Verdict(PermissionResultAllow(updated_input=given), f"allowed by {tapped.user}")

    async def _questions(self, asker: Asker, given: dict[str, Any]) -> Verdict:
        answers = {}
        for text, ask in asking.questions(asker, given):
            answers[text] = asking.answer(ask, await self._answer(ask))
        result = PermissionResultAllow(updated_input={**given, "answers": answers})
        return Verdict(result, "answered by the user")

    async def _answer(self, ask: Ask) -> Tapped:
        """TimeoutError: there was none."""
        waiting = self._open[ask.nonce] = asyncio.get_running_loop().create_future()
        try:
            self.put(Asked(ask))
            async with asyncio.timeout(self.minutes * 60):
                answer: Tapped = await waiting
                return answer
        except TimeoutError:
            self.put(Lapsed(ask))
            raise
        finally:
            del self._open[ask.nonce]

    async def _noted(
        self, asker: Asker | None, tool: str, given: Mapping[str, Any], *, allowed: bool, why: str
    ) -> None:
        if asker:
            await self.note(deed(asker, tool, given, allowed=allowed, why=why))


def refusal(tapped: Tapped, plain: str, worded: str) -> Verdict:
    message = worded.format(words=tapped.words) if tapped.words else plain
    return Verdict(PermissionResultDeny(message=message), f"denied by {tapped.user}")
