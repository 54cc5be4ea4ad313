"""How Claude Code is set up: only what the settings declare, nothing that lies about.

Its traps, all measured: the default buffer of 1 MiB dies of one large picture; ten retries
keep a user waiting for three minutes; without `setting_sources=[]` a file in the folder
changes permissions; without `verbatim_prompts` a user's "/clear" is obeyed.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions

from bridge.agent.leftovers import MARK
from bridge.settings import Settings

BUFFER = 64 << 20  # bytes in one line from Claude Code
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "CLAUDE_CODE_MAX_RETRIES": "3",
    "CLAUDE_CODE_STREAM_EVENT_HOLD_MS": "500",
    "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "60000",
    "API_TIMEOUT_MS": "120000",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
}
NEEDED = ("bwrap", "socat")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one client lives and how it reaches the API."""

    cli: Path
    home: Path  # Claude Code's own folder: its history, never shared between sessions
    api: str  # the booth's address with the ticket
    key: dict[str, str]  # the variable that is none
    closed: tuple[Path, ...]  # what may not be read


def sandboxed() -> bool:
    return all(shutil.which(name) for name in NEEDED)


def tools(settings: Settings) -> list[str]:
    """Bash is off where its sandbox is required and cannot be had."""
    off = settings.claude.sandbox == "required" and not sandboxed()
    return [t for t in settings.claude.tools if not (off and t == "Bash")]


def sandbox(settings: Settings, closed: Sequence[Path]) -> dict[str, Any]:
    if settings.claude.sandbox == "off" or not sandboxed():
        return {"enabled": False}
    return {
        "enabled": True,
        "failIfUnavailable": True,
        "autoAllowBashIfSandboxed": False,
        "allowUnsandboxedCommands": False,
        "filesystem": {"denyRead": [str(path) for path in closed]},
    }


def environment(settings: Settings, place: Place) -> dict[str, str]:
    model = settings.models[settings.routing.default]
    return {
        **QUIET,
        **place.key,
        "ANTHROPIC_BASE_URL": place.api,
        "NO_PROXY": "127.0.0.1,localhost",
        "CLAUDE_CONFIG_DIR": str(place.home),
        MARK: str(place.home),
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS": str(model.output_tokens),
    }


def instructions(settings: Settings) -> dict[str, Any]:
    preset: dict[str, Any] = {"type": "preset", "preset": "claude_code"}
    if text := settings.claude.instructions:
        preset["append"] = text
    return preset


def options(settings: Settings, folder: Path, place: Place, **given: Any) -> ClaudeAgentOptions:
    """`given`: the model, what to resume, and the callbacks of one client."""
    return ClaudeAgentOptions(
        tools=tools(settings),
        system_prompt=instructions(settings),  # type: ignore[arg-type]
        setting_sources=["project"] if settings.claude.project_settings else [],
        strict_mcp_config=True,
        verbatim_prompts=True,
        include_partial_messages=True,
        max_buffer_size=BUFFER,
        cwd=folder,
        cli_path=place.cli,
        env=environment(settings, place),
        sandbox=sandbox(settings, place.closed),  # type: ignore[arg-type]
        **given,
    )
