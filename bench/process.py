"""What a process and its children used, read from /proc."""

import os
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds
PARENT, USER, SYSTEM = 1, 11, 12  # fields of /proc/PID/stat after the name


def cpu(pid: int) -> float:
    """Seconds of CPU so far, in user and system mode, without its children."""
    fields = stat(pid)
    return (int(fields[USER]) + int(fields[SYSTEM])) * TICK if fields else 0.0


def memory(pid: int) -> float:
    """MB that would be free without it: what it shares counts in part (PSS)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def below(pid: int) -> list[int]:
    """Its children, their children and so on, of those that live."""
    parents = {child: int(fields[PARENT]) for child in everyone() if (fields := stat(child))}
    found: list[int] = []
    layer = [pid]
    while layer:
        layer = [child for child, parent in parents.items() if parent in layer]
        found += layer
    return found


def everyone() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def stat(pid: int) -> list[str]:
    """[] when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []
