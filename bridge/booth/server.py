"""A streaming pass-through between Claude Code and the Messages API.

Claude Code is given `http://127.0.0.1:PORT/t/TICKET` as its API and a key that is none.
The booth puts the real one in, so the process that runs Bash never has it. Each request is
held at its worst case, forwarded as it is, metered from the passing bytes and settled. A bound
that does not fit is made sharper by the API's own count of tokens before anything is refused.

Whatever is refused for money, or because something of ours is broken, is a 402 with the
sentence for the user: Claude Code asks once and ends the turn with it. A 400 it repeats
several times with fewer beta flags, a 5xx it retries, so those are for others to use.
"""

import re
import secrets
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import anyio
import httpx
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from bridge.booth import count, size, usage
from bridge.booth.asked import Asked, Malformed, read
from bridge.booth.bound import Call, bound
from bridge.booth.charge import charge
from bridge.booth.headers import outgoing
from bridge.booth.keys import Credential
from bridge.booth.known import Known, Shape, taken_apart
from bridge.booth.meter import Meter
from bridge.booth.relay import refuse, relay, while_listening
from bridge.booth.shares import Shares
from bridge.booth.terms import Terms
from bridge.booth.tickets import Tickets
from bridge.errors import BridgeError, BudgetError, StoreError
from bridge.model import Turn
from bridge.ports import Alarm, Clock, Ledger
from budgets.decide import extend
from budgets.model import Hold, Usage

log = structlog.get_logger(__name__)

DOOR = re.compile(r"/t/(?P<ticket>[^/]+)/(?P<path>.*)")
MESSAGES = "v1/messages"
PATHS = {MESSAGES, count.PATH}  # counting is free
TIMEOUT = httpx.Timeout(None, connect=15.0)  # Claude Code has its own patience
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)


