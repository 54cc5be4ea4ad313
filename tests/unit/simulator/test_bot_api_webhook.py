"""setWebhook: what is pushed, how, and what comes again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.simulator.bot_api import telegram
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.unit.simulator.phone import TOKEN, Caller, HandClock

SECRET = "X-Telegram-Bot-Api-Secret-Token"


@dataclass
class Hook:
    """A bot behind a webhook; it answers with `answers`, then with 200."""

    answers: list[Response] = field(default_factory=list)
    got: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.got.append(await request.json())
        self.secrets.append(request.headers.get(SECRET))
        return self.answers.pop(0) if self.answers else Response()

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/hook", self.take, methods=["POST"])])


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.fixture
async def bot(clock: HandClock) -> AsyncIterator[Caller]:
    world = World(clock=clock)
    async with (
        serving(telegram(world, TOKEN, None)) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        yield Caller(http, world)


@pytest.fixture
async def target(hook: Hook) -> AsyncIterator[str]:
    async with serving(hook.app()) as url:
        yield f"{url}/hook"


async def delivered(bot: Caller) -> None:
    await bot.world.wait(lambda: not bot.world.updates.pending())


async def test_updates_are_pushed_with_the_secret_and_in_order(
    bot: Caller,
    hook: Hook,
    target: str,
) -> None:
    bot.world.say(111, "before")
    await bot.call("setWebhook", url=target, secret_token="quiet_1")
    bot.world.say(111, "after")
    await delivered(bot)
    assert [u["message"]["text"] for u in hook.got] == ["before", "after"]
    assert hook.secrets == ["quiet_1", "quiet_1"]


async def test_what_is_not_taken_comes_again_later_and_later(
    bot: Caller,
    hook: Hook,
    target: str,
    clock: HandClock,
) -> None:
    hook.answers = [Response(status_code=500), Response(status_code=500)]
    await bot.call("setWebhook", url=target)
    bot.world.say(111, "hi")
    await clock.waited_for(1)
    info = await bot.call("getWebhookInfo")
    assert info["pending_update_count"] == 1
    assert info["last_error_message"].startswith("Wrong response from the webhook: 500")
    clock.advance(1)
    await clock.waited_for(2)
    clock.advance(2)
    await delivered(bot)
    assert len(hook.got) == 3


async def test_retry_after_is_honoured(
    bot: Caller,
    hook: Hook,
    target: str,
    clock: HandClock,
) -> None:
    hook.answers = [Response(status_code=503, headers={"Retry-After": "77"})]
    await bot.call("setWebhook", url=target)
    bot.world.say(111, "hi")
    await clock.waited_for(77)
    clock.advance(77)
    await delivered(bot)
    assert len(hook.got) == 2


async def test_one_chat_that_fails_does_not_hold_up_another(
    bot: Caller,
    hook: Hook,
    target: str,
    clock: HandClock,
) -> None:
    hook.answers = [Response(status_code=500)]
    await bot.call("setWebhook", url=target)
    bot.world.say(111, "stuck")
    await clock.waited_for(1)
    bot.world.say(222, "free")
    await bot.world.wait(lambda: len(bot.world.updates.pending()) == 1)
    assert [u["message"]["text"] for u in hook.got] == ["stuck", "free"]


async def test_410_for_23_hours_takes_the_webhook_away(
    bot: Caller,
    hook: Hook,
    target: str,
    clock: HandClock,
) -> None:
    hook.answers = [Response(status_code=410), Response(status_code=410)]
    await bot.call("setWebhook", url=target)
    bot.world.say(111, "hi")
    await clock.waited_for(1)
    clock.advance(23 * 3600)
    await bot.world.wait(lambda: len(hook.got) == 2)
    info = await bot.call("getWebhookInfo")
    assert (info["url"], info["pending_update_count"]) == ("", 1)


async def test_a_method_in_the_answer_is_executed(bot: Caller, hook: Hook, target: str) -> None:
    hook.answers = [JSONResponse({"method": "sendMessage", "chat_id": 111, "text": "at once"})]
    await bot.call("setWebhook", url=target)
    bot.world.say(111, "hi")
    await bot.world.wait(lambda: len(bot.world.messages(111)) == 2)
    assert bot.world.messages(111)[-1]["text"] == "at once"


async def test_polling_and_a_webhook_exclude_each_other(
    bot: Caller,
    target: str,
    clock: HandClock,
) -> None:
    waiting = asyncio.create_task(bot.refused("getUpdates", timeout=30))
    await clock.waited_for(30)
    await bot.call("setWebhook", url=target)
    assert await waiting == "409 Conflict: terminated by setWebhook request"
    clock.advance(3)
    assert await bot.refused("getUpdates") == (
        "409 Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    await bot.call("deleteWebhook")
    bot.world.say(111, "hi")
    assert len(await bot.call("getUpdates")) == 1


async def test_pending_updates_are_dropped_on_demand(bot: Caller) -> None:
    bot.world.say(111, "hi")
    await bot.call("deleteWebhook", drop_pending_updates=True)
    assert bot.world.updates.pending() == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": "ftp://a.com"}, "invalid webhook URL specified"),
        ({"url": "https://a.com", "secret_token": "a" * 257}, "secret token is too long"),
        (
            {"url": "https://a.com", "secret_token": "a b"},
            "secret token contains unallowed characters",
        ),
    ],
)
async def test_a_webhook_that_telegram_refuses(
    bot: Caller,
    given: dict[str, str],
    words: str,
) -> None:
    assert await bot.refused("setWebhook", **given) == f"400 Bad Request: {words}"
