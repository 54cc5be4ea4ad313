"""What one message says and carries, whatever kind it is. Pure.

A location, a contact or a poll is put into words; a file stays with Telegram, by its id. What it
replies to is kept apart from its own words, which alone decide who answers and at what price.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.model import Attachment

Body = Mapping[str, Any]

QUOTED = 500  # characters of what a message replies to
HEARD = "I heard:"  # how a voice message begins that was written down
UNSUPPORTED = frozenset({
    "checklist", "game", "gift", "giveaway", "invoice", "paid_media", "sticker", "story",
    "unique_gift",
})  # fmt: skip


def words(body: Body) -> str:
    """As they are; those of somebody else say so, and are no command for that."""
    text = str(body.get("text") or body.get("caption") or put_into_words(body))
    if not forwarded(body):
        return text
    label = f"[Forwarded from {origin(body)}]"
    return f"{label}\n{text}" if text else label


def put_into_words(body: Body) -> str:
    for kind, told in TOLD.items():
        if kind in body:
            return f"[{told(body[kind])}]"
    return ""


def venue(found: Body) -> str:
    return f"Place: {found['title']}, {found['address']}, {point(found['location'])}"


def location(found: Body) -> str:
    return f"Location: {point(found)}"


def point(found: Body) -> str:
    """Latitude, longitude."""
    return f"{found['latitude']}, {found['longitude']}"


def contact(found: Body) -> str:
    return f"Contact: {name(found)}, {found['phone_number']}"


def poll(found: Body) -> str:
    votes = [f"{each['text']} ({each.get('voter_count', 0)})" for each in found["options"]]
    return f"Poll: {found['question']} {'; '.join(votes)}"


def dice(found: Body) -> str:
    return f"Dice {found['emoji']}: {found['value']}"


TOLD: Mapping[str, Callable[[Body], str]] = {  # a venue has a location as well
    "venue": venue,
    "location": location,
    "contact": contact,
    "poll": poll,
    "dice": dice,
}


def files(body: Body) -> tuple[Attachment, ...]:
    """The file it carries. Something that is only listened to is none: see `voice`."""
    if sizes := body.get("photo"):
        return (photo(sizes, body["message_id"]),)
    for kind in ("animation", "document", "video"):  # an animation is a document as well
        if kind in body:
            return (attachment(body, kind),)
    if "audio" in body and "caption" in body:
        return (attachment(body, "audio"),)
    return ()


def voice(body: Body) -> Attachment | None:
    """What is to be listened to. With a caption a piece of audio is a file like any other."""
    for kind in ("voice", "video_note", "audio"):
        if kind in body and not (kind == "audio" and "caption" in body):
            return attachment(body, kind)
    return None


SUFFIX = {"voice": ".ogg", "video_note": ".mp4", "video": ".mp4", "animation": ".mp4"}


def attachment(body: Body, kind: str) -> Attachment:
    found: Body = body[kind]
    usual = f"{kind}-{body['message_id']}{SUFFIX.get(kind, '')}"
    return Attachment(
        file_id=str(found["file_id"]),
        name=str(found.get("file_name") or usual),
        mime=str(found.get("mime_type", "")),
        size=int(found.get("file_size", 0)),
    )


def photo(sizes: list[Body], message_id: int) -> Attachment:
    """The largest of them."""
    largest = max(sizes, key=lambda size: int(size.get("width", 0)) * int(size.get("height", 0)))
    return Attachment(
        file_id=str(largest["file_id"]),
        name=f"photo-{message_id}.jpg",
        mime="image/jpeg",
        size=int(largest.get("file_size", 0)),
    )


def forwarded(body: Body) -> bool:
    return "forward_origin" in body


def origin(body: Body) -> str:
    """Who wrote first what was forwarded."""
    found: Body = body["forward_origin"]
    for where in ("sender_user", "sender_chat", "chat"):
        if where in found:
            return str(found[where].get("title") or name(found[where]))
    return str(found.get("sender_user_name", "somebody"))


def name(person: Body) -> str:
    both = f"{person.get('first_name', '')} {person.get('last_name', '')}".strip()
    return both or str(person.get("username", "somebody"))


def replied(body: Body) -> Body | None:
    """The message it replies to. In a topic each one replies to the topic: that is none."""
    found: Body | None = body.get("reply_to_message")
    return None if found is None or "forum_topic_created" in found else found


def quote(body: Body, username: str) -> str:
    """What it replies to, in a line for Claude; "" = nothing. A correction quotes nothing."""
    found = replied(body)
    if found is None:
        return ""
    chosen = body.get("quote", {}).get("text")
    text = str(chosen or words(found)).strip()
    if not text or (ours(found, username) and heard(found)):
        return ""
    whose = "your message" if ours(found, username) else f"a message of {name(found['from'])}"
    return f"[In reply to {whose}: {shortened(text)}]"


def heard(body: Body) -> bool:
    """Whether it shows what was said in a voice message."""
    return str(body.get("text", "")).startswith(HEARD)


def ours(body: Body, username: str) -> bool:
    """Whether we wrote it."""
    sender = body.get("from", {})
    return bool(sender.get("is_bot")) and same(sender.get("username", ""), username)


def same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def shortened(text: str) -> str:
    return text if len(text) <= QUOTED else f"{text[:QUOTED].rstrip()}…"
