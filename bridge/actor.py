"""The server of one session: takes its messages in order and owns its Claude client.

It is the only one to use the client and to give it back, so an idle timer, a signal and a
new message cannot race. It leaves when it has been idle for a while, or when the pool asks;
a message that comes at that moment is served by it or by the next server.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

import structlog

from bridge import turn
from bridge.errors import ChatError
from bridge.mailbox import Mailbox
from bridge.model import AgentEvent, Inbound, Prompt, Session, SessionKey, Signal, Stop, Tapped
from bridge.ports import Agent, Desk
from bridge.session import Event, State, step
from bridge.settings import Settings

log = structlog.get_logger(__name__)

PAUSE = 5.0  # seconds between two tries to deliver what Telegram did not take
LAST_WORD = 2.0  # seconds that a signal under way may take when its turn is over


async def serve(
    key: SessionKey, mailbox: Mailbox, desk: Desk, settings: Callable[[], Settings]
) -> None:
    """Serve until idle. StoreError: something is undone, serve again later.

    Asked to leave, it still serves one message if there is one; the others wait behind those
    who wait for a client.
    """
    mailbox.heard()
    mailbox.leaving = False
    first = await desk.inbox.next(key)
    if first is None:
        return
    session = await desk.sessions.claim(key, first.user, folder(key, settings()))
    async with desk.agents.lend(session, mailbox) as agent:
        try:
            while inbound := await following(key, mailbox, desk, settings()):
                await attend(inbound, session, agent, mailbox, desk, settings())
                if mailbox.leaving:
                    mailbox.knock()
                    break
        finally:
            mailbox.state = State.SUSPENDED


def folder(key: SessionKey, settings: Settings) -> Path:
    """Where the files of a session lie: one folder for each chat, topic and name."""
    place = str(key.chat) if not key.thread else f"{key.chat}.{key.thread}"
    return settings.sessions.root / place / key.name


async def following(
    key: SessionKey, mailbox: Mailbox, desk: Desk, settings: Settings
) -> Inbound | None:
    """The next message; None when there was none for `idle_minutes`, or the client is wanted."""
    while True:
        mailbox.heard()
        if inbound := await desk.inbox.next(key):
            return inbound
        if mailbox.leaving or not await mailbox.wait(settings.sessions.idle_minutes * 60):
            return None


async def attend(
    inbound: Inbound,
    session: Session,
    agent: Agent,
    mailbox: Mailbox,
    desk: Desk,
    settings: Settings,
) -> None:
    """One message. The signals that come meanwhile wait until the agent runs."""
    mailbox.state = step(mailbox.state, Event.MESSAGE)
    mailbox.forget()
    try:
        await turn.serve(inbound, session, partial(run, agent, mailbox), desk, settings)
    except ChatError as error:
        log.warning("answer.waits", update=inbound.update_id, why=str(error))
        await desk.clock.sleep(PAUSE)
    finally:
        mailbox.state = step(mailbox.state, Event.END)


async def run(agent: Agent, mailbox: Mailbox, prompt: Prompt) -> AsyncGenerator[AgentEvent]:
    """The agent's turn, while signals reach it."""
    async with obeyed(agent, mailbox), aclosing(agent.run(prompt)) as events:
        async for event in events:
            yield event


@asynccontextmanager
async def obeyed(agent: Agent, mailbox: Mailbox) -> AsyncIterator[None]:
    """Signals reach the agent. One under way ends with the block, or it would hit the next turn."""
    relay = asyncio.create_task(relaying(agent, mailbox))
    try:
        yield
    finally:
        mailbox.hang_up()
        try:
            await asyncio.wait({relay}, timeout=LAST_WORD)
        finally:
            relay.cancel()


async def relaying(agent: Agent, mailbox: Mailbox) -> None:
    while signal := await mailbox.signal():
        try:
            await obey(signal, agent, mailbox)
        except Exception:
            log.exception("signal.broken", signal=type(signal).__name__)


async def obey(signal: Signal, agent: Agent, mailbox: Mailbox) -> None:
    match signal:
        case Stop():
            mailbox.state = step(mailbox.state, Event.STOP)
            await agent.interrupt()
        case Tapped(nonce=nonce, chosen=chosen):
            await agent.reply(nonce, chosen)
