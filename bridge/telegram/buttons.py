"""Inline keyboards, and what their taps carry. Pure.

callback_data, at most 64 bytes: `a:NONCE:INDEX` an option, `d:NONCE` Done of a question with
several choices, `s:SESSION` Stop, `n:UPDATE` and `w:UPDATE` Send now and Withdraw of a waiting
message, `m:UPDATE` Continue of a turn that was cut off, `c:VERB:USER:ARGUMENT` a choice offered
by a command. Which options are ticked is written on the buttons themselves, so it survives a
restart.
"""

from collections.abc import Collection, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class SendNow:
    """Give this waiting message to the running turn."""

    update_id: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take this waiting message back."""

    update_id: int


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on with this turn, which a crash cut off."""

    update_id: int


@dataclass(frozen=True, slots=True)
class Act:
    """A choice that a command offered to `user`. `verb`: a name in `commands.ACTIONS`."""

    verb: str
    user: int
    argument: str = ""


Tap = Pick | Done | Halt | SendNow | Withdraw | Continue | Act


def parse(data: str) -> Tap | None:
    """None: not a button of this version."""
    match data.split(":", 1)[0], data.split(":"):
        case "a", [_, nonce, index] if index.isdecimal():
            return Pick(nonce, int(index))
        case "d", [_, nonce]:
            return Done(nonce)
        case "s", _:
            return Halt(data[2:])
        case "n", [_, number] if number.isdecimal():
            return SendNow(int(number))
        case "w", [_, number] if number.isdecimal():
            return Withdraw(int(number))
        case "m", [_, number] if number.isdecimal():
            return Continue(int(number))
        case "c", [_, verb, user, argument] if user.isdecimal():
            return Act(verb, int(user), argument)
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


def waiting(update_id: int) -> Markup:
    """Below the acknowledgement of a message that waits."""
    row = [button("Send now", f"n:{update_id}"), button("Withdraw", f"w:{update_id}")]
    return {"inline_keyboard": [row]}


def onward(update_id: int) -> Markup:
    return {"inline_keyboard": [[button("Continue", f"m:{update_id}")]]}


def act(text: str, verb: str, user: int, argument: str = "") -> dict[str, str]:
    return button(text, f"c:{verb}:{user}:{argument}")


def column(buttons: Sequence[dict[str, str]]) -> Markup | None:
    """Each on a line of its own; None when there are none."""
    return {"inline_keyboard": [[each] for each in buttons]} if buttons else None


def row(*buttons: dict[str, str]) -> Markup:
    return {"inline_keyboard": [list(buttons)]}


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
