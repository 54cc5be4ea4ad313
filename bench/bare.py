"""The SDK alone, for comparison: the same options, the same prompts, no bridge.

Run as a program of its own, as the bridge is: a line with the number of a session comes in,
the moments of that turn go out as a line of JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from claude_agent_sdk import (
    ClaudeSDKClient,
    HookMatcher,
    PermissionResultAllow,
    StreamEvent,
)

from bench.scenario import KEY, MODEL
from bridge.agent import process
from bridge.agent.options import Place, options
from bridge.settings import read


async def allow(*_: Any) -> PermissionResultAllow:
    return PermissionResultAllow()


async def agree(*_: Any) -> Any:
    return {}


def client(folder: Path, api: str, number: int) -> ClaudeSDKClient:
    settings = read({}, folder, [folder / "settings.toml"], token_needed=False)
    work, config = folder / "bare" / str(number), folder / "config" / str(number)
    work.mkdir(parents=True)
    config.mkdir(parents=True)
    key = {"ANTHROPIC_API_KEY": KEY}
    cli = process.install(work, [*process.PASSED, *key])
    place = Place(cli, config, api, key, ())
    hook: Any = HookMatcher(hooks=[agree], on_failure="block")
    given: dict[str, Any] = {"can_use_tool": allow, "hooks": {"PreToolUse": [hook]}, "model": MODEL}
    return ClaudeSDKClient(options(settings, work, place, **given))


async def turn(claude: ClaudeSDKClient, prompt: str) -> tuple[float, float]:
    """When the first words came, and the result."""
    first = 0.0
    await claude.query(prompt)
    async for message in claude.receive_response():
        if not first and isinstance(message, StreamEvent) and says(message.event):
            first = time.time()
    return first, time.time()


def says(event: dict[str, Any]) -> bool:
    return bool(event.get("delta", {}).get("text"))


async def asked() -> AsyncIterator[int]:
    while line := await asyncio.to_thread(sys.stdin.readline):
        yield int(line)


async def main(folder: Path, api: str) -> None:
    clients: dict[int, ClaudeSDKClient] = {}
    async with AsyncExitStack() as stack:
        async for number in asked():
            start = time.time()
            if number not in clients:
                fresh = client(folder, api, number)
                clients[number] = await stack.enter_async_context(fresh)
            first, result = await turn(clients[number], "Hi there.")
            print(json.dumps([start, first, result]), flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
