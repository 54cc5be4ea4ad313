"""Voice messages: written down, shown, and sent when they are right."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bridge.simulator import sharing
from bridge.simulator.script import Say, Script
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.flow.stage import ADA, Stage, staged

ANSWERING = Script(otherwise=[Say("Done.")])
CAT = '[voice]\ncommand = ["cat", "{file}"]\n'  # the spoken words are the file


def speak(stage: Stage, words: str, kind: str = "voice") -> None:
    content = sharing.file(stage.world, kind, "a.ogg", "audio/ogg", words.encode())
    stage.world.share(ADA, content)


@pytest.mark.parametrize("kind", ["voice", "audio", "video_note"])
async def test_what_was_said_is_shown_first_and_sent_by_a_tap(tmp_path: Path, kind: str) -> None:
    async with staged(tmp_path, ANSWERING, CAT) as stage:
        speak(stage, "buy some milk", kind)
        shown = await stage.answer("I heard:")
        assert "buy some milk" in shown["text"]
        assert not stage.model.requests
        await stage.tap("I heard:", "Send")
        await stage.answer("Done.")
        assert "buy some milk" in str(stage.model.requests[0].body)
        await stage.until(lambda: "reply_markup" not in stage.heard()[0])


async def test_cancelled_it_is_not_sent(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING, CAT) as stage:
        speak(stage, "buy some milk")
        await stage.tap("I heard:", "Cancel")
        stage.say("hello")
        await stage.answer("Done.")
        assert len(stage.model.requests) == 1
        assert "milk" not in str(stage.model.requests[0].body)


async def test_the_right_words_as_a_reply_are_sent_instead(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING, CAT) as stage:
        speak(stage, "buy some silk")
        shown = await stage.answer("I heard:")
        stage.world.say(ADA, "buy some milk", reply_to=shown["message_id"])
        await stage.answer("Done.")
        assert "silk" not in str(stage.model.requests[0].body)
        await stage.until(lambda: "reply_markup" not in stage.heard()[0])


async def test_the_buttons_work_after_a_restart(tmp_path: Path) -> None:
    world = World()
    async with staged(tmp_path, ANSWERING, CAT, world=world) as stage:
        speak(stage, "buy some milk")
        await stage.answer("I heard:")
    async with staged(tmp_path, ANSWERING, CAT, world=world) as stage:
        await stage.tap("I heard:", "Send")
        await stage.answer("Done.")
        assert "buy some milk" in str(stage.model.requests[0].body)


async def test_without_a_listener_a_sentence_says_how_to_set_it_up(tmp_path: Path) -> None:
    async with staged(tmp_path, ANSWERING) as stage:
        speak(stage, "buy some milk")
        answer = await stage.answer("[voice]")
    assert "settings.toml" in answer["text"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ('["false"]', "failed (exit code 1)"),
        ('["no-such-program"]', "cannot be started"),
        ('["sleep", "60"]\nseconds = 1', "took more than 1 seconds"),
        ('["true"]', "no words"),
    ],
)
async def test_when_nobody_can_write_it_down_a_sentence_says_so(
    tmp_path: Path, command: str, why: str
) -> None:
    async with staged(tmp_path, ANSWERING, f"[voice]\ncommand = {command}\n") as stage:
        speak(stage, "buy some milk")
        await stage.answer(why)
        assert not stage.model.requests


async def test_the_program_gets_none_of_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TOLLBRIDGE_TELEGRAM__TOKEN", "ANTHROPIC_API_KEY", "HARMLESS"):
        monkeypatch.setenv(name, "4711")
    async with staged(tmp_path, ANSWERING, '[voice]\ncommand = ["env"]\n') as stage:
        speak(stage, "x")
        shown = await stage.answer("I heard:")
    assert shown["text"].count("4711") == 1
    assert "HARMLESS=4711" in shown["text"]


@asynccontextmanager
async def service(status: int = 200) -> AsyncIterator[str]:
    """A server that hears what is in the file, like OpenAI's."""

    async def transcribe(request: Request) -> JSONResponse:
        async with request.form() as form:
            words = (await form["file"].read()).decode()  # type: ignore[union-attr]
            said = f"{words} {form['model']} {request.headers['authorization']}"
        return JSONResponse({"text": said} if status == 200 else {"error": said}, status)

    app = Starlette(routes=[Route("/v1/audio/transcriptions", transcribe, methods=["POST"])])
    async with serving(app) as url:
        yield f"{url}/v1"


async def test_a_service_that_speaks_like_openais_listens_too(tmp_path: Path) -> None:
    async with service() as url:
        extra = f'[voice]\nurl = "{url}"\nkey = "k-1"\nmodel = "ears"\n'
        async with staged(tmp_path, ANSWERING, extra) as stage:
            speak(stage, "buy some milk")
            shown = await stage.answer("I heard:")
    assert "buy some milk ears Bearer k-1" in shown["text"]


async def test_a_service_that_refuses_is_told_with_its_code(tmp_path: Path) -> None:
    async with service(401) as url:
        extra = f'[voice]\nurl = "{url}"\nkey = "k-1"\n'
        async with staged(tmp_path, ANSWERING, extra) as stage:
            speak(stage, "buy some milk")
            answer = await stage.answer("refused it (401)")
    assert "k-1" not in answer["text"]
