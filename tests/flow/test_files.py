"""Files, from the chat to the request that the model sees."""

import base64
import stat
import zipfile
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bridge.simulator import sharing
from bridge.simulator.cast import USERS
from bridge.simulator.faults import Fault
from bridge.simulator.script import Say, Script
from bridge.simulator.world import World
from tests.flow.stage import ADA, Stage, staged

Json = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n"
LIMIT = 20 * 1024 * 1024
PDF = b"%PDF-1.4\n1 0 obj<</Type/Pages/Count 1/Kids[2 0 R]>>endobj\n%%EOF\n"
ANSWERING = Script(otherwise=[Say("Seen.")])


def picture(colour: str, size: int = 40) -> bytes:
    file = BytesIO()
    Image.new("RGB", (size, size), colour).save(file, "PNG")
    return file.getvalue()


def asked(stage: Stage, number: int = -1) -> Sequence[Json]:
    """The content of the message that a person sent, in that request to the model."""
    said = [m for m in stage.model.requests[number].body["messages"] if m["role"] == "user"]
    content = said[-1]["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def kinds(stage: Stage, number: int = -1) -> list[str]:
    return [block["type"] for block in asked(stage, number)]


def words(stage: Stage, number: int = -1) -> str:
    return "\n".join(block["text"] for block in asked(stage, number) if block["type"] == "text")


def at_least(stage: Stage, number: int) -> bool:
    """Whether the model was asked so often."""
    return len(stage.model.requests) >= number


def inbox(stage: Stage) -> dict[str, bytes]:
    """The files in the inbox of Ada's session, and what is in them."""
    folder = stage.settings.sessions.root / str(ADA) / "main" / "inbox"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


async def test_a_picture_reaches_the_model_as_an_image_with_its_caption(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        stage.world.upload(ADA, "a.png", "image/png", picture("red"), caption="What is this?")
        await stage.answer("Seen.")
        assert "image" in kinds(stage)
        assert "What is this?" in words(stage)
        assert "inbox/photo-1.jpg" in words(stage)
        assert inbox(stage) == {"photo-1.jpg": picture("red")}


async def test_a_pdf_reaches_the_model_as_a_document(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        stage.world.upload(ADA, "letter.pdf", "application/pdf", PDF, caption="Read it")
        await stage.answer("Seen.")
        [document] = [block for block in asked(stage) if block["type"] == "document"]
    assert base64.b64decode(document["source"]["data"]) == PDF


async def test_any_other_file_reaches_it_as_a_path(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        stage.world.upload(ADA, "data.csv", "text/csv", b"a,b\n1,2\n")
        await stage.answer("Seen.")
        assert {"image", "document"}.isdisjoint(kinds(stage))
        assert "inbox/data.csv" in words(stage)
        [file] = (stage.settings.sessions.root / str(ADA) / "main" / "inbox").iterdir()
    assert file.read_bytes() == b"a,b\n1,2\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_an_album_is_one_turn_whatever_the_order_of_its_parts(tmp_path: Path) -> None:
    world = World()
    parts = [
        sharing.file(world, "photo", "a.png", "image/png", picture(c)) for c in ("red", "blue")
    ]
    parts.append(sharing.file(world, "document", "c.txt", "text/plain", b"c", caption="Compare"))
    async with staged(tmp_path, ANSWERING, world=world) as stage:
        sent = [world.post(world.chats[ADA], {**p, "media_group_id": "7"}, sender=USERS[0])
                for p in parts]  # fmt: skip
        for message in reversed(sent):
            world.updates.push("message", message)
        await stage.answer("Seen.")
        stage.say("and now?")
        await stage.until(lambda: len(stage.model.requests) == 2)
        assert kinds(stage, 0).count("image") == 2
        assert "Compare" in words(stage, 0)
        assert list(inbox(stage)) == ["c.txt", "photo-1.jpg", "photo-2.jpg"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (sharing.location(55.67, 12.56), "[Location: 55.67, 12.56]"),
        (sharing.venue("Tivoli", "Vesterbrogade 3", 55.6, 12.5), "[Place: Tivoli, Vesterbrogade 3"),
        (sharing.contact("Cy", "+45 1"), "[Contact: Cy, +45 1]"),
        (sharing.poll("Tea?", "yes", "no"), "[Poll: Tea? yes (0); no (0)]"),
        (sharing.dice("🎲", 4), "[Dice 🎲: 4]"),
    ],
)
async def test_what_is_no_file_is_put_into_words(tmp_path: Path, content: Json, told: str) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        stage.world.share(ADA, content)
        await stage.answer("Seen.")
        assert told in words(stage)


async def test_a_sticker_gets_a_sentence_and_costs_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        stage.world.share(ADA, sharing.sticker(stage.world, "😀"))
        await stage.answer("I cannot read this kind of message")
        assert not stage.model.requests


async def test_forwarded_messages_are_one_turn(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        for text in ("The roof leaks.", "Since Monday."):
            stage.world.share(ADA, sharing.forwarded({"text": text}, USERS[1]))
        await stage.answer("Seen.")
        stage.say("so?")
        await stage.until(lambda: len(stage.model.requests) == 2)
        assert "[Forwarded from Bo]\nThe roof leaks." in words(stage, 0)
        assert "Since Monday." in words(stage, 0)


async def test_a_reply_brings_along_what_it_replies_to(tmp_path: Path) -> None:
    script = Script([Say("The kettle is warm.")], [Say("Really.")])
    async with staged(tmp_path, script) as stage:
        stage.say("hello")
        answer = await stage.answer("The kettle is warm.")
        stage.world.say(ADA, "Is it?", reply_to=answer["message_id"])
        await stage.answer("Really.")
        assert "Is it?\n\n[In reply to your message: The kettle is warm." in words(stage)


async def test_more_than_20_mb_gets_a_sentence_that_says_the_limit(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        stage.world.upload(ADA, "film.mkv", "video/x-matroska", bytes(LIMIT + 1))
        answer = await stage.answer("20 MB")
        assert "film.mkv" in answer["text"]
        assert not stage.model.requests


async def test_just_20_mb_is_taken(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        stage.world.upload(ADA, "film.mkv", "video/x-matroska", bytes(LIMIT))
        await stage.answer("Seen.")
        assert len(inbox(stage)["film.mkv"]) == LIMIT


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../x", "x"),
        ("/etc/passwd", "passwd"),
        ("a\0b.txt", "ab.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        ("é" * 200 + ".txt", "é" * 121 + ".txt"),
        ("..", "file"),
        ("C:\\Users\\x.doc", "x.doc"),
    ],
)
async def test_a_hostile_name_leads_nowhere(tmp_path: Path, name: str, kept: str) -> None:
    world = World()
    async with staged(tmp_path, ANSWERING, world=world) as stage:
        world.upload(ADA, name, "text/plain", b"x")
        await stage.answer("Seen.")
        assert inbox(stage) == {kept: b"x"}
        outside = {path.name for path in tmp_path.iterdir()}
    assert outside == {"settings.toml", "sessions", "store"}


async def test_a_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        for number, content in enumerate((b"one", b"two", b"one"), 1):
            stage.world.upload(ADA, "a.txt", "text/plain", content)
            await stage.until(partial(at_least, stage, number))
        assert inbox(stage) == {"a-2.txt": b"two", "a.txt": b"one"}


async def test_a_zip_bomb_is_a_file_like_any_other(tmp_path: Path) -> None:
    bomb = BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(200_000_000))
    async with staged(tmp_path, ANSWERING) as stage:
        stage.world.upload(ADA, "bomb.zip", "application/zip", bomb.getvalue())
        await stage.answer("Seen.")
        assert inbox(stage) == {"bomb.zip": bomb.getvalue()}


async def test_a_picture_of_100_megapixels_reaches_the_model_smaller(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        huge = picture("green", 10_000)
        stage.world.upload(ADA, "huge.png", "image/png", huge)
        await stage.answer("Seen.")
        [image] = [block for block in asked(stage) if block["type"] == "image"]
        seen = Image.open(BytesIO(base64.b64decode(image["source"]["data"])))
    assert max(seen.size) <= 8_000


async def test_something_that_only_calls_itself_a_picture_is_a_path(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        content = sharing.file(stage.world, "document", "x.png", "image/png", b"BM" * 500)
        stage.world.share(ADA, content)
        await stage.answer("Seen.")
        assert "image" not in kinds(stage)


async def test_rules_see_a_picture(tmp_path: Path) -> None:
    rule = '[routing.rules.look]\npriority = 1\nwhen = { has_image = true }\nuse = "opus"\n'
    async with staged(tmp_path, ANSWERING, rule) as stage:
        stage.world.upload(ADA, "a.png", "image/png", picture("red"))
        answer = await stage.answer("Seen.")
    assert "opus" in answer["text"]


async def test_a_link_that_claude_made_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    async with staged(tmp_path / "bot", ANSWERING) as stage:
        folder = stage.settings.sessions.root / str(ADA) / "main"
        folder.mkdir(parents=True)
        outside.mkdir()
        (folder / "inbox").symlink_to(outside)
        stage.world.upload(ADA, "a.txt", "text/plain", b"x")
        await stage.answer("cannot be kept")
        assert not stage.model.requests
    assert list(outside.iterdir()) == []


async def test_a_file_outlives_a_restart_before_it_was_fetched(tmp_path: Path) -> None:
    world = World()
    world.faults.add(Fault("getFile", "500", None, 1), 100)
    async with staged(tmp_path, ANSWERING, world=world) as stage:
        world.upload(ADA, "a.txt", "text/plain", b"x", caption="Read it")
        await stage.until(lambda: any(call.method == "getFile" for call in world.calls))
    world.faults.clear()
    async with staged(tmp_path, ANSWERING, world=world) as stage:
        await stage.answer("Seen.")
        assert "Read it" in words(stage)
        assert inbox(stage) == {"a.txt": b"x"}


async def test_telegram_in_trouble_is_asked_again(tmp_path: Path) -> None:
    world = World()
    async with staged(tmp_path, ANSWERING, world=world) as stage:
        world.faults.add(Fault("getFile", "500", None, 1), 2)
        world.upload(ADA, "a.txt", "text/plain", b"x")
        await stage.answer("Seen.")
        assert inbox(stage) == {"a.txt": b"x"}
