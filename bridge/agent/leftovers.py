"""Claude Code processes, and what they started, found by a variable in their environment.

It names the home that a process works for. Children inherit it, also those that have left
their parent's group, and it is still there when nobody knows the process any more. It does not
begin with TOLLBRIDGE_: a bridge that is started by Claude Code would read it as a setting.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MARK = "BRIDGE_CLAUDE_HOME"
COMMAND = "CLAUDE_CODE_CHILD_SESSION"  # Claude Code gives it to commands, not to MCP servers
ROUNDS = 5  # a process may start another one between the look and the kill


def kill(folder: Path, *, commands: bool = False) -> int:
    """SIGKILL for every process of this home, or of all homes in this folder; how many.

    `commands`: only for what tools have started there, whatever group it has left for.
    """
    killed: set[int] = set()
    for _ in range(ROUNDS):
        found = set(pids(folder, commands=commands))
        if not found:
            break
        killed |= found
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return len(killed)


def sweep(config: Path) -> int:
    """End what an earlier run of the bridge with this very folder has left behind; how many.

    To be called before the first process is started, and while no other bridge uses the folder.
    """
    return kill(config)


def pids(folder: Path, *, commands: bool = False) -> Iterator[int]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            variables = environment(process)
            home = variables.get(MARK)
            mine = home is not None and Path(home).is_relative_to(folder)
            if mine and (COMMAND in variables or not commands):
                yield int(process.name)


def environment(process: Path) -> dict[str, str]:
    """Of one that has ended, or is somebody else's: none."""
    try:
        variables = os.fsdecode((process / "environ").read_bytes()).split("\0")
    except OSError:
        return {}
    return dict(variable.split("=", 1) for variable in variables if "=" in variable)
