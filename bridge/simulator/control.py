"""The control API under /sim: what the people in the chats do and see, for the page and for tests.

Errors are `{"error": sentence}`: 404 for what is not there, 400 for what cannot be read.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bridge.simulator import sharing
from bridge.simulator.connection import unless_gone
from bridge.simulator.event_stream import stream
from bridge.simulator.faults import Fault, Kind
from bridge.simulator.wire import Json, answer
from bridge.simulator.world import World

PAGE = Path(__file__).parent / "web"
TAP_SECONDS = 10.0


Attached = Literal[
    "", "photo", "document", "video", "animation", "audio", "voice", "video_note"
]  # "": by what it is


class Said(BaseModel):
    user: int
    text: str = ""
    caption: str = ""
    kind: Attached = ""
    album: str = ""
    chat: int | None = None
    reply_to: int | None = None
    thread: int | None = None


class Tapped(BaseModel):
    user: int
    chat: int
    message_id: int
    data: str


class Stopped(BaseModel):
    user: int
    chat: int
    draft_id: int


class Rewritten(BaseModel):
    user: int
    chat: int
    message_id: int
    text: str


class Ordered(BaseModel):
    method: str
    kind: Kind
    chat: int | None = None
    retry_after: int = 1
    times: int = 1


class Control:
    def __init__(self, world: World) -> None:
        self._world = world

    async def state(self, _: Request) -> Response:
        world = self._world
        people = [
            {"id": u.id, "name": u.name, "username": u.username} for u in world.users.values()
        ]
        chats = [
            {"id": c.id, "type": c.type, "title": c.title, "members": list(c.members)}
            for c in world.chats.values()
        ]
        bot = {"id": world.bot.id, "username": world.bot.username, "name": world.bot.name}
        state = {"bot": bot, "users": people, "chats": chats, "commands": world.commands}
        return answer(state | ({"note": world.note} if world.note else {}))

    async def messages(self, request: Request) -> Response:
        return answer(self._world.messages(self._chat(request)))

    async def live(self, request: Request) -> Response:
        chat, live = self._chat(request), self._world.live
        drafts = [draft.json() for draft in live.drafts(chat)]
        return answer({"drafts": drafts, "action": live.action(chat)})

    async def events(self, request: Request) -> Response:
        """From `after` (or the browser's own mark when it comes again), else from now on."""
        query = request.query_params
        after = request.headers.get("last-event-id") or query.get("after")
        start = self._world.log.last if after is None else _number(after)
        chat = _number(query["chat"]) if "chat" in query else None
        return stream(request, self._world, start, chat)

    async def say(self, request: Request) -> Response:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            return answer(await self._upload(request))
        said = Said.model_validate(await _body(request))
        if not said.text:
            raise HTTPException(400, "A message needs a text.")
        sent = self._world.say(
            said.user,
            said.text,
            said.chat,
            reply_to=said.reply_to,
            thread=said.thread,
        )
        return answer(sent)

    async def _upload(self, request: Request) -> Json:
        async with request.form() as form:
            said = Said.model_validate({k: v for k, v in form.items() if isinstance(v, str)})
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise HTTPException(400, "The part named file is missing.")
            if said.kind:
                return await self._share(said, file)
            return self._world.upload(
                said.user,
                file.filename or "file",
                file.content_type or "application/octet-stream",
                await file.read(),
                said.chat,
                caption=said.caption or said.text,
                reply_to=said.reply_to,
                thread=said.thread,
            )

    async def _share(self, said: Said, file: UploadFile) -> Json:
        name, mime = file.filename or "file", file.content_type or "application/octet-stream"
        more = {"caption": said.caption, "media_group_id": said.album}
        given = {key: value for key, value in more.items() if value}
        content = sharing.file(self._world, said.kind, name, mime, await file.read(), **given)
        return self._world.share(
            said.user, content, said.chat, reply_to=said.reply_to, thread=said.thread
        )

    async def tap(self, request: Request) -> Response:
        tapped = Tapped.model_validate(await _body(request))
        world = self._world
        callback_id = world.tap(tapped.user, tapped.chat, tapped.message_id, tapped.data)
        waiting = world.wait(lambda: world.taps.answered(callback_id), TAP_SECONDS)
        try:
            told = await unless_gone(request, waiting)
        except TimeoutError:
            told = None
        return answer({"callback_id": callback_id, "answer": told})

    async def stop(self, request: Request) -> Response:
        stopped = Stopped.model_validate(await _body(request))
        self._world.stop_draft(stopped.user, stopped.chat, stopped.draft_id)
        return answer({})

    async def rewrite(self, request: Request) -> Response:
        new = Rewritten.model_validate(await _body(request))
        update = self._world.rewrite(new.user, new.chat, new.message_id, new.text)
        return answer({"update_id": update["update_id"], "message": update["edited_message"]})

    async def push(self, request: Request) -> Response:
        return answer({"update_id": self._world.updates.push_raw(await _body(request))})

    async def order(self, request: Request) -> Response:
        wish = Ordered.model_validate(await _body(request))
        fault = Fault(wish.method, wish.kind, wish.chat, wish.retry_after)
        self._world.faults.add(fault, wish.times)
        return answer({})

    async def forgive(self, _: Request) -> Response:
        self._world.faults.clear()
        return answer({})

    async def calls(self, request: Request) -> Response:
        wanted = request.query_params.get("method", "").lower()
        found = [c.json() for c in self._world.calls if wanted in {"", c.method.lower()}]
        return answer(found)

    async def file(self, request: Request) -> Response:
        file = self._world.files.get(request.path_params["file_id"])
        if file is None:
            raise HTTPException(404, "There is no such file.")
        return Response(file.data, media_type=file.mime)

    def _chat(self, request: Request) -> int:
        chat = _number(request.path_params["chat"])
        if chat not in self._world.chats:
            raise HTTPException(404, f"There is no chat {chat}.")
        return chat


def routes(world: World) -> list[BaseRoute]:
    control = Control(world)
    return [
        Route("/sim/state", control.state),
        Route("/sim/chats/{chat}/messages", control.messages),
        Route("/sim/chats/{chat}/live", control.live),
        Route("/sim/events", control.events),
        Route("/sim/messages", control.say, methods=["POST"]),
        Route("/sim/taps", control.tap, methods=["POST"]),
        Route("/sim/drafts/stop", control.stop, methods=["POST"]),
        Route("/sim/edits", control.rewrite, methods=["POST"]),
        Route("/sim/updates", control.push, methods=["POST"]),
        Route("/sim/faults", control.order, methods=["POST"]),
        Route("/sim/faults", control.forgive, methods=["DELETE"]),
        Route("/sim/calls", control.calls),
        Route("/sim/files/{file_id}", control.file),
        Route("/", page),
        Mount("/web", StaticFiles(directory=PAGE, check_dir=False)),
    ]


async def page(_: Request) -> Response:
    return FileResponse(PAGE / "index.html")


def missing(_: Request, error: Exception) -> Response:
    return answer({"error": str(error)}, 404)


def unreadable(_: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)  # noqa: S101 - registered for nothing else
    faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    return answer({"error": "; ".join(faults)}, 400)


def refused(request: Request, error: Exception) -> Response:
    """Telegram words even its front door's refusals its own way."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    if request.url.path.startswith(("/bot", "/file/")):
        code = error.status_code
        return answer({"ok": False, "error_code": code, "description": error.detail}, code)
    return answer({"error": error.detail}, error.status_code)


HANDLERS: Mapping[Any, Callable[[Request, Exception], Response]] = {
    LookupError: missing,
    ValidationError: unreadable,
    HTTPException: refused,
}


async def _body(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise HTTPException(400, "The body has to be a JSON object.")
    return body


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise HTTPException(400, f"{text!r} is no number.") from None
