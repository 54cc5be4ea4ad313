"""How Claude Code is set up: only what the settings declare, nothing that lies about.

Its traps, all measured: the default buffer of 1 MiB dies of one large picture; ten retries
keep a user waiting for three minutes; without `setting_sources=[]` a file in the folder
changes permissions; without `verbatim_prompts` a user's "/clear" is obeyed.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, McpServerConfig

from bridge.agent.leftovers import MARK
from bridge.settings import Settings
from bridge.settings.schema import Mcp

BUFFER = 64 << 20  # bytes in one line from Claude Code
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "CLAUDE_CODE_MAX_RETRIES": "3",
    "CLAUDE_CODE_STREAM_EVENT_HOLD_MS": "500",
    "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "60000",
    "API_TIMEOUT_MS": "120000",
    "MCP_CONNECTION_NONBLOCKING": "0",  # else the first turn runs without the declared servers
    "MCP_CONNECT_TIMEOUT_MS": "10000",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
}
TMP = "tmp"  # in the home: what one session leaves there another must not find
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


def sandbox(settings: Settings, closed: Sequence[Path], key: Iterable[str]) -> dict[str, Any]:
    """`key`: the variable that is none."""
    hidden = (*key, "ANTHROPIC_BASE_URL", *lent(settings))
    if settings.claude.sandbox == "off" or not sandboxed():
        return {"enabled": False}
    return {
        "enabled": True,
        "failIfUnavailable": True,
        "autoAllowBashIfSandboxed": False,
        "allowUnsandboxedCommands": False,
        "filesystem": {"denyRead": [str(path) for path in closed]},
        "credentials": {"envVars": [{"name": name, "mode": "deny"} for name in hidden]},
        # Without `strictAllowlist` every other domain is asked about, and the command waits for it.
        "network": {"allowedDomains": list(settings.claude.domains), "strictAllowlist": True},
    }


def environment(settings: Settings, place: Place) -> dict[str, str]:
    models = settings.models.values()
    return {
        **QUIET,
        **place.key,
        "ANTHROPIC_BASE_URL": place.api,
        "NO_PROXY": "127.0.0.1,localhost",
        "CLAUDE_CONFIG_DIR": str(place.home),
        MARK: str(place.home),
        "CLAUDE_CODE_TMPDIR": str(place.home / TMP),
        # One process serves all models and knows one cap for them: the smallest keeps each promise.
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS": str(min(model.output_tokens for model in models)),
        "CLAUDE_CODE_AUTO_COMPACT_WINDOW": str(min(model.context_tokens for model in models)),
    }


def servers(settings: Settings) -> dict[str, McpServerConfig]:
    """Those that are declared. Claude Code puts the values of the variables in by itself.

    So none is on its command line, which everybody on the machine can read.
    """
    return {name: server(mcp) for name, mcp in settings.claude.mcp.items() if mcp.enabled}


def server(mcp: Mcp) -> McpServerConfig:
    if mcp.url:
        headers = {header: f"${{{variable}}}" for header, variable in mcp.headers.items()}
        return {"type": "http", "url": mcp.url, "headers": headers}
    env = {name: f"${{{name}}}" for name in mcp.env}
    return {"type": "stdio", "command": mcp.command, "args": list(mcp.args), "env": env}


def lent(settings: Settings) -> list[str]:
    """The variables that are for MCP servers and not for commands."""
    found = [m for m in settings.claude.mcp.values() if m.enabled]
    return [name for mcp in found for name in (*mcp.env, *mcp.headers.values())]


def instructions(settings: Settings) -> dict[str, Any]:
    preset: dict[str, Any] = {"type": "preset", "preset": "claude_code"}
    if text := settings.claude.instructions:
        preset["append"] = text
    return preset


def escalation(settings: Settings) -> str:
    """What a model is told of calling for a larger one; "" = none may."""
    up = settings.routing.escalate
    return up.when if "asked" in up.on and up.how == "switch" and up.max_steps else ""


def options(
    settings: Settings,
    folder: Path,
    place: Place,
    own: Mapping[str, McpServerConfig] = MappingProxyType({}),
    **given: Any,
) -> ClaudeAgentOptions:
    """`own`: the bridge's own tools. `given`: the model, what to resume, and the callbacks."""
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
        sandbox=sandbox(settings, place.closed, place.key),  # type: ignore[arg-type]
        mcp_servers={**servers(settings), **own},
        **given,
    )
