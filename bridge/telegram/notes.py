"""The acknowledgements of waiting messages: one each, gone when the message is not waiting."""

from bridge.model import Inbound
from bridge.telegram import buttons
from bridge.telegram.background import Background
from bridge.telegram.lane import Priority
from bridge.telegram.outbox import Outbox
from bridge.telegram.params import reply_to, target


class Notes:
    """Those of before a restart are unknown here; a tap on one takes it away."""

    def __init__(self, outbox: Outbox, background: Background) -> None:
        self._outbox = outbox
        self._background = background
        self._open: dict[int, int] = {}  # update id -> the note's message, 0 until it is sent

    def show(self, inbound: Inbound, text: str) -> None:
        """Returns at once. A note whose message is served before it is sent never leaves."""
        self._open[inbound.update_id] = 0
        self._background.spawn(self._send(inbound, text), "note")

    def drop(self, update_id: int, chat: int, message_id: int = 0) -> None:
        """`message_id`: the note, where that is known better than here."""
        message_id = self._open.pop(update_id, 0) or message_id
        if message_id:
            self._background.spawn(self._delete(chat, message_id), "delete note")

    async def _send(self, inbound: Inbound, text: str) -> None:
        params = (
            target(inbound.key.place)
            | {"text": text, "disable_notification": True}
            | reply_to(inbound.message_id)
            | {"reply_markup": buttons.waiting(inbound.update_id)}
        )
        number = inbound.update_id
        sent = await self._outbox.send(
            "sendMessage", params, Priority.STATUS, wanted=lambda: number in self._open
        )
        if sent is None:
            return
        if number in self._open:
            self._open[number] = int(sent["message_id"])
        else:
            await self._delete(inbound.key.chat, int(sent["message_id"]))

    async def _delete(self, chat: int, message_id: int) -> None:
        gone = {"chat_id": chat, "message_id": message_id}
        await self._outbox.send("deleteMessage", gone, Priority.STATUS)
