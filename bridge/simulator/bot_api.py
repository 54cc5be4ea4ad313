"""The Bot API over HTTP: one call from its parameters to its answer.

In this order: the token, the parameters, a fault that a test ordered, the flood limits, the method.
The rules were read in Telegram's own server; where it has no say the module of the method says so.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.simulator import account, changing, control, params, sending, topics
from bridge.simulator.calls import Call
from bridge.simulator.connection import gone, hang_up, unless_gone
from bridge.simulator.faults import Fault
from bridge.simulator.flood import TOLERANT, Flood, Limits
from bridge.simulator.params import Params
from bridge.simulator.poller import WEBHOOK_ACTIVE, WEBHOOK_SET, Poller
from bridge.simulator.webhook import Webhook
from bridge.simulator.wire import ApiError, answer, refusal, too_many_requests
from bridge.simulator.world import World

TOKEN = "4242:simulated"  # noqa: S105 - opens nothing
METHODS: dict[str, Callable[[World, Params], Any]] = {
    "getme": account.get_me,
    "setmycommands": account.set_my_commands,
    "getmycommands": account.get_my_commands,
    "deletemycommands": account.delete_my_commands,
    "getchat": account.get_chat,
    "getchatmember": account.get_chat_member,
    "getfile": account.get_file,
    "answercallbackquery": account.answer_callback_query,
    "createforumtopic": topics.create_forum_topic,
    "sendmessage": sending.send_message,
    "senddocument": sending.send_document,
    "sendphoto": sending.send_photo,
    "sendmessagedraft": sending.send_message_draft,
    "sendchataction": sending.send_chat_action,
    "editmessagetext": changing.edit_message_text,
    "editmessagecaption": changing.edit_message_caption,
    "editmessagereplymarkup": changing.edit_message_reply_markup,
    "deletemessage": changing.delete_message,
    "deletemessages": changing.delete_messages,
    "setmessagereaction": changing.set_message_reaction,
}
UNKNOWN = ApiError(404, "Not Found: method not found")
FAILURES = {"500": "Internal Server Error", "502": "Bad Gateway"}
LATE = {"lost_reply": "drop", "late_hang": "hang", "late_500": "500"}  # after acting


class BotApi:
    def __init__(self, world: World, token: str, limits: Limits | None) -> None:
        self._world = world
        self._token = token
        self._flood = Flood(limits, world.clock.now)
        self._poller = Poller(world)
        self._webhook = Webhook(world, self._recorded)

    async def call(self, request: Request) -> Response:
        method = request.path_params["method"]
        started = self._world.clock.now()
        try:
            self._admit(request)
            given = await params.read(request)
        except ApiError as error:
            return refusal(error)
        response = await self._respond(request, method, given)
        self._record(started, method, given, response.status_code if response else None)
        return response or Response()  # nobody is there to read it

    async def download(self, request: Request) -> Response:
        try:
            self._admit(request)
        except ApiError as error:
            return refusal(error)
        file = self._world.files.at(request.path_params["path"])
        if file is None:
            return refusal(ApiError(404, "Not Found"))
        return Response(file.data, media_type="application/octet-stream")

    async def close(self) -> None:
        await self._webhook.close()

    def _admit(self, request: Request) -> None:
        token = request.path_params["token"]
        if ":" not in token or token.startswith("0") or len(token) > 80:
            raise ApiError(401, "Unauthorized: invalid token specified")
        if token != self._token:
            raise ApiError(401, "Unauthorized")

    async def _respond(self, request: Request, method: str, given: Params) -> Response | None:
        """None when the call gets no answer."""
        fault = self._world.faults.take(method, _chat(given))
        if fault is not None:
            return await self._fail(request, fault, method, given)
        if method.lower() == "getupdates":
            return await unless_gone(request, self._execute(method, given))
        return await self._execute(method, given)

    async def _fail(
        self,
        request: Request,
        fault: Fault,
        method: str,
        given: Params,
    ) -> Response | None:
        if fault.kind in LATE:
            await self._execute(method, given)
        match LATE.get(fault.kind, fault.kind):
            case "429":
                return refusal(too_many_requests(fault.retry_after))
            case "hang":
                await gone(request)
            case "drop":
                await hang_up(request)
            case kind:
                return refusal(ApiError(int(kind), FAILURES[kind]))
        return None

    async def _execute(self, method: str, given: Params) -> Response:
        try:
            return answer({"ok": True, "result": await self._act(method, given)})
        except ApiError as error:
            return refusal(error)

    async def _act(self, method: str, given: Params) -> Any:
        name, chat = method.lower(), _chat(given)
        if chat is not None and (wait := self._flood.check(name, chat)) is not None:
            raise too_many_requests(wait)
        match name:
            case "getupdates":
                if self._webhook.url:
                    await self._poller.conflict(WEBHOOK_ACTIVE)
                return await self._poller.get_updates(given)
            case "setwebhook":
                self._poller.turn_out(WEBHOOK_SET)
                return await self._webhook.install(given)
            case "deletewebhook":
                return await self._webhook.remove(given)
            case "getwebhookinfo":
                return self._webhook.info()
        if name not in METHODS:
            raise UNKNOWN
        return METHODS[name](self._world, given)

    async def _recorded(self, method: str, given: Params) -> None:
        """A call that came in the answer of a webhook."""
        started = self._world.clock.now()
        response = await self._execute(method, given)
        self._record(started, method, given, response.status_code)

    def _record(self, started: float, method: str, given: Params, status: int | None) -> None:
        seq = len(self._world.calls) + 1
        ms = (self._world.clock.now() - started) * 1000
        self._world.record(Call(seq, started, method, _chat(given), status, round(ms, 3)))


def telegram(world: World, token: str = TOKEN, limits: Limits | None = TOLERANT) -> Starlette:
    """The Bot API, its files, the control API and the chat page; no limits: no flood control."""
    api = BotApi(world, token, limits)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await api.close()

    return Starlette(
        routes=[
            Route("/bot{token}/{method}", api.call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", api.download),
            *control.routes(world),
        ],
        exception_handlers=control.HANDLERS,
        lifespan=lifespan,
    )


def _chat(given: Params) -> int | None:
    return given.integer("chat_id") or None
