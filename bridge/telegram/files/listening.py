"""Who writes down what is said in a file: a program of the owner's, or a service on the network.

The program gets the file's path as one argument, without a shell, and none of our secrets. The
service speaks as OpenAI's does. Both have a time limit, and what they say is bounded.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx
import structlog

from bridge.errors import BridgeError
from bridge.settings.schema import Voice

log = structlog.get_logger()

FILE = "{file}"
MOST = 100_000  # characters of what was said
PRIVATE = ("TOLLBRIDGE_", "ANTHROPIC_", "CLAUDE_")
DIRECT: Mapping[str, None] = {"all://127.0.0.1": None, "all://localhost": None}


class ListeningFailed(BridgeError):
    """Nobody could write it down."""


def possible(voice: Voice) -> bool:
    return bool(voice.command or voice.url)


async def heard(file: Path, voice: Voice) -> str:
    """The words; "" = there are none. ListeningFailed."""
    try:
        async with asyncio.timeout(voice.seconds):
            said = await (by_program if voice.command else by_service)(file, voice)
    except TimeoutError:
        raise ListeningFailed(
            f"Writing down your voice message took more than {voice.seconds} seconds. "
            "Send a shorter one, or the owner raises `voice.seconds`."
        ) from None
    return said.replace("\0", "").strip()[:MOST]


async def by_program(file: Path, voice: Voice) -> str:
    command = [part.replace(FILE, str(file)) for part in voice.command]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=file.parent,
            env={name: v for name, v in os.environ.items() if not name.startswith(PRIVATE)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise ListeningFailed(
            f"The program of `voice.command` cannot be started: {error.strerror}."
        ) from error
    try:
        said, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and what it has started
        await process.wait()
    if process.returncode:
        raise ListeningFailed(
            f"The program of `voice.command` failed (exit code {process.returncode})."
        )
    return said.decode(errors="replace")


async def by_service(file: Path, voice: Voice) -> str:
    content = await asyncio.to_thread(file.read_bytes)
    key = voice.key.get_secret_value()
    problem = "cannot be reached"
    try:
        async with httpx.AsyncClient(timeout=voice.seconds, mounts=dict(DIRECT)) as client:
            answer = await client.post(
                f"{voice.url}/audio/transcriptions",
                headers={"Authorization": f"Bearer {key}"} if key else {},
                data={"model": voice.model, "response_format": "json"},
                files={"file": (file.name, content)},
            )
        answer.raise_for_status()
        return str(answer.json()["text"])
    except httpx.HTTPStatusError as error:
        problem = f"refused it ({error.response.status_code})"
    except httpx.HTTPError as error:
        log.warning("listening_failed", error=type(error).__name__)
    except (ValueError, KeyError, TypeError):
        problem = "gave an answer that is none"
    raise ListeningFailed(f"The service of `voice.url` {problem}. The owner can look at `[voice]`.")
