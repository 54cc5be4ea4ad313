"""What a user may spend now: by their budget, or by the subscription's windows."""

from bridge.ports import Desk
from bridge.settings import Settings
from bridge.settings.allowance import limits, parts, timezone
from budgets import shares
from budgets.decide import admit
from budgets.model import Verdict


async def afford(user: int, desk: Desk, settings: Settings) -> Verdict:
    now, zone = desk.clock.now(), timezone(settings, user)
    if declared := parts(settings):
        return shares.admit(await desk.ledger.shares(), declared, now, zone)
    return admit(await desk.ledger.usage(user, limits(settings, user, now)), zone)
