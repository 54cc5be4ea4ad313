"""Who is asked, what an answer does, and that nothing is done that was not noted."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from claude_agent_sdk import PermissionResult, PermissionResultAllow, ToolPermissionContext

from bridge.agent.asking import Asker
from bridge.agent.guard import Guard
from bridge.agent.permit import Permit
from bridge.errors import StoreError
from bridge.model import AgentEvent, Ask, Asked, Deed, Lapsed, SessionKey

ADA = 111
ASKER = Asker(SessionKey(1, 0, "main"), 7, ADA)
GIT = {"command": "git status"}


@dataclass
class Desk:
    """Somebody who is asked, and the audit trail."""

    folder: Path
    told: list[AgentEvent] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    broken: bool = False
    permit: Permit = field(init=False)

    def __post_init__(self) -> None:
        guard = Guard(self.folder, ["Read", "Bash", "Write"], ["Bash", "Write"])
        self.permit = Permit(guard, lambda: ASKER, self.told.append, self.note, minutes=20)

    async def note(self, deed: Deed) -> None:
        if self.broken:
            raise StoreError("The disk is full.")
        self.deeds.append(deed)

    async def rule(self, tool: str, given: dict[str, Any], mode: str = "default") -> str:
        call = {"tool_name": tool, "tool_input": given, "tool_use_id": "t",
                "permission_mode": mode}  # fmt: skip
        ruled: Any = await self.permit.rule(call, self.folder / "plans")
        return str(ruled["hookSpecificOutput"]["permissionDecision"])

    def asks(self, tool: str, given: dict[str, Any]) -> "asyncio.Task[PermissionResult]":
        context = ToolPermissionContext(tool_use_id="t")
        return asyncio.create_task(self.permit.ask(tool, given, context))

    async def asked(self) -> Ask:
        await asyncio.sleep(0)
        [*_, last] = [event.ask for event in self.told if isinstance(event, Asked)]
        return last

    async def answered(
        self, tool: str, given: dict[str, Any], option: str, words: str = ""
    ) -> PermissionResult:
        task = self.asks(tool, given)
        ask = await self.asked()
        chosen = [n for n, label in enumerate(ask.options) if label.startswith(option)][:1]
        self.permit.reply(ask.nonce, () if words else chosen, words, ADA)
        return await task


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


async def test_what_needs_no_tap_is_noted_at_once_and_what_is_denied_too(desk: Desk) -> None:
    assert await desk.rule("Read", {"file_path": "a"}) == "allow"
    assert await desk.rule("Read", {"file_path": "/etc/shadow"}) == "deny"
    assert [(d.tool, d.what, d.allowed) for d in desk.deeds] == [
        ("Read", "a", True), ("Read", "/etc/shadow", False),
    ]  # fmt: skip
    assert "t" in desk.permit.denied


async def test_an_allowed_one_is_noted_with_who_allowed_it(desk: Desk) -> None:
    assert await desk.rule("Bash", GIT) == "ask"
    assert desk.deeds == [], "it is not decided yet"
    assert isinstance(await desk.answered("Bash", GIT, "Allow"), PermissionResultAllow)
    [deed] = desk.deeds
    assert (deed.what, deed.allowed, deed.why) == ("git status", True, "allowed by 111")


async def test_a_reason_reaches_the_model(desk: Desk) -> None:
    result: Any = await desk.answered("Bash", GIT, "", words="use jj instead")
    assert "use jj instead" in result.message
    assert not desk.deeds[0].allowed


async def test_words_that_say_yes_are_still_no_tap_on_allow(desk: Desk) -> None:
    result = await desk.answered("Bash", GIT, "", words="Allow")
    assert not isinstance(result, PermissionResultAllow)


async def test_allowed_for_the_session_is_not_asked_again(desk: Desk) -> None:
    await desk.answered("Bash", GIT, "Allow git")
    assert await desk.rule("Bash", {"command": "git log -3"}) == "allow"
    assert desk.deeds[-1].why == "allowed for the session by 111"
    assert await desk.rule("Bash", {"command": "git log; rm x"}) == "ask"
    assert await desk.rule("Write", {"file_path": "a", "content": ""}) == "ask"
    assert await desk.rule("Bash", GIT, mode="plan") == "ask", "a plan changes nothing"


async def test_allowed_once_is_asked_again(desk: Desk) -> None:
    await desk.answered("Bash", GIT, "Allow")
    assert await desk.rule("Bash", GIT) == "ask"


async def test_an_approval_that_never_comes_is_a_no_and_is_told(desk: Desk) -> None:
    began = asyncio.get_running_loop().time()
    result: Any = await desk.asks("Bash", GIT)
    assert asyncio.get_running_loop().time() - began == pytest.approx(20 * 60)
    assert "not answered in time" in result.message
    assert isinstance(desk.told[-1], Lapsed)
    assert not desk.deeds[0].allowed


async def test_a_tap_that_comes_too_late_or_twice_changes_nothing(desk: Desk) -> None:
    result = await desk.asks("Bash", GIT)
    desk.permit.reply((await desk.asked()).nonce, (0,))
    assert not isinstance(result, PermissionResultAllow)
    task = desk.asks("Bash", GIT)
    ask = await desk.asked()
    desk.permit.reply(ask.nonce, (1,), user=ADA)
    desk.permit.reply(ask.nonce, (0,), user=ADA)
    assert not isinstance(await task, PermissionResultAllow)


async def test_a_thousand_forged_replies_allow_nothing(desk: Desk) -> None:
    task = desk.asks("Bash", GIT)
    nonce = (await desk.asked()).nonce
    for n in range(1000):
        desk.permit.reply(f"{n:016x}", (0,))
        desk.permit.reply(nonce[:-1], (0,))
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    await asyncio.wait({task})


@pytest.mark.parametrize("chosen", [(), (9,), (-1,), (3,), (1,), (0, 1)])
async def test_only_a_tap_on_allow_allows(desk: Desk, chosen: tuple[int, ...]) -> None:
    task = desk.asks("Bash", GIT)
    desk.permit.reply((await desk.asked()).nonce, chosen)
    assert not isinstance(await task, PermissionResultAllow)


async def test_a_wait_that_is_cut_off_is_noted_as_a_no(desk: Desk) -> None:
    task = desk.asks("Bash", GIT)
    await desk.asked()
    task.cancel()
    await asyncio.wait({task})
    assert [deed.allowed for deed in desk.deeds] == [False]


async def test_what_cannot_be_noted_is_not_done(desk: Desk) -> None:
    desk.broken = True
    with pytest.raises(StoreError):
        await desk.rule("Read", {"file_path": "a"})
    with pytest.raises(StoreError):
        await desk.answered("Bash", GIT, "Allow")
