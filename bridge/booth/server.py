"""A streaming pass-through between Claude Code and the Messages API.

Claude Code is given `http://127.0.0.1:PORT/t/TICKET` as its API and a key that is none.
The booth puts the real one in, so the process that runs Bash never has it. Each request is
held at its worst case, forwarded as it is, metered from the passing bytes and settled.

Whatever is refused for money, or because something of ours is broken, is a 402 with the
sentence for the user: Claude Code asks once and ends the turn with it. A 400 it repeats
several times with fewer beta flags, a 5xx it retries, so those are for others to use.
"""

import re
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass

import anyio
import httpx
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from bridge.booth.bound import Call, Malformed, bound
from bridge.booth.charge import charge
from bridge.booth.headers import outgoing
from bridge.booth.keys import Credential
from bridge.booth.meter import Meter
from bridge.booth.relay import refuse, relay, while_listening
from bridge.booth.tickets import Tickets
from bridge.errors import BridgeError, BudgetError, StoreError
from bridge.model import Turn
from bridge.ports import Clock, Ledger
from budgets.decide import extend
from budgets.model import Hold, Limit

log = structlog.get_logger(__name__)

DOOR = re.compile(r"/t/(?P<ticket>[^/]+)/(?P<path>.*)")
MESSAGES = "v1/messages"
PATHS = {MESSAGES, "v1/messages/count_tokens"}  # counting is free
TIMEOUT = httpx.Timeout(None, connect=15.0)  # Claude Code has its own patience
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for a user now: the limits, and the zone their clock times are told in."""

    limits: Sequence[Limit]
    timezone: str


class Booth:
    def __init__(
        self,
        *,
        base_url: Callable[[], str],
        credential: Credential,
        tickets: Tickets,
        ledger: Ledger,
        terms: Callable[[int], Terms],
        clock: Clock,
        client: httpx.AsyncClient,
    ) -> None:
        self._base_url = base_url
        self._credential = credential
        self._tickets = tickets
        self._ledger = ledger
        self._terms = terms
        self._clock = clock
        self._client = client

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._admit(Request(scope, receive), send)
        except Exception:
            log.exception("booth.broken")
            raise

    async def _admit(self, request: Request, send: Send) -> None:
        door = DOOR.fullmatch(request.scope["path"])
        ticket, path = door.groups() if door else ("", "")
        with self._tickets.passing(ticket) as turn:
            if turn and path in PATHS and request.method == "POST":
                await self._pass(turn, path, request, send)
                return
            log.warning("booth.refused", status=403, path=path[:100], paid=turn is not None)
            await refuse(send, 403, "permission_error", "No running turn pays for this request.")

    async def _pass(self, turn: Turn, path: str, request: Request, send: Send) -> None:
        meter = Meter()
        try:
            body = await request.body()
            sent = self._outgoing(request, path, body)
            paid = self._paid(turn, bound(body), meter) if path == MESSAGES else nullcontext()
            async with paid, while_listening(request.receive):
                await self._exchange(sent, meter, send)
        except ClientDisconnect:
            return
        except Malformed as flaw:
            log.warning("booth.refused", status=400, update=turn.update_id)
            await refuse(send, 400, "invalid_request_error", str(flaw))
        except BridgeError as refusal:
            why = type(refusal).__name__
            log.warning("booth.refused", status=402, update=turn.update_id, why=why)
            await refuse(send, 402, "billing_error", str(refusal))

    def _outgoing(self, request: Request, path: str, body: bytes) -> httpx.Request:
        """Not built by the client, which would add its own headers, and cookies it was sent."""
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{self._base_url().rstrip('/')}/{path}{query}"
        headers = outgoing(request.headers.raw, self._credential.headers())
        return httpx.Request("POST", url, headers=headers, content=body)

    @asynccontextmanager
    async def _paid(self, turn: Turn, call: Call, meter: Meter) -> AsyncIterator[None]:
        """Held before and settled after, whatever becomes of the request.

        BudgetError: it does not fit. StoreError: it cannot be held.
        """
        terms, now = self._terms(turn.user), self._clock.now()
        hold = Hold(secrets.token_hex(16), turn.update_id, turn.user, turn.key.name, call.model,
                    call.worst, now)  # fmt: skip
        with anyio.CancelScope(shield=True):
            full = await self._ledger.hold(hold, terms.limits)
        if full:
            raise BudgetError(extend((full,), call.worst, terms.timezone).why)
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await self._settle(hold, call, meter)

    async def _settle(self, hold: Hold, call: Call, meter: Meter) -> None:
        """What cannot be settled stays held, and so counted."""
        due = charge(call, meter)
        seen = log.bind(request=hold.request_id, update=hold.update_id, model=call.model)
        if due.cost > call.worst:
            seen.error("booth.bound_broken", held=call.worst, cost=due.cost)
        elif due.why not in {"usage", "free"}:
            seen.warning("booth.no_usage", cost=due.cost, why=due.why)
        try:
            await self._ledger.settle(hold.request_id, due.cost, due.tokens)
        except StoreError:
            seen.exception("booth.unsettled", held=call.worst)

    async def _exchange(self, sent: httpx.Request, meter: Meter, send: Send) -> None:
        meter.charged = True
        try:
            answer = await self._client.send(sent, stream=True)
        except httpx.HTTPError as failure:
            meter.charged = not isinstance(failure, UNSENT)
            log.warning("booth.unreachable", error=type(failure).__name__)
            await refuse(send, 502, "api_error", "The Messages API could not be reached.")
            return
        meter.charged = answer.is_success
        meter.stream = answer.headers.get("content-type", "").startswith("text/event-stream")
        async with aclosing(answer):
            await relay(answer, meter, send)
