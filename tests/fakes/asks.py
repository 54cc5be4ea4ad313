"""`Asks` in a dict."""

from dataclasses import dataclass, field

from bridge.model import Ask


@dataclass
class FakeAsks:
    """`Asks` in a dict."""

    open_: dict[str, Ask] = field(default_factory=dict)

    async def open(self, ask: Ask) -> None:
        self.open_.setdefault(ask.nonce, ask)

    async def take(self, nonce: str) -> Ask | None:
        return self.open_.pop(nonce, None)

    async def find(self, nonce: str) -> Ask | None:
        return self.open_.get(nonce)

    async def expire(self, update_id: int) -> None:
        self.open_ = {n: ask for n, ask in self.open_.items() if ask.update_id != update_id}
