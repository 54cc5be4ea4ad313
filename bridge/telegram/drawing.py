"""Pictures are drawn by a process of their own, `bridge.chart`: one at a time, none for long.

It is given what a drawing needs and nothing of ours: no token, no key.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict

from bridge.errors import BridgeError
from bridge.telegram.picture import Chart

PATIENCE = 20.0  # seconds; it takes half a second, and two when it looks for fonts first
PASSED = ("PATH", "PYTHONPATH", "HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR", "TMPDIR")
PROGRAM = (sys.executable, "-m", "bridge.chart")


class NoPicture(BridgeError):
    """It was not drawn."""


class Drawing:
    def __init__(self, program: Sequence[str] = PROGRAM, patience: float = PATIENCE) -> None:
        self._program = program
        self._patience = patience
        self._turn = asyncio.Lock()

    async def png(self, chart: Chart) -> bytes:
        """NoPicture: the program failed, or took too long."""
        async with self._turn:
            return await self._run(json.dumps(asdict(chart)).encode())

    async def _run(self, given: bytes) -> bytes:
        pipe = asyncio.subprocess.PIPE
        environ = {name: os.environ[name] for name in PASSED if name in os.environ}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program, env=environ, stdin=pipe, stdout=pipe, stderr=pipe
            )
        except OSError as error:
            raise NoPicture(f"The picture's program did not start: {error.strerror}.") from error
        try:
            async with asyncio.timeout(self._patience):
                png, said = await process.communicate(given)
        except TimeoutError as error:
            raise NoPicture(f"The picture took over {self._patience:g} seconds.") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise NoPicture(f"The picture failed: {last_line(said)}")
        return png


def last_line(said: bytes) -> str:
    """The error, below its traceback."""
    lines = said.decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it did not say why.")
