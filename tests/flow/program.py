"""`tollbridge` as a program of its own, as systemd would start it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

REPO = Path(__file__).parents[2]


def program(
    *arguments: str, folder: Path, environ: dict[str, str] | None = None
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    return started(sys.executable, "-m", "bridge", *arguments, folder=folder, environ=environ)


@asynccontextmanager
async def started(
    *command: str, folder: Path, environ: dict[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Started in `folder`, with an environment that has nothing of ours; ended at the end."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TOLLBRIDGE", "ANTHROPIC"))}
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**clean, "PYTHONPATH": str(REPO), "HOME": str(folder), **(environ or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def finished(
    *arguments: str, folder: Path, environ: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run to its end: the exit code, and everything it printed."""
    async with program(*arguments, folder=folder, environ=environ) as process:
        output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode()


def claudes(folder: Path) -> list[int]:
    """The processes of Claude Code, and what they started, whose config lies in this folder."""
    mark = f"CLAUDE_CONFIG_DIR={folder}".encode()
    return [pid for pid in pids() if mark in environ_of(pid)]


def pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def environ_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


async def gone(folder: Path, within: float) -> bool:
    """Whether no Claude Code of this folder is left in `within` seconds."""
    try:
        async with asyncio.timeout(within):
            while left := claudes(folder):
                await asyncio.gather(*map(ended, left))
    except TimeoutError:
        return False
    return True


async def ended(pid: int) -> None:
    """Returns when this process has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(handle, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
