"""`Asks` in a dict."""

from dataclasses import dataclass, field, replace

from bridge.model import Ask, Place


@dataclass
class FakeAsks:
    """`Asks` in a dict."""

    open_: dict[str, Ask] = field(default_factory=dict)
    listening: dict[str, int] = field(default_factory=dict)  # users by nonce

    async def open(self, ask: Ask) -> None:
        self.open_.setdefault(ask.nonce, ask)

    async def take(self, nonce: str) -> Ask | None:
        return self.open_.pop(nonce, None)

    async def find(self, nonce: str) -> Ask | None:
        return self.open_.get(nonce)

    async def shown(self, nonce: str, message_id: int) -> None:
        if nonce in self.open_:
            self.open_[nonce] = replace(self.open_[nonce], message_id=message_id)

    async def listen(self, nonce: str, user: int) -> bool:
        self.listening[nonce] = user
        return nonce in self.open_

    async def worded(self, place: Place, user: int, reply_to: int) -> Ask | None:
        here = [ask for ask in self.open_.values() if ask.key.place == place]
        replied = [ask for ask in here if reply_to and ask.message_id == reply_to]
        waits = [ask for ask in here if self.listening.get(ask.nonce) == user]
        return next(iter([*replied, *reversed(waits)]), None)

    async def expire(self, update_id: int) -> None:
        self.open_ = {n: ask for n, ask in self.open_.items() if ask.update_id != update_id}
