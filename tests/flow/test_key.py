"""The real key is where only the bridge is: not in Claude Code, and not in what it starts."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.booth.keys import NONE
from bridge.simulator.script import Say, Script, UseTool
from tests.flow.program import claudes
from tests.flow.stage import KEY, staged
from tests.flow.test_program import written

REGION = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (\S+) .*?^Rss: +(\d+) kB$", re.MULTILINE | re.DOTALL)
PIECE = 1 << 24  # bytes
COMMAND = UseTool("Bash", {"command": "env > n; exec tail -f /dev/null"})


def told(pid: int) -> bytes:
    """How it was started, and with which environment."""
    return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))


def memory(pid: int) -> Iterator[bytes]:
    """All that can be read of what it has in memory. PermissionError: nothing."""
    maps = Path(f"/proc/{pid}/smaps").read_text()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as file:
        for start, end, rights, resident in REGION.findall(maps):
            if rights.startswith("r") and int(resident):
                yield from pieces(file.fileno(), int(start, 16), int(end, 16))


def pieces(file: int, start: int, end: int) -> Iterator[bytes]:
    """They overlap, so that nothing is cut in two."""
    for at in range(start, end, PIECE - len(KEY)):
        try:
            yield os.pread(file, min(PIECE, end - at), at)
        except OSError:  # the kernel's own pages
            return


def holds(pid: int, words: bytes) -> bool:
    return any(words in piece for piece in memory(pid))


def names(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


async def test_neither_claude_code_nor_a_command_that_it_runs_has_the_key(tmp_path: Path) -> None:
    given = {"TOLLBRIDGE_CLAUDE__APPROVE": "[]"}
    async with staged(tmp_path, Script([Say("On it. "), COMMAND]), environ=given) as stage:
        stage.say("go")
        await stage.draft("On it.")
        await written(tmp_path)
        found = claudes(tmp_path)
        assert {"claude", "tail"} <= {names(pid) for pid in found}
        key, none = KEY.encode(), NONE.encode()
        for pid in found:
            assert none in told(pid), "it was given what is none"
            assert key not in told(pid)
        for file in tmp_path.rglob("*"):
            assert not file.is_file() or key not in file.read_bytes()
        (asked,) = stage.model.requests
        assert asked.headers["x-api-key"] == KEY, "the API was given the real one"
        try:
            assert all(holds(pid, none) for pid in found), "that is how it would be found"
        except PermissionError:
            pytest.skip("Reading the memory of another process is not allowed here.")
        assert not any(holds(pid, key) for pid in found)
