"""The composition root: adapters are made, joined through the ports, and run.

The order of the stack is the order of the end: the poller stops first, the servers end
their turns and their Claude processes, then the booth closes, the store last.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx
import structlog

from bridge import actor
from bridge.agent import leftovers, process
from bridge.agent.account import account
from bridge.agent.histories import Histories
from bridge.agent.options import NEEDED, lent, sandboxed
from bridge.agent.pool import Pool
from bridge.alarm import Alarm
from bridge.booth.keys import Credential, credential
from bridge.booth.serve import listening
from bridge.booth.server import TIMEOUT, Booth
from bridge.booth.shares import Shares
from bridge.booth.terms import Terms
from bridge.booth.tickets import Tickets
from bridge.census import Census
from bridge.clock import SystemClock
from bridge.engine.local import Local
from bridge.errors import SettingsError, StoreError
from bridge.folders.disk import Disk
from bridge.mailbox import Mailbox
from bridge.model import SessionKey
from bridge.ports import Clock, Desk, Ledger
from bridge.settings import Settings
from bridge.settings.allowance import limits, parts, timezone
from bridge.settings.edit import Editor
from bridge.store.asks import Asks
from bridge.store.db import open_database
from bridge.store.decisions import Decisions
from bridge.store.inbox import Inbox
from bridge.store.ledger import Ledger as StoreLedger
from bridge.store.ledger import recover
from bridge.store.sessions import Sessions
from bridge.store.shares import ShareStore
from bridge.store.trail import Trail
from bridge.store.turns import Turns
from bridge.telegram.bot import Bot
from bridge.telegram.chat import TelegramChat
from bridge.telegram.files.fetch import Fetch
from bridge.telegram.gateway import Gateway
from bridge.telegram.outbox import Outbox, Rates
from bridge.telegram.roll import Written

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
    alarm: Alarm
    census: Census

    async def tell(self, text: str) -> None:
        """The owners, in Markdown."""
        await self.alarm.owners(text)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.engine.run())
            group.create_task(self.gateway.run())
            group.create_task(self.census.run())


@asynccontextmanager
async def joined(
    current: Current, environ: Mapping[str, str], editor: Editor | None = None
) -> AsyncIterator[Bridge]:
    """`editor`: of the files that `current` follows; None: nobody can be let in from the chat.

    SettingsError, StoreError or ChatError: a sentence that says why it cannot start.
    """
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
        if left := await db.write(recover, clock.now()):
            log.warning("ledger.recovered", holds=left)
        config = swept(settings)
        trail = Trail(db, clock)
        hidden = (data(settings), *(editor.source.paths() if editor else ()))
        alarm = await stack.enter_async_context(Alarm(ledger, chat, current, clock))
        shares = Shares(ShareStore(db))
        await shares.load()
        await toll(stack, current, login, tickets, ledger, clock, alarm, shares)
        desk = Desk(
            inbox=Inbox(db, clock),
            sessions=Sessions(db, clock),
            turns=turns,
            decisions=Decisions(db),
            ledger=ledger,
            asks=Asks(db),
            agents=await stack.enter_async_context(
                pool(stack, current, tickets, login, config, turns, trail, hidden)
            ),
            toll=tickets,
            chat=chat,
            clock=clock,
            alarm=alarm,
            files=Fetch(api, clock),
        )

        async def serve(key: SessionKey, mailbox: Mailbox) -> None:
            await actor.serve(key, mailbox, desk, current)

        engine = Local(serve, desk.inbox.undone, clock)
        histories, folders = Histories(config), Disk(current, clock)
        roll = Written(editor, current, clock) if editor else None
        gateway = Gateway(api, outbox, chat, desk, engine, histories, folders, current, roll)
        await stack.enter_async_context(gateway)
        census = Census(desk.decisions, ledger, current, clock, alarm.owners)
        yield Bridge(await gateway.probe(), desk, engine, gateway, alarm, census)


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
    alarm: Alarm,
    shares: Shares,
) -> None:
    """The booth, listening; from here on tickets can be issued."""
    limit = httpx.Limits(max_connections=None, max_keepalive_connections=32, keepalive_expiry=60)
    # A proxy in the environment is for the world, not for an API on this machine.
    client = httpx.AsyncClient(timeout=TIMEOUT, limits=limit, mounts=dict.fromkeys(NEAR))
    await stack.enter_async_context(client)
    booth = Booth(
        base_url=lambda: current().anthropic.base_url,
        credential=login,
        tickets=tickets,
        ledger=ledger,
        terms=lambda user: terms(current(), user, clock.now()),
        clock=clock,
        client=client,
        alarm=alarm,
        shares=shares,
    )
    tickets.address = await stack.enter_async_context(listening(booth.app))


def terms(settings: Settings, user: int, now: datetime) -> Terms:
    """With a subscription its windows are what is limited, and dollars are only counted."""
    declared = parts(settings)
    ladder = settings.routing.escalate.ladder
    return Terms(
        limits=() if declared else limits(settings, user, now),
        timezone=timezone(settings, user),
        models=[model.id for model in settings.models.values()],
        smallest=settings.models[ladder[0]].id if ladder else "",
        prices=settings.prices,
        shares=declared,
    )


def pool(
    stack: AsyncExitStack,
    current: Current,
    tickets: Tickets,
    login: Credential,
    config: Path,
    turns: Turns,
    trail: Trail,
    hidden: tuple[Path, ...],
) -> Pool:
    """`hidden`: what no tool may read."""
    settings = current()
    private = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollbridge-")))
    names = [*process.PASSED, *login.environment]
    names += allowed([*settings.claude.env, *lent(settings)])
    return Pool(
        current,
        tickets,
        cli=process.install(private, names, account(settings.claude.user)),
        config=config,
        key=login.environment,
        closed=hidden,
        recent=partial(turns.recent, most=REMEMBERED),
        note=trail.note,
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
