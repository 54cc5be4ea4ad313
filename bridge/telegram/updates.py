"""Reads one raw update: who wrote, where, and which kind it is. Pure, and never raises.

Whatever cannot be read becomes `Kind.UNREADABLE` and is kept aside with its raw JSON, so that
one strange update does not stop the ones behind it.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bridge.model import Arrival, Attachment, Kind, Place
from bridge.telegram import bodies, mentions

KINDS = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "stopped_message_generation",
)
Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """What makes a text a command of ours: the table's names, and our own @name."""

    commands: Collection[str]
    username: str = ""


def arrival(raw: Any, names: Names) -> Arrival:
    try:
        return read(raw, names)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        place, user = Place(0), sender(raw)
        return Arrival(number(raw), Kind.UNREADABLE, place, user, as_json(raw))


def read(raw: Raw, names: Names) -> Arrival:
    for kind, reader in READERS.items():
        if kind in raw:
            return reader(raw, raw[kind], names)
    return Arrival(int(raw["update_id"]), Kind.OTHER, Place(0), sender(raw), as_json(raw))


def message(raw: Raw, body: Raw, names: Names) -> Arrival:
    said = sound(bodies.words(body))
    group = int(body["chat"]["id"]) < 0
    text = mentions.without(said, names.username) if group else said
    spoken, files = bodies.voice(body), carried(body, names)
    kind = Kind.VOICE if spoken else Kind.MESSAGE if files else kind_of(text, names)
    return Arrival(
        update_id=int(raw["update_id"]),
        kind=kind,
        place=place_of(body),
        user=int(body["from"]["id"]) if "from" in body else 0,
        raw=as_json(raw),
        text=text,
        message_id=int(body["message_id"]),
        sent_at=datetime.fromtimestamp(int(body["date"]), UTC),
        files=(spoken,) if spoken else files,
        quote=sound(bodies.quote(body, names.username)),
        album=str(body.get("media_group_id", "")),
        forwarded=bodies.forwarded(body),
        addressed=mentions.addressed(body, said, names.username, command=kind is Kind.COMMAND),
    )


def carried(body: Raw, names: Names) -> tuple[Attachment, ...]:
    """Its own file, and that of another person's message which it replies to."""
    above = bodies.replied(body)
    if above is None or bodies.ours(above, names.username):
        return bodies.files(body)
    return (*bodies.files(body), *bodies.files(above))


def edit(raw: Raw, body: Raw, names: Names) -> Arrival:
    """Other words for an earlier message; that it became a command or lost its text is nothing."""
    came = message(raw, body, names)
    other = came.kind is Kind.MESSAGE and not body.keys().isdisjoint({"text", "caption"})
    return replace(came, kind=Kind.EDIT if other else Kind.OTHER)


def tap(raw: Raw, body: Raw, _names: Names) -> Arrival:
    under = body["message"]
    return Arrival(
        update_id=int(raw["update_id"]),
        kind=Kind.TAP,
        place=place_of(under),
        user=int(body["from"]["id"]),
        raw=as_json(raw),
        text=str(body.get("data", "")),
        message_id=int(under["message_id"]),
    )


def stop(raw: Raw, body: Raw, _names: Names) -> Arrival:
    """The Stop of a draft. Drafts exist in private chats only, whose id is the user's."""
    chat = int(body["chat"]["id"])
    return Arrival(
        update_id=int(raw["update_id"]),
        kind=Kind.STOP,
        place=Place(chat, int(body.get("message_thread_id", 0))),
        user=chat,
        raw=as_json(raw),
        text=str(body["draft_id"]),
    )


READERS: Mapping[str, Callable[[Raw, Raw, Names], Arrival]] = {
    "message": message,
    "edited_message": edit,
    "callback_query": tap,
    "stopped_message_generation": stop,
}


def place_of(body: Raw) -> Place:
    """A thread id alone is not a topic: replies in ordinary groups carry one as well."""
    thread = int(body.get("message_thread_id", 0)) if body.get("is_topic_message") else 0
    return Place(int(body["chat"]["id"]), thread)


def kind_of(text: str, names: Names) -> Kind:
    if not text:
        return Kind.OTHER
    if not text.startswith("/"):
        return Kind.MESSAGE
    name, _, addressee = text.split(maxsplit=1)[0][1:].partition("@")
    if addressee and addressee.lower() != names.username.lower():
        return Kind.OTHER  # another bot in the group is meant
    return Kind.COMMAND if name.lower() in names.commands else Kind.MESSAGE


def command(text: str) -> tuple[str, str]:
    """`/cost@bot now` -> ("cost", "now")."""
    first, *rest = text.split(maxsplit=1)
    return first[1:].partition("@")[0].lower(), "".join(rest).strip()


def sender(raw: Any) -> int:
    """Who it is from, as far as that can be told; 0 = nobody."""
    if not isinstance(raw, Mapping):
        return 0
    for body in raw.values():
        if isinstance(body, Mapping) and isinstance(who := body.get("from"), Mapping):
            return who["id"] if isinstance(who.get("id"), int) else 0
    return 0


def number(raw: Any) -> int:
    """The update's id; -1 when it has none."""
    found = raw.get("update_id") if isinstance(raw, Mapping) else None
    return found if isinstance(found, int) else -1


def sound(text: str) -> str:
    """Half a surrogate pair and NUL can be written in JSON, but no database stores them."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def as_json(raw: Any) -> str:
    """ASCII, so that whatever came in can be stored."""
    return json.dumps(raw, separators=(",", ":"), default=str)


def unsupported(came: Arrival) -> bool:
    """A message that somebody sent on purpose, unlike "X joined the group", of a kind unknown."""
    body = json.loads(came.raw).get("message")
    return isinstance(body, dict) and not bodies.UNSUPPORTED.isdisjoint(body)


def forum(came: Arrival) -> bool:
    """Whether the chat has topics. A private one says so only in each of them."""
    body = json.loads(came.raw).get("message", {})
    return bool(body.get("chat", {}).get("is_forum") or body.get("is_topic_message"))


def correction(came: Arrival) -> int:
    """The message of ours that showed other words for what was said; 0: it corrects none."""
    above = json.loads(came.raw).get("message", {}).get("reply_to_message", {})
    ours = above.get("from", {}).get("is_bot") and bodies.heard(above)
    return int(above["message_id"]) if ours else 0


def replied(came: Arrival) -> int:
    """The message that it is a reply to; 0: to none."""
    above = json.loads(came.raw).get("message", {}).get("reply_to_message", {})
    return int(above.get("message_id", 0))


def tapped(came: Arrival) -> bool:
    """Whether somebody tapped a button, whatever became of it."""
    return "callback_query" in json.loads(came.raw)
