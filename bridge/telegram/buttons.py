"""Inline keyboards, and what their taps carry. Pure.

callback_data, at most 64 bytes: `a:NONCE:INDEX` an option, `d:NONCE` Done of a question with
several choices, `s:SESSION` Stop, `n:UPDATE` and `w:UPDATE` Send now and Withdraw of a waiting
message, `m:UPDATE` Continue of a turn that was cut off, `b:UPDATE` Not good enough of an answer,
`v:UPDATE` and `x:UPDATE` Send and Cancel of what was said in a voice message,
`c:VERB:USER:ARGUMENT` a choice offered by a command. Which options are ticked is written on the
buttons themselves, so it survives a restart.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
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
class Better:
    """The answer of this turn was not good enough: ask a larger model."""

    update_id: int


@dataclass(frozen=True, slots=True)
class Send:
    """These were the words of this voice message."""

    update_id: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """They were not, or are not wanted."""

    update_id: int


@dataclass(frozen=True, slots=True)
class Act:
    """A choice that a command offered to `user`. `verb`: a name in `commands.ACTIONS`."""

    verb: str
    user: int
    argument: str = ""


Tap = Pick | Done | Halt | SendNow | Withdraw | Continue | Better | Send | Cancel | Act

OF_UPDATE: Mapping[str, Callable[[int], Tap]] = {
    "n": SendNow,
    "w": Withdraw,
    "m": Continue,
    "b": Better,
    "v": Send,
    "x": Cancel,
}


def parse(data: str) -> Tap | None:
    """None: not a button of this version."""
    match data.split(":", 1)[0], data.split(":"):
        case "a", [_, nonce, index] if index.isdecimal():
            return Pick(nonce, int(index))
        case "d", [_, nonce]:
            return Done(nonce)
        case "s", _:
            return Halt(data[2:])
        case kind, [_, number] if kind in OF_UPDATE and number.isdecimal():
            return OF_UPDATE[kind](int(number))
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


def better(update_id: int) -> Markup:
    return {"inline_keyboard": [[button("Not good enough", f"b:{update_id}")]]}


def spoken(update_id: int) -> Markup:
    """Below the words of a voice message."""
    return row(button("Send", f"v:{update_id}"), button("Cancel", f"x:{update_id}"))


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
    """Short ones side by side, up to three; a long one has a line of its own."""
    found: list[list[dict[str, str]]] = []
    for b in buttons:
        short = len(b["text"]) <= SHORT
        if short and found and len(found[-1]) < 3 and len(found[-1][-1]["text"]) <= SHORT:
            found[-1].append(b)
        else:
            found.append([b])
    return found


def marked(markup: Mapping[str, Any] | None) -> frozenset[int]:
    """The options that are ticked on a keyboard as Telegram shows it."""
    every = [b for row in (markup or {}).get("inline_keyboard", []) for b in row]
    taps = [parse(b.get("callback_data", "")) for b in every if b.get("text", "").startswith(ON)]
    return frozenset(tap.index for tap in taps if isinstance(tap, Pick))
