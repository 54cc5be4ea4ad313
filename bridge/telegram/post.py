"""Sends what has to arrive, and returns when Telegram has confirmed it.

Formatting is sent as entities. Should Telegram refuse them, the same text goes without: an
answer that looks plain is better than none.
"""

from collections.abc import Iterable

import structlog

from bridge.model import Place
from bridge.telegram.bot import BadCall
from bridge.telegram.lane import Priority
from bridge.telegram.outbox import Outbox
from bridge.telegram.params import bare, target
from bridge.telegram.parcels import Parcel

log = structlog.get_logger()

REFUSED = Parcel("sendMessage", {"text": "Telegram refused to show this part of the answer."})


class Post:
    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def send(
        self, place: Place, parcels: Iterable[Parcel], priority: Priority = Priority.FINAL
    ) -> int:
        """The id of the last message. ChatError: Telegram refused one, the rest was not sent."""
        sent = 0
        for parcel in parcels:
            sent = await self._send(place, parcel, priority)
        return sent

    async def deliver(self, place: Place, parcel: Parcel) -> None:
        """A part of an answer: where Telegram will not take it, that is said in its place.

        ChatError: not even that.
        """
        try:
            await self._send(place, parcel, Priority.FINAL)
        except BadCall:
            log.error("part_refused", chat=place.chat)  # noqa: TRY400 - it quotes the text
            await self._send(place, REFUSED, Priority.FINAL)

    async def _send(self, place: Place, parcel: Parcel, priority: Priority) -> int:
        params = target(place) | parcel.params
        plain = bare(params)
        try:
            sent = await self._outbox.send(parcel.method, params, priority)
        except BadCall:
            if plain == params:
                raise
            log.error("entities_refused", chat=place.chat)  # noqa: TRY400 - it quotes the text
            sent = await self._outbox.send(parcel.method, plain, priority)
        return int((sent or {}).get("message_id", 0))
