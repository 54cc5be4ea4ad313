"""The server of one session: takes its messages in order and owns its Claude client.

It is the only one to use the client and to give it back, so an idle timer, a signal and a
new message cannot race. It leaves when it has been idle for a while, or when the pool asks;
a message that comes at that moment is served by the next server.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from bridge import turn
from bridge.errors import ChatError
from bridge.mailbox import Mailbox
from bridge.model import Inbound, Session, SessionKey, Stop, Tapped
from bridge.ports import Agent, Desk
from bridge.session import Event, State, step
from bridge.settings import Settings

log = structlog.get_logger(__name__)

PAUSE = 5.0  # seconds between two tries to deliver what Telegram did not take


async def serve(
    key: SessionKey, mailbox: Mailbox, desk: Desk, settings: Callable[[], Settings]
) -> None:
    """Serve until idle. StoreError: something is undone, serve again later."""
    mailbox.heard()
    first = await desk.inbox.next(key)
    if first is None:
        return
    session = await desk.sessions.claim(key, first.user, folder(key, settings()))
    async with desk.agents.lend(session, mailbox) as agent:
        try:
            while inbound := await following(key, mailbox, desk, settings()):
                session = await attend(inbound, session, agent, mailbox, desk, settings())
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
        if mailbox.leaving:
            mailbox.knock()  # what is undone is served after those who wait for a client
            return None
        mailbox.heard()
        if inbound := await desk.inbox.next(key):
            return inbound
        idle = desk.clock.sleep(settings.sessions.idle_minutes * 60)
        if not await mailbox.wait(idle):
            return None


async def attend(
    inbound: Inbound,
    session: Session,
    agent: Agent,
    mailbox: Mailbox,
    desk: Desk,
    settings: Settings,
) -> Session:
    """One turn, with the signals that reach it meanwhile."""
    mailbox.state = step(mailbox.state, Event.MESSAGE)
    mailbox.forget()
    relay = asyncio.create_task(obey(mailbox, agent))
    try:
        session = await turn.serve(inbound, session, agent, desk, settings)
    except ChatError as error:
        log.warning("answer.waits", update=inbound.update_id, why=str(error))
        await desk.clock.sleep(PAUSE)
    finally:
        relay.cancel()
        mailbox.state = step(mailbox.state, Event.END)
    return session


async def obey(mailbox: Mailbox, agent: Agent) -> None:
    while True:
        match await mailbox.signal():
            case Stop():
                mailbox.state = step(mailbox.state, Event.STOP)
                await agent.interrupt()
            case Tapped(nonce=nonce, chosen=chosen):
                await agent.reply(nonce, chosen)
