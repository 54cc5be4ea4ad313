"""Inline keyboards, and what their taps carry. Pure.

callback_data, at most 64 bytes: `a:NONCE:INDEX` an option, `d:NONCE` Done of a question with
several choices, `s:SESSION` Stop. Which options are ticked is written on the buttons
themselves, so it survives a restart.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.model import Ask

OFF, ON = "☐ ", "☑ "
MOST = 64  # bytes of callback_data
SHORT = 16  # characters of a label that may share a row

Markup = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pick:
    nonce: str
    index: int


@dataclass(frozen=True, slots=True)
class Done:
    nonce: str


@dataclass(frozen=True, slots=True)
class Halt:
    """Stop; an empty session means the chat's current one."""

    session: str


def parse(data: str) -> Pick | Done | Halt | None:
    """None: not a button of this version."""
    match data.split(":", 1)[0], data.split(":"):
        case "a", [_, nonce, index] if index.isdecimal():
            return Pick(nonce, int(index))
        case "d", [_, nonce]:
            return Done(nonce)
        case "s", _:
            return Halt(data[2:])
        case _:
            return None


def question(ask: Ask, marked: Collection[int] = ()) -> Markup:
    if not ask.multiple:
        return {"inline_keyboard": rows([pick(ask, i, "") for i in range(len(ask.options))])}
    ticks = [pick(ask, i, ON if i in marked else OFF) for i in range(len(ask.options))]
    return {"inline_keyboard": [*([tick] for tick in ticks), [button("Done", f"d:{ask.nonce}")]]}


def pick(ask: Ask, index: int, mark: str) -> dict[str, str]:
    return button(f"{mark}{ask.options[index]}", f"a:{ask.nonce}:{index}")


def halt(session: str) -> Markup:
    data = f"s:{session}"
    return {"inline_keyboard": [[button("Stop", data if len(data.encode()) <= MOST else "s:")]]}


def button(text: str, data: str) -> dict[str, str]:
    return {"text": text, "callback_data": data}


def rows(buttons: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """Short ones side by side, long ones below each other."""
    if len(buttons) <= 3 and all(len(b["text"]) <= SHORT for b in buttons):
        return [buttons]
    return [[b] for b in buttons]


def marked(markup: Mapping[str, Any] | None) -> frozenset[int]:
    """The options that are ticked on a keyboard as Telegram shows it."""
    every = [b for row in (markup or {}).get("inline_keyboard", []) for b in row]
    taps = [parse(b.get("callback_data", "")) for b in every if b.get("text", "").startswith(ON)]
    return frozenset(tap.index for tap in taps if isinstance(tap, Pick))
