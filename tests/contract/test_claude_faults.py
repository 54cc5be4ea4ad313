"""Claude Code that dies, freezes or babbles: a sentence for the user, and the session goes on."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.agent.claude import Claude
from bridge.agent.leftovers import sweep
from bridge.errors import AgentError
from bridge.model import Noticed, Outcome, Text
from bridge.simulator.script import Say, Script, Stall, When
from tests.contract.solo import claude, end, furnished, installed, left, of, prompt, told

SCRIPT = Script(When("go", [Say("x "), Stall(60)]), When("b", [Say("Back.")]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnished(tmp_path)


def meddling(folder: Path, meddle: str) -> Path:
    """In the place of the wrapper: a script that has its hands on the output.

    It meddles once: when the words begin, and in the first process only.
    """
    script = folder / "meddling"
    script.write_text(f"""#!/usr/bin/env python3
import os, signal, subprocess, sys, threading
claude = subprocess.Popen([{str(installed(folder))!r}, *sys.argv[1:]], stdout=subprocess.PIPE)
once = {str(folder / "once")!r}
out = sys.stdout.buffer
for line in claude.stdout:
    out.write(line)
    out.flush()
    if b"content_block_delta" in line and not os.path.exists(once):
        open(once, "w").close()
        {meddle}
sys.exit(claude.wait())
""")
    script.chmod(0o700)
    return script


async def at_the_first_words(client: Claude, act: Callable[[], object]) -> None:
    async for event in client.run(prompt("go")):
        if isinstance(event, Text):
            act()


def send(folder: Path, number: signal.Signals) -> None:
    for pid in left(folder):
        os.kill(pid, number)


async def test_a_process_that_dies_is_a_sentence_and_the_history_stays(folder: Path) -> None:
    async with claude(folder, SCRIPT) as client:
        with pytest.raises(AgentError, match="killed"):
            await at_the_first_words(client, lambda: send(folder, signal.SIGKILL))
        again = await told(client, "b")
        assert end(again).text == "Back."
        assert not of(Noticed, again)


async def test_a_frozen_process_is_ended_by_a_stop_or_a_kill(folder: Path) -> None:
    async with claude(folder, SCRIPT) as client:
        turn = asyncio.create_task(at_the_first_words(client, lambda: send(folder, signal.SIGSTOP)))
        await frozen(folder)
        await client.kill()
        with pytest.raises(AgentError, match="did not go on"):
            await turn
        assert end(await told(client, "b")).text == "Back."
        send(folder, signal.SIGSTOP)
        run = asyncio.create_task(told(client, "b"))
        await frozen(folder)
        await asyncio.sleep(0)
        await client.interrupt()
        assert end(await run).outcome is Outcome.STOPPED
        assert end(await told(client, "b")).text == "Back."


async def frozen(folder: Path) -> None:
    async with asyncio.timeout(20):
        while not any(state(pid) == "T" for pid in left(folder)):  # noqa: ASYNC110 another process
            await asyncio.sleep(0.02)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize(
    ("meddle", "words"),
    [
        ("claude.kill(); claude.wait(); sys.exit(0)", "ended without a result|Claude Code failed"),
        ("out.write(b'{broken\\n'); out.flush()", "unreadable"),
    ],
    ids=["exit 0", "broken JSON"],
)
async def test_a_process_that_fails_oddly_is_a_sentence(
    folder: Path, meddle: str, words: str
) -> None:
    async with claude(folder, SCRIPT, cli=meddling(folder, meddle)) as client:
        with pytest.raises(AgentError, match=words):
            await at_the_first_words(client, lambda: None)
        assert end(await told(client, "b")).text == "Back."


async def test_noise_and_very_long_lines_change_nothing(folder: Path) -> None:
    noise = "out.write(b'noise\\n[1]\\n' + b'{\"type\": \"' + b'x' * (8 << 20) + b'\"}\\n')"
    script = Script([Say("All is well.")])
    async with claude(folder, script, cli=meddling(folder, noise)) as client:
        assert end(await told(client, "go")).text == "All is well."


async def test_what_an_earlier_run_left_is_swept_and_nothing_else(folder: Path) -> None:
    other = await asyncio.create_subprocess_exec("sleep", "60")
    async with claude(folder, SCRIPT) as client:
        with pytest.raises(AgentError, match="killed"):
            await at_the_first_words(client, lambda: sweep(folder / "config"))
        assert left(folder) == []
        assert sweep(folder / "config") == 0
    assert other.returncode is None
    other.kill()
    await other.wait()
