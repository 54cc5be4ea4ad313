"""How much memory the machine has left before the kernel kills something."""

import re
from pathlib import Path

MEMINFO = Path("/proc/meminfo")


def free_mb(meminfo: Path = MEMINFO) -> int:
    """What can still be used without swapping."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{meminfo} does not say how much memory is left")
    return int(found[1]) // 1024
