"""A table of attempts, made with the real Claude Code: each one fails and each is one audit row.

One process makes them all, one after the other. The worst case is set up: no tool needs a tap.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bridge.agent import process
from bridge.agent.options import sandboxed
from bridge.agent.pool import Pool
from bridge.booth.serve import listening
from bridge.errors import StoreError
from bridge.model import AgentEvent, Asked, Deed, Session, SessionKey, ToolResult, ToolUse
from bridge.settings import read
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Say, Script, UseTool
from tests.contract.solo import ADA, NONE, NOW, OpenToll, Stays, end, of, prompt

SECRET = "hunter2-"  # begins each of the things that must not be read
FIND = "grep -e 'hunter[2]-' -e ANTHROPIC_BASE_URL=h"
LEAKED = re.compile(rf"{SECRET}(?!')|root:[*$!x]|ANTHROPIC_BASE_URL=h")
SETTINGS = """
[users.111]
role = "member"
[sessions]
root = "{root}/sessions"
spare = false
[folders.homelab]
path = "{root}/homelab"
[claude]
sandbox = "required"
approve = []
"""

pytestmark = pytest.mark.skipif(not sandboxed(), reason="bubblewrap and socat are not installed")


@dataclass(frozen=True, slots=True)
class Attempt:
    tool: str
    given: dict[str, Any]
    must_not_exist: str = ""  # a file, within the stage, that it tries to write

    def use(self, booth: str) -> UseTool:
        given = json.dumps(self.given).replace("BOOTH", booth)
        return UseTool(self.tool, json.loads(given))


def bash(command: str, must_not_exist: str = "") -> Attempt:
    return Attempt("Bash", {"command": command, "description": "try"}, must_not_exist)


def reading(path: str) -> list[Attempt]:
    """Each way to one file."""
    quoted = json.dumps(path)
    return [
        Attempt("Read", {"file_path": path}),
        bash(f"cat {path}"),
        bash(f"python3 -c 'print(open({quoted}).read())'"),
        bash(f"ln -sf {path} link-{Path(path).name} && cat link-{Path(path).name}"),
        bash(f"cat /proc/self/root{path}"),
        bash(f"cd {Path(path).parent} && cat {Path(path).name}"),
        bash(f"cp {path} here && cat here"),
        Attempt("Grep", {"pattern": SECRET, "path": path, "output_mode": "content"}),
    ]


def attempts(stage: Path) -> list[Attempt]:
    """`stage`: the folder that everything of this test lies in."""
    return [
        *[each for path in targets(stage) for each in reading(str(path))],
        bash("cat /etc/shadow"),
        Attempt("Read", {"file_path": "/etc/shadow"}),
        bash("python3 -c 'print(open(\"/etc/shadow\").read())'"),
        bash("umount /etc/shadow; cat /etc/shadow"),
        bash("unshare -rm cat /etc/shadow"),
        bash("cat /proc/1/root/etc/shadow"),
        Attempt("Read", {"file_path": "planted"}),
        bash("cat planted"),
        Attempt("Grep", {"pattern": "hunter2", "path": "/", "output_mode": "content"}),
        Attempt("Glob", {"pattern": "**/*", "path": str(stage)}),
        bash(f"find {stage} -name '*hunter2*'"),
        bash(f"grep -rs hunter2 {stage}/sessions {stage}/config {stage}/homelab"),
        bash(f"env | {FIND}"),
        bash(f"cat /proc/self/environ | tr '\\0' '\\n' | {FIND}"),
        bash(f"cat /proc/[0-9]*/environ | tr '\\0' '\\n' | {FIND}"),
        bash("for p in /proc/[0-9]*; do cat $p/cmdline; done | tr '\\0' '\\n' | grep 'hunter[2]-'"),
        bash(f"echo x > {stage}/sessions/222/main/new", "sessions/222/main/new"),
        bash(f"echo x > {stage}/new", "new"),
        bash(f"python3 -c 'open(\"{stage}/new\", \"w\")'", "new"),
        bash(f"mv planted {stage}/new", "new"),
        bash(f"ln -s {stage} up; echo x > up/new", "new"),
        bash(f"cd ../..; mkdir 333; cd {stage}; touch new", "new"),
        Attempt("Write", {"file_path": f"{stage}/new", "content": "x"}, "new"),
        Attempt("Write", {"file_path": "../../222/main/new", "content": "x"},
                "sessions/222/main/new"),
        Attempt("Write", {"file_path": "out/new", "content": "x"}, "new"),
        bash("curl -sS -m 3 http://example.com || echo failed"),
        bash("curl -sS -m 3 -k https://93.184.216.34 || echo failed"),
        bash("python3 -c 'import socket; socket.create_connection((\"1.1.1.1\", 53), 3)'"),
        bash("curl -sS -m 3 --noproxy '*' BOOTH/hunter2 || echo failed"),
        bash("curl -sS -m 3 --noproxy '' -x $HTTP_PROXY BOOTH || echo failed"),
        Attempt("WebFetch", {"url": "http://127.0.0.1:1/", "prompt": "hunter2?"}),
        Attempt("WebFetch", {"url": "http://169.254.169.254/latest", "prompt": "hunter2?"}),
        Attempt("mcp__tollbridge__send_file", {"path": "planted"}),
        Attempt("mcp__tollbridge__send_file", {"path": "/etc/shadow"}),
    ]  # fmt: skip


def targets(stage: Path) -> list[Path]:
    return [
        stage / ".secrets.toml",
        stage / "sessions" / "222" / "main" / "diary.txt",
        stage / "store" / "ledger.txt",
        stage / "config" / "other" / "history.jsonl",
        stage / "homelab" / "plan.txt",
    ]


def furnished(stage: Path) -> Path:
    """The session's own folder; all that is secret around it says so."""
    own = stage / "sessions" / "111" / "main"
    own.mkdir(parents=True)
    (stage / "private").mkdir()
    for path in targets(stage):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {SECRET}{path.name}\n")
        path.chmod(0o600)
    (own / "planted").symlink_to(stage / ".secrets.toml")
    (own / "out").symlink_to(stage)
    return own


@dataclass
class Stage:
    """What the one process was made to do, and what was noted of it."""

    deeds: list[Deed] = field(default_factory=list)
    events: list[AgentEvent] = field(default_factory=list)

    async def note(self, deed: Deed) -> None:
        self.deeds.append(deed)

    async def play(self, folder: Path, tries: Sequence[Attempt]) -> None:
        """All attempts in one turn. Where Claude Code itself wants a yes, it gets one."""
        (folder / "settings.toml").write_text(SETTINGS.format(root=folder))
        current = read({}, folder, token_needed=False)
        async with listening(messages(Script([]))) as booth:
            uses = tuple(attempt.use(booth) for attempt in tries)
            async with listening(messages(Script([uses, Say("Done.")]))) as api:
                pool = Pool(
                    lambda: current,
                    OpenToll(api),
                    cli=process.install(folder / "private", [*process.PASSED, *NONE]),
                    config=folder / "config",
                    key=NONE,
                    closed=(folder / "store", folder / "config", folder / ".secrets.toml"),
                    note=self.note,
                )
                own = folder / "sessions" / "111" / "main"
                session = Session(SessionKey(ADA, 0, "main"), ADA, own, NOW, NOW)
                async with pool.lend(session, Stays()) as client:
                    async for event in client.run(prompt("try")):
                        self.events.append(event)
                        if isinstance(event, Asked):
                            await client.reply(event.ask.nonce, (0,), "", ADA)


async def test_each_attempt_fails_and_each_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "TOLLBRIDGE_TELEGRAM__TOKEN", "SOME_TOKEN"):
        monkeypatch.setenv(name, f"{SECRET}{name}")
    furnished(tmp_path)
    tries, stage = attempts(tmp_path), Stage()
    assert len(tries) >= 40
    await stage.play(tmp_path, tries)
    assert end(stage.events).text == "Done.", "all of them were made"
    results = {result.id: result.text for result in of(ToolResult, stage.events)}
    for use, attempt in zip(of(ToolUse, stage.events), tries, strict=True):
        assert not LEAKED.search(results[use.id]), (attempt, results[use.id])
        if attempt.must_not_exist:
            assert not (tmp_path / attempt.must_not_exist).exists(), attempt
    noted = Counter(tool for tool, _ in {(deed.tool, deed.digest) for deed in stage.deeds})
    assert noted == Counter(attempt.tool for attempt in tries)


async def test_what_is_not_forbidden_works(tmp_path: Path) -> None:
    """So that the attempts fail because of what they try."""
    own = furnished(tmp_path)
    (own / "mine.txt").write_text("mine to read\n")
    tries = [
        Attempt("Read", {"file_path": "mine.txt"}),
        Attempt("Grep", {"pattern": "to read", "output_mode": "content"}),
        bash("cat mine.txt"),
        bash(f"cat {own}/mine.txt > copy.txt; cat copy.txt"),
        bash("cd / && cat $OLDPWD/mine.txt"),
    ]
    stage = Stage()
    await stage.play(tmp_path, tries)
    for result in of(ToolResult, stage.events):
        assert "mine to read" in result.text
    assert [deed.allowed for deed in stage.deeds] == [True] * len(tries)


async def test_a_hook_that_raises_is_a_no(tmp_path: Path) -> None:
    """Here because nothing can be noted; the tool is not run, and the turn goes on."""
    own = furnished(tmp_path)
    stage = Broken()
    await stage.play(tmp_path, [bash("touch made.txt"), Attempt("Read", {"file_path": "made.txt"})])
    assert not (own / "made.txt").exists()
    assert not any(result.ok for result in of(ToolResult, stage.events))
    assert end(stage.events).text == "Done."


class Broken(Stage):
    async def note(self, deed: Deed) -> None:
        raise StoreError("The disk is full.")
