"""What people send beside words, as the Bot API tells it: contents for `World.share`."""

from collections.abc import Sequence
from typing import Any

from bridge.simulator import files
from bridge.simulator.cast import User
from bridge.simulator.wire import Json
from bridge.simulator.world import World

NAMELESS = {"voice", "video_note"}  # kinds of files that have no name


def file(world: World, kind: str, name: str, mime: str, data: bytes, **more: Any) -> Json:
    """`kind`: photo, document, video, animation, audio, voice, video_note."""
    stored = world.files.add(name, mime, data, f"{kind}s")
    if kind == "photo":
        return {**files.as_photo(stored), **more}
    told: Json = {**stored.json(), "duration": 3}
    if kind != "video_note":
        told["mime_type"] = mime
    if kind not in NAMELESS:
        told["file_name"] = name
    document = {"document": told} if kind == "animation" else {}
    return {kind: told, **document, **more}


def album(
    world: World, user: int, contents: Sequence[Json], chat: int | None = None, name: str = "a1"
) -> list[Json]:
    """Updates, one for each part, sent in this order."""
    return [world.share(user, {**part, "media_group_id": name}, chat) for part in contents]


def forwarded(content: Json, author: User) -> Json:
    origin = {"type": "user", "date": 1_790_000_000, "sender_user": author.json()}
    return {**content, "forward_origin": origin}


def location(latitude: float, longitude: float) -> Json:
    return {"location": {"latitude": latitude, "longitude": longitude}}


def venue(title: str, address: str, latitude: float, longitude: float) -> Json:
    point = location(latitude, longitude)
    return {"venue": {**point, "title": title, "address": address}, **point}


def contact(name: str, phone: str) -> Json:
    return {"contact": {"first_name": name, "phone_number": phone}}


def poll(question: str, *options: str) -> Json:
    answers = [{"text": option, "voter_count": 0} for option in options]
    return {"poll": {"id": "p1", "question": question, "options": answers}}


def dice(emoji: str, value: int) -> Json:
    return {"dice": {"emoji": emoji, "value": value}}


def sticker(world: World, emoji: str) -> Json:
    stored = world.files.add("sticker.webp", "image/webp", b"RIFF0000WEBP", "stickers")
    return {"sticker": {**stored.json(), "emoji": emoji, "type": "regular"}}
