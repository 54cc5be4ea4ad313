"""The two doors at which Claude Code asks for leave: the hook for every call, and the question.

The hook applies the guard and never waits. What the guard leaves to the user comes back
through `ask`, which waits for a tap. An interrupt cancels the wait; that counts as a no.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import structlog
from claude_agent_sdk import (
    HookContext,
    HookInput,
    HookJSONOutput,
    PermissionResult,
    PermissionResultAllow,
    PermissionResultDeny,
    ToolPermissionContext,
)

from bridge.agent import asking
from bridge.agent.asking import Asker
from bridge.agent.guard import Guard, Ruling
from bridge.model import Ask

log = structlog.get_logger(__name__)

DENIED = "The user said no. Do not try it another way; ask what to do instead."
NOBODY = "No turn is running, so nobody can be asked."


class Permit:
    """`put` shows a question to the user of the running turn, if there is one."""

    def __init__(self, guard: Guard, asker: Callable[[], Asker | None],
                 put: Callable[[Ask], None]) -> None:  # fmt: skip
        self._guard = guard
        self._asker = asker
        self._put = put
        self._open: dict[str, asyncio.Future[Sequence[int]]] = {}

    def reply(self, nonce: str, chosen: Sequence[int]) -> None:
        waiting = self._open.get(nonce)
        if waiting and not waiting.done():
            waiting.set_result(chosen)

    async def rule(
        self, given: HookInput, _id: str | None, _context: HookContext
    ) -> HookJSONOutput:
        call = cast("dict[str, Any]", given)
        decision = self._guard.decide(call["tool_name"], call["tool_input"])
        if decision.ruling is Ruling.DENY:
            log.info("guard.denied", tool=call["tool_name"], why=decision.why)
        return {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": decision.ruling.value,
                "permissionDecisionReason": decision.why,
            }
        }

    async def ask(
        self, tool: str, given: dict[str, Any], _context: ToolPermissionContext
    ) -> PermissionResult:
        asker = self._asker()
        if asker is None:
            return PermissionResultDeny(message=NOBODY)
        if tool == "AskUserQuestion":
            return await self._questions(asker, given)
        shown = asking.relative(given, self._guard.folder)
        ask = asking.approval(asker, tool, shown)
        if asking.labels(ask, await self._answer(ask)) == asking.ALLOW:
            return PermissionResultAllow(updated_input=given)
        return PermissionResultDeny(message=DENIED)

    async def _questions(self, asker: Asker, given: dict[str, Any]) -> PermissionResult:
        answers = {}
        for text, ask in asking.questions(asker, given):
            answers[text] = asking.labels(ask, await self._answer(ask))
        return PermissionResultAllow(updated_input={**given, "answers": answers})

    async def _answer(self, ask: Ask) -> Sequence[int]:
        waiting = self._open[ask.nonce] = asyncio.get_running_loop().create_future()
        try:
            self._put(ask)
            chosen: Sequence[int] = await waiting
            return chosen
        finally:
            del self._open[ask.nonce]