@dataclass(frozen=True, slots=True)
class Passage:
    """One request on its way."""

    turn: Turn
    ticket: str
    path: str
    request: Request
    body: bytes
    send: Send
    meter: Meter = field(default_factory=Meter)


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
        alarm: Alarm,
        shares: Shares,
    ) -> None:
        self._base_url = base_url
        self._credential = credential
        self._tickets = tickets
        self._ledger = ledger
        self._terms = terms
        self._clock = clock
        self._client = client
        self._alarm = alarm
        self._shares = shares
        self._known = Known()

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
                await self._enter(turn, ticket, path, request, send)
                return
            log.warning("booth.refused", status=403, path=path[:100], paid=turn is not None)
            await refuse(send, 403, "permission_error", "No running turn pays for this request.")

    async def _enter(
        self, turn: Turn, ticket: str, path: str, request: Request, send: Send
    ) -> None:
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        passage = Passage(turn, ticket, path, request, body, send)
        async with while_listening(request.receive):
            await self._pass(passage)

    async def _pass(self, passage: Passage) -> None:
        update = passage.turn.update_id
        try:
            sent = self._outgoing(passage, passage.path, passage.body)
            if passage.path == MESSAGES:
                await self._charged(passage, sent)
            else:
                await self._exchange(passage, sent)
        except (Malformed, RecursionError) as flaw:
            log.warning("booth.refused", status=400, update=update)
            await refuse(passage.send, 400, "invalid_request_error", str(flaw))
        except BridgeError as refusal:
            log.warning("booth.refused", status=402, update=update, why=type(refusal).__name__)
            await refuse(passage.send, 402, "billing_error", str(refusal))

    def _outgoing(self, passage: Passage, path: str, body: bytes) -> httpx.Request:
        """Not built by the client, which would add its own headers, and cookies it was sent."""
        query = passage.request.url.query
        url = f"{self._base_url().rstrip('/')}/{path}{query and '?'}{query}"
        headers = outgoing(passage.request.headers.raw, self._credential.headers())
        return httpx.Request("POST", url, headers=headers, content=body)

    async def _charged(self, passage: Passage, sent: httpx.Request) -> None:
        """Held before and settled after, whatever becomes of the request."""
        asked = read(passage.body, betas(passage.request))
        shape, terms = taken_apart(asked), self._terms(passage.turn.user)
        call, hold = await self._held(passage, asked, shape, terms)
        try:
            await self._exchange(passage, sent)
        finally:
            self._learn(passage, shape, call)
            with anyio.CancelScope(shield=True):
                await self._settle(hold, passage, call, terms)
                await self._shares.save(self._clock.now())

    async def _held(
        self, passage: Passage, asked: Asked, shape: Shape | None, terms: Terms
    ) -> tuple[Call, Hold]:
        """BudgetError: it does not fit, has no bound, or may not be used. StoreError: not held.

        What the bytes tell is tried first, because it costs no time.
        """
        call = bound(asked, self._at_most(passage.ticket, asked, shape), terms.price)
        self._declared(terms)
        turn = passage.turn
        hold = Hold(
            secrets.token_hex(16), turn.update_id, turn.user, turn.key.name, call.model, call.worst,
            self._clock.now(), turn.key.chat, rough=True, small=terms.small(call.model),
        )  # fmt: skip
        if full := await self._refused(hold, terms):
            call = await self._sharper(passage, asked, call, full, terms)
            hold = replace(hold, amount=call.worst, rough=False)
            if full := await self._refused(hold, terms):
                self._alarm.refused(turn, full)
                verdict = extend((full,), hold.amount, terms.timezone, small=hold.small)
                raise BudgetError(verdict.why)
        return call, hold

    def _at_most(self, ticket: str, asked: Asked, shape: Shape | None) -> int:
        """Tokens of the prompt, by its bytes and by what is known of earlier ones."""
        known = self._known.at_most(ticket, shape) if shape else None
        tokens = size.at_most(asked)
        return tokens if known is None else min(tokens, known)

    def _declared(self, terms: Terms) -> None:
        """BudgetError: there is no limit at all, or a subscription's window is used up."""
        if why := self._shares.refusal(terms.shares, self._clock.now(), terms.timezone):
            raise BudgetError(why)
        if not terms.limits and not terms.shares:
            raise BudgetError(extend((), 0, terms.timezone).why)

    async def _refused(self, hold: Hold, terms: Terms) -> Usage | None:
        """Whether it is held cannot be left open, so nobody cancels it."""
        with anyio.CancelScope(shield=True):
            full = await self._ledger.hold(hold, terms.limits)
        return full  # noqa: RET504 (a scope may end silently, says its type)

    async def _sharper(
        self, passage: Passage, asked: Asked, call: Call, full: Usage, terms: Terms
    ) -> Call:
        """The bound by the API's own count, where that could help."""
        least = bound(asked, 1, terms.price).worst
        if not extend((full,), least, terms.timezone, small=terms.small(call.model)).ok:
            return call
        exact = await count.counted(
            self._client, self._outgoing(passage, count.PATH, count.question(asked))
        )
        sharp = call if exact is None else bound(asked, exact, terms.price)
        return min(call, sharp, key=lambda each: each.worst)

    async def _settle(self, hold: Hold, passage: Passage, call: Call, terms: Terms) -> None:
        """What cannot be settled stays held, and so counted."""
        due = charge(call, passage.meter, terms.price)
        seen = log.bind(request=hold.request_id, update=hold.update_id, model=call.model)
        if due.cost > call.worst:
            seen.error("booth.bound_broken", held=call.worst, cost=due.cost)
        elif due.why not in {"usage", "free"}:
            seen.warning("booth.no_usage", cost=due.cost, why=due.why)
        try:
            await self._ledger.settle(hold.request_id, due.cost, due.tokens)
        except StoreError:
            seen.exception("booth.unsettled", held=call.worst)
            return
        self._alarm.settled(passage.turn)

    def _learn(self, passage: Passage, shape: Shape | None, call: Call) -> None:
        """At once: the next request may be on its way."""
        tokens = usage.prompt(usage.tokens(passage.meter.usage))
        if tokens and call.alone:
            self._tickets.note(passage.turn, tokens)
            if shape:
                self._known.note(passage.ticket, shape, tokens)

    async def _exchange(self, passage: Passage, sent: httpx.Request) -> None:
        meter = passage.meter
        meter.charged = True
        try:
            answer = await self._client.send(sent, stream=True)
        except httpx.HTTPError as failure:
            meter.charged = not isinstance(failure, UNSENT)
            log.warning("booth.unreachable", error=type(failure).__name__)
            await refuse(passage.send, 502, "api_error", "The Messages API could not be reached.")
            return
        meter.charged = answer.is_success
        meter.stream = answer.headers.get("content-type", "").startswith("text/event-stream")
        self._shares.note(answer.headers.raw, self._clock.now())
        async with aclosing(answer):
            await relay(answer, meter, passage.send)


def betas(request: Request) -> tuple[bytes, ...]:
    return tuple(value for name, value in request.headers.raw if name == b"anthropic-beta")
