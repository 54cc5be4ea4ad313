"""What Claude Code asks the user, as questions with buttons, and back again. Pure."""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.model import Ask, SessionKey

ALLOW, DENY = "Allow", "Deny"


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf: bound into every question, so that nobody else can tap."""

    key: SessionKey
    update_id: int
    user: int

    def ask(self, title: str, body: str, options: Iterable[str], *, multiple: bool = False) -> Ask:
        nonce = secrets.token_hex(8)
        return Ask(
            nonce, self.key, self.update_id, self.user, title, body, tuple(options), multiple
        )


def relative(given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A tool's input as a person reads it: paths begin at the session's folder."""
    start = f"{folder}/"
    return {k: v.removeprefix(start) if isinstance(v, str) else v for k, v in given.items()}


def fenced(text: str, language: str = "") -> str:
    """Markdown that shows a text as it is, whatever backticks it has."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def argument(tool: str, given: Mapping[str, Any]) -> str:
    """All that the tool was given, as Markdown."""
    match tool:
        case "Bash":
            return fenced(str(given.get("command", "")), "bash")
        case "Write":
            return f"`{given.get('file_path', '')}`\n{fenced(str(given.get('content', '')))}"
        case "Edit":
            old = [f"- {line}" for line in str(given.get("old_string", "")).splitlines()]
            new = [f"+ {line}" for line in str(given.get("new_string", "")).splitlines()]
            diff = fenced("\n".join(old + new), "diff")
            return f"`{given.get('file_path', '')}`\n{diff}"
        case "ExitPlanMode":
            return str(given.get("plan", ""))
        case _:
            return fenced(json.dumps(given, indent=1, ensure_ascii=False), "json")


def approval(asker: Asker, tool: str, given: Mapping[str, Any]) -> Ask:
    title = "Go ahead with this plan?" if tool == "ExitPlanMode" else f"Claude wants to use {tool}"
    return asker.ask(title, argument(tool, given), (ALLOW, DENY))


def questions(asker: Asker, given: Mapping[str, Any]) -> list[tuple[str, Ask]]:
    """The questions of one AskUserQuestion call, each with the text that keys its answer."""
    return [(str(q.get("question", "")), question(asker, q)) for q in given.get("questions", ())]


def question(asker: Asker, given: Mapping[str, Any]) -> Ask:
    options = given.get("options", ())
    lines = [
        f"- **{o.get('label', '')}**: {o['description']}" for o in options if o.get("description")
    ]
    body = "\n".join([str(given.get("question", "")), "", *lines]).strip()
    labels = [str(o.get("label", "")) for o in options]
    multiple = bool(given.get("multiSelect"))
    return asker.ask(str(given.get("header") or "Question"), body, labels, multiple=multiple)


def labels(ask: Ask, chosen: Sequence[int]) -> str:
    """The answer as Claude Code wants it."""
    return ", ".join(ask.options[i] for i in chosen if 0 <= i < len(ask.options))
