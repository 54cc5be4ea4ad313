"""The composition root: adapters are made, joined through the ports, and run.

The order of the stack is the order of the end: the poller stops first, the servers end
their turns and their Claude processes, then the booth closes, the store last.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import structlog

from bridge import actor
from bridge.agent import leftovers, process
from bridge.agent.histories import Histories
from bridge.agent.options import NEEDED, sandboxed
from bridge.agent.pool import Pool
from bridge.booth.keys import Credential, credential
from bridge.booth.serve import listening
from bridge.booth.server import TIMEOUT, Booth, Terms
from bridge.booth.tickets import Tickets
from bridge.clock import SystemClock
from bridge.engine.local import Local
from bridge.errors import SettingsError, StoreError
from bridge.folders.disk import Disk
from bridge.mailbox import Mailbox
from bridge.model import SessionKey
from bridge.ports import Clock, Desk, Ledger
from bridge.settings import Settings
from bridge.settings.allowance import limits
from bridge.store.asks import Asks
from bridge.store.db import open_database
from bridge.store.decisions import Decisions
from bridge.store.inbox import Inbox
from bridge.store.ledger import Ledger as StoreLedger
from bridge.store.sessions import Sessions
from bridge.store.turns import Turns
from bridge.telegram.bot import Bot
from bridge.telegram.chat import TelegramChat
from bridge.telegram.gateway import Gateway
from bridge.telegram.outbox import Outbox, Rates

log = structlog.get_logger(__name__)

HOME = Path("~/.local/share/tollbridge")
NO_LOGIN = (
    "There is no API key and no Claude login. Put anthropic.api_key into .secrets.toml, or run "
    "`claude setup-token` and set CLAUDE_CODE_OAUTH_TOKEN to what it prints."
)
NO_SANDBOX = (
    "Bash is off: its sandbox needs bubblewrap and socat (apt-get install bubblewrap socat)"
)

REMEMBERED = 6  # exchanges that a lost history is summed up by
NEAR = ("all://127.0.0.1", "all://localhost")

Current = Callable[[], Settings]


@dataclass(frozen=True, slots=True)
class Bridge:
    """Everything joined, ready to run. `name` is the bot's own."""

    name: str
    desk: Desk
    engine: Local
    gateway: Gateway

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.engine.run())
            group.create_task(self.gateway.run())


@asynccontextmanager
async def joined(current: Current, environ: Mapping[str, str]) -> AsyncIterator[Bridge]:
    """SettingsError, StoreError or ChatError: a sentence that says why it cannot start."""
    settings = current()
    login = credential(settings.anthropic.api_key.get_secret_value(), environ)
    if login is None:
        raise SettingsError(NO_LOGIN)
    if settings.claude.sandbox == "required" and not sandboxed():
        log.warning("sandbox.missing", needed=NEEDED, effect=NO_SANDBOX)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(open_database(settings.store.url, exclusive=True))
        api, outbox, chat = await telegram(stack, current, clock)
        tickets, ledger, turns = Tickets(), StoreLedger(db), Turns(db, clock)
        config = swept(settings)
        await toll(stack, current, login, tickets, ledger, clock)
        desk = Desk(
            inbox=Inbox(db, clock),
            sessions=Sessions(db, clock),
            turns=turns,
            decisions=Decisions(db),
            ledger=ledger,
            asks=Asks(db),
            agents=await stack.enter_async_context(
                pool(stack, current, tickets, login, config, turns)
            ),
            toll=tickets,
            chat=chat,
            clock=clock,
        )

        async def serve(key: SessionKey, mailbox: Mailbox) -> None:
            await actor.serve(key, mailbox, desk, current)

        engine = Local(serve, desk.inbox.undone, clock)
        histories, folders = Histories(config), Disk(current, clock)
        gateway = Gateway(api, outbox, chat, desk, engine, histories, folders, current)
        await stack.enter_async_context(gateway)
        yield Bridge(await gateway.probe(), desk, engine, gateway)


async def telegram(
    stack: AsyncExitStack, current: Current, clock: Clock
) -> tuple[Bot, Outbox, TelegramChat]:
    given = current().telegram
    api = Bot(given.token.get_secret_value(), given.base_url)
    await stack.enter_async_context(api)
    rates = Rates(given.chat_per_second, given.group_per_minute, given.overall_per_second)
    outbox = await stack.enter_async_context(Outbox(api, clock, rates))
    chat = TelegramChat(outbox, current, clock)
    stack.push_async_callback(chat.aclose)
    return api, outbox, chat


async def toll(
    stack: AsyncExitStack,
    current: Current,
    login: Credential,
    tickets: Tickets,
    ledger: Ledger,
    clock: Clock,
) -> None:
    """The booth, listening; from here on tickets can be issued."""

    def terms(user: int) -> Terms:
        settings = current()
        known = settings.users.get(user)
        zone = known.timezone if known else "UTC"
        return Terms(limits(settings, user, clock.now()), zone)

    limit = httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=60)
    # A proxy in the environment is for the world, not for an API on this machine.
    client = httpx.AsyncClient(timeout=TIMEOUT, limits=limit, mounts=dict.fromkeys(NEAR))
    await stack.enter_async_context(client)
    booth = Booth(
        base_url=lambda: current().anthropic.base_url,
        credential=login,
        tickets=tickets,
        ledger=ledger,
        terms=terms,
        clock=clock,
        client=client,
    )
    tickets.address = await stack.enter_async_context(listening(booth.app))


def pool(
    stack: AsyncExitStack,
    current: Current,
    tickets: Tickets,
    login: Credential,
    config: Path,
    turns: Turns,
) -> Pool:
    settings = current()
    private = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollbridge-")))
    names = [*process.PASSED, *login.environment, *allowed(settings.claude.env)]
    return Pool(
        current,
        tickets,
        cli=process.install(private, names),
        config=config,
        key=login.environment,
        closed=(data(settings),),
        recent=partial(turns.recent, most=REMEMBERED),
    )


def swept(settings: Settings) -> Path:
    """Claude Code's own folders, and no process that an earlier run has left in them."""
    config = folder(data(settings) / "claude")
    if ended := leftovers.sweep(config):
        log.warning("claude.leftovers", ended=ended)
    return config


def allowed(names: Iterable[str]) -> Iterator[str]:
    """Of the names in `claude.env`, those that carry no secret of ours."""
    return (name for name in names if not name.startswith(("ANTHROPIC_", "TOLLBRIDGE_", "CLAUDE_")))


def data(settings: Settings) -> Path:
    """Where the store lies, and Claude Code's own folders beside it."""
    scheme, _, path = settings.store.url.partition(":///")
    return Path(path).parent if scheme == "sqlite" else HOME.expanduser()


def folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"The folder {path} cannot be made: {error.strerror}.") from error
    return path
