"""Formatted text: a string and its entities, whose offsets and lengths are UTF-16 units.

Three sources (an array, HTML, MarkdownV2), one result: checked, trimmed, and with the links,
commands and mentions that Telegram finds by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.simulator import html_mode, links, markdown_mode
from bridge.simulator.params import Params
from bridge.simulator.wire import Json, bad_request

LONGEST_RAW = 32_768  # bytes
LONGEST = 4096  # code points, after parsing
LONGEST_CAPTION = 1024
MOST = 100  # entities; the rest is ignored
FIELDS = ("url", "language", "user", "custom_emoji_id", "unix_time", "date_time_format")
GIVEN = {
    *("bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "text_link"),
    *("blockquote", "expandable_blockquote", "text_mention", "custom_emoji", "date_time"),
}
FOUND = {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number"}
OPAQUE = {"code", "pre", "text_link", "text_mention"}  # nothing is found inside these
MODES: dict[str, Callable[[str], tuple[str, list[Json]]]] = {
    "html": html_mode.parse,
    "markdownv2": markdown_mode.parse,
}


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    entities: list[Json]


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def read(given: Params, name: str = "text", entities: str = "entities") -> Text:
    """The call's text; empty is allowed here, see `required`. Raises ApiError."""
    raw, limit = given.text(name), LONGEST_CAPTION if name == "caption" else LONGEST
    if any("\ud800" <= c <= "\udfff" for c in raw):
        raise bad_request("strings must be encoded in UTF-8")
    if len(raw.encode()) > LONGEST_RAW:
        raise bad_request("text is too long")
    mode = given.text("parse_mode").lower()
    text = _parsed(raw, mode) if mode else Text(raw, _checked(raw, given.objects(entities)))
    text = spotted(_trimmed(text))
    if len(text.text) > limit:
        raise bad_request(f"message {'caption ' if name == 'caption' else ''}is too long")
    return text


def required(given: Params) -> Text:
    """The text of a message, which has to say something."""
    if not given.text("text"):
        raise bad_request("message text is empty")
    text = read(given)
    if not text.text:
        raise bad_request("text must be non-empty")
    return text


def spotted(text: Text) -> Text:
    """With what Telegram finds by itself outside code and links; at most 100 entities."""
    at = _offsets(text.text)
    taken = [e for e in text.entities if e["type"] in OPAQUE]
    more = []
    for mark in links.found(text.text):
        start, end = at[mark["offset"]], at[mark["offset"] + mark["length"]]
        if not any(e["offset"] < end and start < e["offset"] + e["length"] for e in taken):
            more.append({**mark, "offset": start, "length": end - start})
    entities = sorted([*text.entities, *more], key=lambda e: (e["offset"], -e["length"]))
    return Text(text.text, entities[:MOST])


def _parsed(raw: str, mode: str) -> Text:
    if mode not in MODES:
        raise bad_request("unsupported parse_mode")
    try:
        plain, entities = MODES[mode](raw)
    except ValueError as error:
        raise bad_request(f"can't parse entities: {error}") from None
    at = _offsets(plain)
    return Text(plain, [_shifted(e, at) for e in entities if _kept(e)])


def _kept(entity: Json) -> bool:
    """A parse mode drops empty entities, and links it does not like, without a word."""
    bad_link = entity["type"] == "text_link" and links.fault(entity["url"]) is not None
    return entity["length"] > 0 and not bad_link


def _shifted(entity: Json, at: list[int]) -> Json:
    start, end = at[entity["offset"]], at[entity["offset"] + entity["length"]]
    return {**entity, "offset": start, "length": end - start}


def _offsets(text: str) -> list[int]:
    """The UTF-16 offset of each code point, and of the end."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + 1 + (character > "\uffff"))
    return offsets


def _checked(text: str, given: list[Json]) -> list[Json]:
    entities = [e for item in given if (e := _entity(item)) is not None]
    entities.sort(key=lambda e: (e["offset"], -e["length"]))
    byte_at = {}
    position = 0
    for offset, character in zip(_offsets(text), text, strict=False):
        byte_at[offset] = position
        position += len(character.encode())
    byte_at[units(text)] = position
    for entity in entities:
        _check_place(entity, byte_at, units(text))
        if entity["type"] == "text_link":
            _check_link(str(entity.get("url", "")))
    return entities


def _entity(item: Json) -> Json | None:
    """None for empty ones, and for the kinds that Telegram finds by itself and ignores here."""
    try:
        kind, offset, length = str(item["type"]), int(item["offset"]), int(item["length"])
    except (TypeError, KeyError, ValueError):
        raise bad_request("can't parse MessageEntity: wrong field specified") from None
    if kind not in GIVEN | FOUND:
        raise bad_request("can't parse MessageEntity: Unsupported type specified")
    for name, value in (("offset", offset), ("length", length)):
        if not 0 <= value <= 1_000_000:
            raise bad_request(f"receive an entity with incorrect {name} {value}")
    if kind in FOUND or not length:
        return None
    extra = {f: item[f] for f in FIELDS if f in item}
    return {"type": kind, "offset": offset, "length": length, **extra}


def _check_place(entity: Json, byte_at: dict[int, int], end_of_text: int) -> None:
    """`byte_at` knows only the offsets where a character begins: others cut a surrogate pair."""
    start, end = entity["offset"], entity["offset"] + entity["length"]
    if start > end_of_text:
        raise bad_request(
            f"entity begins after the end of the text at UTF-16 offset {start}",
        )
    if start not in byte_at:
        raise bad_request(
            f"entity begins in a middle of a UTF-16 symbol at byte offset {byte_at[start + 1]}",
        )
    begins = f"entity beginning at UTF-16 offset {start}"
    if end > end_of_text:
        raise bad_request(f"{begins} ends after the end of the text at UTF-16 offset {end}")
    if end not in byte_at:
        raise bad_request(
            f"{begins} ends in a middle of a UTF-16 symbol at byte offset {byte_at[end + 1]}",
        )


def _check_link(url: str) -> None:
    if (why := links.fault(url)) is not None:
        raise bad_request(f"entity URL '{url}' is invalid: {why}")


def _trimmed(text: Text) -> Text:
    """Trailing white space goes; leading only as far as no entity begins in it."""
    plain = text.text.rstrip()
    first = min((e["offset"] for e in text.entities), default=len(plain))
    lead = min(len(plain) - len(plain.lstrip(" \n")), first)
    plain = plain[lead:]
    room = units(plain)
    entities = []
    for entity in text.entities:
        start = entity["offset"] - lead
        length = min(start + entity["length"], room) - start
        if length > 0:
            entities.append({**entity, "offset": start, "length": length})
    return Text(plain, entities)
