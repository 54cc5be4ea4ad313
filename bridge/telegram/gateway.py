"""Telegram as a whole: who we are and what the server can do, then updates until cancelled."""

from collections.abc import Callable
from typing import Self

import structlog

from bridge.errors import ChatBusy, ChatError
from bridge.ports import Desk, Engine, Folders, Histories
from bridge.settings import Settings
from bridge.telegram import commands
from bridge.telegram.background import Background
from bridge.telegram.bot import Api, BadCall, ChatUnreachable, NoSuchMethod
from bridge.telegram.chat import TelegramChat
from bridge.telegram.commands import Tools
from bridge.telegram.dispatch import Dispatch
from bridge.telegram.entrance import Entrance
from bridge.telegram.ingress import Ingress
from bridge.telegram.outbox import Outbox
from bridge.telegram.pauses import Pauses
from bridge.telegram.roll import Fixed, Roll
from bridge.telegram.strangers import Strangers
from bridge.telegram.taps import Taps
from bridge.telegram.updates import Names
from bridge.telegram.waiting import Waiting

log = structlog.get_logger()

PRIVACY = (
    "groups.listen is all, but a bot with privacy mode only gets what is addressed to it. "
    "Turn it off (@BotFather, /setprivacy, Disable), then take the bot out of the group and add it "
    "again."
)


class Gateway:
    def __init__(
        self,
        api: Api,
        outbox: Outbox,
        chat: TelegramChat,
        desk: Desk,
        engine: Engine,
        histories: Histories,
        folders: Folders,
        settings: Callable[[], Settings],
        roll: Roll | None = None,
    ) -> None:
        self._api = api
        self._chat = chat
        self._settings = settings
        self._clock = desk.clock
        self._background = Background()
        self._names = Names(commands.BY_NAME)
        tools = Tools(desk, engine, histories, folders, settings, chat.running, roll or Fixed())
        waiting = Waiting(tools, chat)
        taps = Taps(tools, chat, waiting, outbox, self._background)
        self._dispatch = Dispatch(tools, chat, taps, waiting, self._background)
        self._ingress = Ingress(
            api,
            desk.inbox,
            Entrance(tools),
            Strangers(tools, chat, self._background),
            self._dispatch,
            settings,
            desk.clock,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._background.aclose()

    async def probe(self) -> str:
        """Our @name. Waits while Telegram is away. TokenRefused: nothing can be done."""
        pauses = Pauses(1.0, 30.0)
        while True:
            try:
                return await self._introduce()
            except (ChatUnreachable, ChatBusy) as error:
                log.warning("probe_failed", error=type(error).__name__)
                asked = error.retry_after if isinstance(error, ChatBusy) else 0.0
                await self._clock.sleep(max(asked, pauses.take()))

    async def run(self) -> None:
        """Until cancelled. TokenRefused: the token was revoked."""
        await self._dispatch.recover()
        await self._ingress.run(self._names)

    async def _introduce(self) -> str:
        me = await self._api.call("getMe")
        username = str(me.get("username", ""))
        await self._optional("deleteWebhook")  # while one is set, polling is refused
        await self._optional("setMyCommands", commands=commands.menu())
        self._chat.drafts = await drafts(self._api)
        self._names = Names(commands.BY_NAME, username)
        if self._settings().groups.listen == "all" and not me.get("can_read_all_group_messages"):
            log.warning("privacy_mode", what_to_do=PRIVACY)
        log.info("telegram_ready", drafts=self._chat.drafts)
        return username

    async def _optional(self, method: str, **params: object) -> None:
        try:
            await self._api.call(method, **params)
        except (BadCall, NoSuchMethod) as error:
            log.warning("not_set_up", method=method, error=type(error).__name__)


async def drafts(api: Api) -> bool:
    """Whether the server has drafts: without a chat one is refused, but by a method it knows."""
    try:
        await api.call("sendMessageDraft")
    except NoSuchMethod:
        return False
    except (ChatUnreachable, ChatBusy):
        raise
    except ChatError:
        return True
    return True
