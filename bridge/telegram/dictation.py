"""Voice messages: what was said is written down, and sent when its user says that it is right.

The words are stored with the message they were said in, and the buttons name that one: they work
after a restart too. Whoever was misheard replies with the right words; that is a message like any
other. What a crash cuts off is done again.
"""

import tempfile
from pathlib import Path

from bridge.model import Arrival, Inbound, SessionKey
from bridge.telegram import buttons
from bridge.telegram.bodies import HEARD
from bridge.telegram.chat import TelegramChat
from bridge.telegram.commands.context import Tools
from bridge.telegram.files import listening

DEAF = (
    "I cannot listen to voice messages yet. The owner can change that: in `settings.toml`, under "
    "`[voice]`, name a program (`command`) or a service (`url`) that writes them down."
)
NOTHING = "I heard no words in this."
CORRECT = "Not right? Reply with the right words instead."


class Dictation:
    def __init__(self, tools: Tools, chat: TelegramChat) -> None:
        self._files = tools.desk.files
        self._inbox = tools.desk.inbox
        self._clock = tools.desk.clock
        self._settings = tools.settings
        self._chat = chat

    async def serve(self, came: Arrival, key: SessionKey) -> None:
        """ChatError: it cannot be had; ListeningFailed: nobody could write it down."""
        inbound, voice = self._inbound(came, key), self._settings().voice
        if not listening.possible(voice):
            await self._chat.reply(came.place, DEAF, came.message_id)
            return
        await self._chat.seen(inbound)
        with tempfile.TemporaryDirectory(prefix="tollbridge-voice-") as folder:
            [file] = await self._files.fetch(inbound, Path(folder))
            text = await listening.heard(file, voice)
        if not text:
            await self._chat.reply(came.place, NOTHING, came.message_id)
            return
        await self._inbox.heard(came.update_id, text)
        await self._show(came, text)

    async def _show(self, came: Arrival, text: str) -> None:
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        below = buttons.spoken(came.update_id)
        await self._chat.reply(
            came.place, f"{HEARD}\n\n{quoted}\n\n{CORRECT}", came.message_id, below
        )

    def _inbound(self, came: Arrival, key: SessionKey) -> Inbound:
        now = self._clock.now()
        return Inbound(came.update_id, key, came.user, "", came.message_id, now, came.files)
