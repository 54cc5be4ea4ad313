"""`Engine` that notes what it is told."""

import asyncio
from dataclasses import dataclass, field

from bridge.model import SessionKey, Signal


@dataclass
class FakeEngine:
    """`Engine` that notes what it is told. `served`: the sessions somebody serves."""

    activated: list[SessionKey] = field(default_factory=list)
    signals: list[tuple[SessionKey, Signal]] = field(default_factory=list)
    served: set[SessionKey] = field(default_factory=set)
    faults: list[Exception] = field(default_factory=list)

    async def activate(self, key: SessionKey) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.activated.append(key)

    async def signal(self, key: SessionKey, signal: Signal) -> bool:
        self.signals.append((key, signal))
        return key in self.served

    async def running(self, key: SessionKey) -> bool:
        return key in self.served

    async def run(self) -> None:
        await asyncio.Event().wait()
