"""What Claude Code asks the user, as questions with buttons, and back again. Pure."""

import json
import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from bridge.model import Ask, SessionKey, Tapped

ALLOW, DENY, REASON = "Allow", "Deny", "Deny with a reason"
SHOWN = 2500  # characters of an argument; a longer one comes as a file too
NAMES = 30  # characters of a command's name on a button
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # Unicode's categories of what is not to be seen
JOINS = re.compile(r"[;&|<>$`\\(){}\r\n]")  # what makes more than one command of a line
NAME = re.compile(r"[\w./+-]+")
OWN_WORDS = "*Or reply to this message with words of your own.*"


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


class Argument(NamedTuple):
    """What a tool was given, as a person reads it: a line above, and the text itself."""

    above: str
    text: str
    language: str


def relative(given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A tool's input as a person reads it: paths begin at the session's folder."""
    start = f"{folder}/"
    return {k: v.removeprefix(start) if isinstance(v, str) else v for k, v in given.items()}


def visible(text: str) -> str:
    """With what cannot be seen spelled out: a mark that turns a line round hides what it does."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in UNSEEN else f"\\u{ord(c):04x}"
        for c in text
    )


def fenced(text: str, language: str = "") -> str:
    """Markdown that shows a text as it is, whatever backticks it has."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def argument(tool: str, given: Mapping[str, Any]) -> Argument:
    path = str(given.get("file_path", ""))
    match tool:
        case "Bash":
            return Argument("", str(given.get("command", "")), "bash")
        case "Write":
            return Argument(path, str(given.get("content", "")), "")
        case "Edit":
            old = [f"- {line}" for line in str(given.get("old_string", "")).splitlines()]
            new = [f"+ {line}" for line in str(given.get("new_string", "")).splitlines()]
            return Argument(path, "\n".join(old + new), "diff")
        case _:
            return Argument("", json.dumps(given, indent=1, ensure_ascii=False), "json")


def approval(asker: Asker, tool: str, given: Mapping[str, Any]) -> Ask:
    """All that the tool was given, shortened with the whole beside it when it is long."""
    above, text, language = argument(tool, given)
    seen = visible(text)
    long = len(seen) > SHOWN
    shown = f"{seen[:SHOWN]}\n… {len(seen) - SHOWN} more characters, see the file" if long else seen
    body = f"{fenced(visible(above))}\n" * bool(above) + fenced(shown, language)
    options = (ALLOW, DENY, scope(tool, given).label, REASON)
    ask = asker.ask(f"Claude wants to use {visible(tool)}", body, options)
    return replace(ask, reason=options.index(REASON), whole=text if long else "")


def plan(asker: Asker, given: Mapping[str, Any]) -> Ask:
    text = str(given.get("plan") or "It is what Claude has written last.")
    ask = asker.ask("Go ahead with this plan?", text, (ALLOW, DENY, REASON))
    return replace(ask, reason=2)


class Scope(NamedTuple):
    """What "for this session" means: the calls with this key."""

    key: str
    label: str


def scope(tool: str, given: Mapping[str, Any]) -> Scope:
    """The same tool; of commands those that begin alike and are nothing but one command."""
    if tool != "Bash":
        return Scope(tool, f"Allow {visible(tool)[:NAMES]} for this session")
    command = str(given.get("command", "")).strip()
    first = NAME.fullmatch(command.split(maxsplit=1)[0]) if command else None
    if first is None or JOINS.search(command) or len(first[0]) > NAMES:
        return Scope(f"{tool}\0{command}", "Allow exactly this for this session")
    return Scope(f"{tool} {first[0]}", f"Allow {first[0]} … for this session")


def questions(asker: Asker, given: Mapping[str, Any]) -> list[tuple[str, Ask]]:
    """The questions of one AskUserQuestion call, each with the text that keys its answer."""
    return [(str(q.get("question", "")), question(asker, q)) for q in given.get("questions", ())]


def question(asker: Asker, given: Mapping[str, Any]) -> Ask:
    options = given.get("options", ())
    lines = [
        f"- **{o.get('label', '')}**: {o['description']}" for o in options if o.get("description")
    ]
    body = "\n".join([str(given.get("question", "")), "", *lines, "", OWN_WORDS]).strip()
    labels = [str(o.get("label", "")) for o in options]
    multiple = bool(given.get("multiSelect"))
    return asker.ask(str(given.get("header") or "Question"), body, labels, multiple=multiple)


def labels(ask: Ask, chosen: Sequence[int]) -> str:
    return ", ".join(ask.options[i] for i in chosen if 0 <= i < len(ask.options))


def answer(ask: Ask, given: Tapped) -> str:
    """The answer as Claude Code wants it."""
    return given.words or labels(ask, given.chosen)
