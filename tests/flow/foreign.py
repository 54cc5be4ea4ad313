"""A Bot API server and a Messages API that know the minimum and nothing of ours.

Telegram's older servers have no drafts, a proxy has no reactions, a gateway answers plainly.
Whoever runs on these relies on no extra of our simulator.
"""

import asyncio
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

Json = dict[str, Any]
USAGE = {"input_tokens": 12, "output_tokens": 1}


class Telegram:
    """getMe, getUpdates and sendMessage; 404 for the rest."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[Json] = asyncio.Queue()
        self._updates: list[Json] = []
        self._news = asyncio.Event()
        self.app = Starlette(
            routes=[Route("/bot{token}/{method}", self.call, methods=["GET", "POST"])]
        )

    def say(self, text: str, user: int = 111) -> None:
        number = len(self._updates) + 501
        sender = {"id": user, "is_bot": False, "first_name": "A"}
        chat = {"id": user, "type": "private", "first_name": "A"}
        message = {"message_id": number, "date": 1, "chat": chat, "from": sender, "text": text}
        self._updates.append({"update_id": number, "message": message})
        self._news.set()

    async def call(self, request: Request) -> JSONResponse:
        form = dict(await request.form())
        match request.path_params["method"].lower():
            case "getme":
                me = {"id": 1, "is_bot": True, "first_name": "B", "username": "b_bot"}
                return JSONResponse({"ok": True, "result": me})
            case "getupdates":
                return await self._poll(int(str(form.get("offset", 0))))
            case "sendmessage":
                await self.sent.put(form)
                chat = {"id": int(str(form["chat_id"])), "type": "private"}
                sent = {"message_id": 900, "date": 1, "chat": chat, "text": form["text"]}
                return JSONResponse({"ok": True, "result": sent})
        error = {"ok": False, "error_code": 404, "description": "Not Found: method not found"}
        return JSONResponse(error, 404)

    async def _poll(self, offset: int) -> JSONResponse:
        while not (new := [u for u in self._updates if u["update_id"] >= offset]):
            self._news.clear()
            await self._news.wait()
        return JSONResponse({"ok": True, "result": new})


def event(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


async def answer(request: Request) -> StreamingResponse | JSONResponse:
    """One fixed answer."""
    body = await request.json()
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
        "content": [], "stop_reason": None, "stop_sequence": None, "usage": USAGE,
    }  # fmt: skip
    text = {"type": "text", "text": "A plain answer."}
    if not body.get("stream"):
        return JSONResponse({**message, "content": [text], "stop_reason": "end_turn"})
    events = [
        event("message_start", message=message),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": text["text"]}),
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 4}),
        event("message_stop"),
    ]
    return StreamingResponse(iter(events), media_type="text/event-stream")


model = Starlette(routes=[Route("/v1/messages", answer, methods=["POST"])])
