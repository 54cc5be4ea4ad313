"""The server of one session: takes its messages in order and owns its Claude client.

It is the only one to use the client and to give it back, so an idle timer, a signal and a
new message cannot race. It leaves when it has been idle for a while, or when the pool asks;
a message that comes at that moment is served by it or by the next server.
"""

import itertools
from collections.abc import Callable
from pathlib import Path

import structlog

from bridge import turn
from bridge.course import Course
from bridge.errors import BridgeError, ChatError, ChatGone, StoreError
from bridge.mailbox import Mailbox
from bridge.model import Inbound, Session, SessionKey
from bridge.ports import Agent, Desk
from bridge.session import Event, State
from bridge.settings import Settings
from bridge.work import BROKEN

log = structlog.get_logger(__name__)

PAUSE = 5.0  # seconds between two tries to deliver what Telegram did not take
TRIES = 3  # of a message that breaks its server


async def serve(
    key: SessionKey, mailbox: Mailbox, desk: Desk, settings: Callable[[], Settings]
) -> None:
    """Serve until idle. Any error: something is undone, serve again later.

    Asked to leave, it still serves one message if there is one; the others wait behind those
    who wait for a client.
    """
    try:
        await served(key, mailbox, desk, settings)
    except StoreError:
        raise
    except Exception as error:
        mailbox.failures += 1
        if mailbox.failures < TRIES:
            raise
        log.exception("message.broken", session=str(key))
        await give_up(key, error, mailbox, desk)


async def served(
    key: SessionKey, mailbox: Mailbox, desk: Desk, settings: Callable[[], Settings]
) -> None:
    mailbox.heard()
    mailbox.leaving = False
    first = await desk.inbox.next(key)
    if first is None:
        return
    began = settings()
    mine = await claimed(first, desk, began)
    async with desk.agents.lend(mine, mailbox) as agent:
        try:
            while found := await following(mine, mailbox, desk, settings()):
                if outdated(began, settings()):
                    mailbox.knock()
                    break
                await attend(*found, agent, mailbox, desk, settings())
                mailbox.failures = 0
                if mailbox.leaving:
                    mailbox.knock()
                    break
        finally:
            if mailbox.state is not State.SUSPENDED:
                mailbox.take(Event.SUSPEND)


def outdated(began: Settings, now: Settings) -> bool:
    """Whether Claude Code would be started in another way now: then it has to be."""
    return (began.claude, began.models, began.routing.escalate) != (
        now.claude, now.models, now.routing.escalate
    )  # fmt: skip


async def claimed(first: Inbound, desk: Desk, settings: Settings) -> Session:
    """Its session, made at the first message ever."""
    known = await desk.sessions.find(first.key)
    place = known.folder if known else await vacant(first.key, desk, settings)
    return await desk.sessions.claim(first.key, first.user, place)


async def vacant(key: SessionKey, desk: Desk, settings: Settings) -> Path:
    """Its usual folder, or one beside it: a session that has another name now may live there."""
    usual = folder(key, settings)
    for number in itertools.count(2):
        if not await desk.sessions.within(usual):
            break
        usual = usual.with_name(f"{key.name}-{number}")
    return usual


def folder(key: SessionKey, settings: Settings) -> Path:
    """Where the files of a session lie: one folder for each chat, topic and name."""
    place = str(key.chat) if not key.thread else f"{key.chat}.{key.thread}"
    return settings.sessions.root / place / key.name


async def following(
    mine: Session, mailbox: Mailbox, desk: Desk, settings: Settings
) -> tuple[Inbound, Session] | None:
    """The next message, and the session as it is stored now: a command may have changed it.

    None: there was none for `idle_minutes`, or the client is wanted, or the session is not this
    server's any more: renamed, deleted, or taken over. Then another one may have to serve.
    """
    while True:
        mailbox.heard()
        inbound = await desk.inbox.next(mine.key)
        session = await desk.sessions.find(mine.key)
        if session is None or session.epoch != mine.epoch:
            lost(mine, mailbox)
            return None
        if inbound:
            return inbound, session
        if mailbox.leaving or not await mailbox.wait(settings.sessions.idle_minutes * 60):
            return None


def lost(mine: Session, mailbox: Mailbox) -> None:
    log.info("session.lost", session=str(mine.key))
    if mailbox.state is State.IDLE:
        mailbox.take(Event.CRASH)
    mailbox.knock()


async def attend(
    inbound: Inbound,
    session: Session,
    agent: Agent,
    mailbox: Mailbox,
    desk: Desk,
    settings: Settings,
) -> None:
    """One message."""
    course = Course(inbound, session, agent, mailbox, desk, settings)
    try:
        await turn.serve(inbound, session, course, desk, settings)
    except ChatError as error:
        log.warning("answer.waits", update=inbound.update_id, why=str(error))
        await desk.clock.sleep(PAUSE)


async def give_up(key: SessionKey, error: Exception, mailbox: Mailbox, desk: Desk) -> None:
    """The message that breaks every server is answered with a sentence, and the rest goes on."""
    mailbox.knock()
    inbound = await desk.inbox.next(key)
    if inbound is None:
        return
    try:
        await desk.chat.say(key.place, str(error) if isinstance(error, BridgeError) else BROKEN)
    except ChatGone as gone:
        log.warning("answer.nowhere", update=inbound.update_id, why=str(gone))
    await desk.inbox.done(inbound.update_id)
    mailbox.failures = 0
