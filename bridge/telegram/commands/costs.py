"""Reads what /cost tells: the asker's spend, in a group the group's too, and every limit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from bridge.model import Spend
from bridge.settings import Settings, allowance
from bridge.telegram import picture
from bridge.telegram.commands import statement
from bridge.telegram.commands.context import Context, Reply
from bridge.telegram.commands.statement import View
from budgets import windows
from budgets.gate import Gate, State
from budgets.model import Limit, Scope, Usage


async def cost(context: Context) -> Reply:
    view = await seen(context)
    title = "Spend per day" if view.group is None else "This group's spend per day"
    chart = picture.chart(title, view.shown, view.today, list(context.settings.models))
    return Reply(statement.text(view), chart=chart)


async def seen(context: Context) -> View:
    settings, now = context.settings, context.now
    parts = allowance.parts(settings)
    usages = [] if parts else await limited(context)
    group = context.place.chat < 0
    return View(
        now,
        settings.users[context.user].timezone,
        mine=await spends(context, user=context.user),
        group=await spends(context, chat=context.place.chat) if group else None,
        usages=[*usages, *([] if parts else await unlimited(context, usages))],
        gate=await gate(context, usages),
        parts=parts,
        shares=await context.desk.ledger.shares() if parts else (),
    )


async def limited(context: Context) -> Sequence[Usage]:
    limits = allowance.limits(context.settings, context.user, context.now)
    return await context.desk.ledger.usage(context.user, limits)


async def spends(
    context: Context, *, user: int | None = None, chat: int | None = None
) -> Sequence[Spend]:
    """Of this month and of the days of the picture, under the names of our models."""
    zone = context.settings.users[context.user].timezone
    today = context.now.astimezone(ZoneInfo(zone)).date()
    start = midnight(min(today.replace(day=1), picture.first(today)), zone)
    end = windows.day(context.now, zone).end
    rows = await context.desk.ledger.spent(start, end, user, zone, chat)
    names = by_id(context.settings)
    return [replace(row, model=names.get(row.model, row.model)) for row in rows]


def by_id(settings: Settings) -> dict[str, str]:
    """The first name of each model; an API's id may have several."""
    names: dict[str, str] = {}
    for name, model in settings.models.items():
        names.setdefault(model.id, name)
    return names


def midnight(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(timezone)).astimezone(UTC)


async def unlimited(context: Context, usages: Sequence[Usage]) -> list[Usage]:
    """Owners see what everyone spent, also where no limit is declared."""
    if context.role != "owner":
        return []
    declared = {usage.limit.window.scope for usage in usages}
    absent = [
        windows.window(scope, context.now, "UTC")
        for scope in (Scope.HOUR, Scope.MONTH)
        if scope not in declared
    ]
    ledger = context.desk.ledger
    return [
        Usage(Limit(window, None), statement.total(await ledger.spent(window.start, window.end)))
        for window in absent
    ]


async def gate(context: Context, usages: Sequence[Usage]) -> Gate:
    """Open where everyone's hour has no limit."""
    if all(usage.gate is State.OPEN for usage in usages):
        return Gate()
    return await context.desk.ledger.gate(context.now)
