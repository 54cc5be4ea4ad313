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
ROUNDS = 5  # a process may start another one between the look and the kill


def kill(folder: Path) -> int:
    """SIGKILL for every process of this home, or of all homes in this folder; how many."""
    killed: set[int] = set()
    for _ in range(ROUNDS):
        found = set(pids(folder))
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


def pids(folder: Path) -> Iterator[int]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            home = marked(process)
            if home and home.is_relative_to(folder):
                yield int(process.name)


def marked(process: Path) -> Path | None:
    """The home that a process works for; None: it is not one of ours, or has ended."""
    try:
        variables = (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return None
    prefix = f"{MARK}=".encode()
    for variable in variables:
        if variable.startswith(prefix):
            return Path(os.fsdecode(variable.removeprefix(prefix)))
    return None
