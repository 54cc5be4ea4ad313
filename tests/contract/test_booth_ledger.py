"""Each request is held before it is sent, and settled once at what the API charged or more."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from bridge.booth.keys import Credential
from bridge.errors import StoreError
from bridge.store.db import Database
from bridge.store.ledger import Ledger
from budgets.model import Hold, Limit, Tokens, Usage
from tests.contract.samples import limit
from tests.contract.tollbooth import (
    END,
    EVER,
    PATIENCE,
    STREAM,
    TURN,
    Api,
    Heard,
    House,
    asked,
    call,
    chunk,
    delta,
    event,
    house,
    plain,
    raw_api,
    start,
    text,
)

# Haiku 5.5 in micro-USD per million: input 100,000, output 500,000, 5 minutes' write 125,000.
PROMPT = {"input_tokens": 1000, "cache_creation_input_tokens": 800}  # 200 micro-USD
CALL = call(asked())


@pytest.fixture
async def api() -> AsyncIterator[tuple[Api, str]]:
    async with raw_api() as given:
        yield given


@pytest.fixture
def upstream(api: tuple[Api, str]) -> Api:
    return api[0]


@pytest.fixture
async def booth(api: tuple[Api, str], db: Database) -> AsyncIterator[House]:
    async with house(api[1], Ledger(db)) as built:
        yield built


async def test_the_worst_case_is_held_before_anything_is_sent(booth: House, upstream: Api) -> None:
    held = []

    async def plan(heard: Heard) -> None:
        held.append(await booth.held())
        await heard.say(plain("200 OK", b'{"usage": {"input_tokens": 10, "output_tokens": 2}}'))

    upstream.plan = plan
    await booth.post()
    assert held == [CALL.worst]
    assert await booth.settled() == 2


async def test_each_request_that_is_settled_is_told(booth: House, upstream: Api) -> None:
    async def plan(heard: Heard) -> None:
        await heard.say(plain("200 OK", b'{"usage": {"input_tokens": 10, "output_tokens": 2}}'))

    upstream.plan = plan
    await booth.post()
    await booth.settled()
    assert booth.alarm.charged == [TURN]


async def test_a_request_is_entered_for_its_chat(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    held = []

    class Noting(Ledger):
        async def hold(self, hold_: Hold, limits: Sequence[Limit]) -> Usage | None:
            held.append(hold_)
            return await super().hold(hold_, limits)

    async def plan(heard: Heard) -> None:
        await heard.say(plain("200 OK", b"{}"))

    upstream.plan = plan
    async with house(api[1], Noting(db)) as booth:
        await booth.post()
    (hold,) = held
    assert (hold.chat, hold.session, hold.update_id) == (TURN.key.chat, TURN.key.name, 7)


async def test_a_stream_costs_what_the_api_says_at_its_end(booth: House, upstream: Api) -> None:
    async def plan(heard: Heard) -> None:
        await heard.say(STREAM, chunk(start(**PROMPT)), chunk(text("Hello. ")))
        await heard.say(chunk(delta(output_tokens=400)), END)

    upstream.plan = plan
    await booth.post()
    assert await booth.settled() == 200 + 200


async def test_a_plain_answer_costs_what_it_says(booth: House, upstream: Api) -> None:
    async def plan(heard: Heard) -> None:
        await heard.say(plain("200 OK", b'{"usage": {"input_tokens": 1000, "output_tokens": 4}}'))

    upstream.plan = plan
    await booth.post(body=asked(stream=False))
    assert await booth.settled() == 100 + 2


@pytest.mark.parametrize("whose", ["caller", "api"])
async def test_a_stream_that_is_cut_costs_its_input_and_a_bound_of_what_was_delivered(
    booth: House, upstream: Api, whose: str
) -> None:
    async def plan(heard: Heard) -> None:
        await heard.say(STREAM, chunk(start(**PROMPT) + text("x" * 99)))
        if whose == "api":
            heard.drop()
        else:
            await heard.hung_up()

    upstream.plan = plan
    async with booth.stream() as answer:
        await anext(answer.aiter_raw())
    await upstream.until(lambda: upstream.left)
    assert await booth.settled() == 200 + 50  # 99 bytes and the placeholder's one token


async def test_a_thought_that_is_cut_may_have_been_as_long_as_was_allowed(
    booth: House, upstream: Api
) -> None:
    thought = event("content_block_start", index=0, content_block={"type": "thinking"})

    async def plan(heard: Heard) -> None:
        await heard.say(STREAM, chunk(start(**PROMPT) + thought))
        await heard.hung_up()

    upstream.plan = plan
    async with booth.stream() as answer:
        await anext(answer.aiter_raw())
    await upstream.until(lambda: upstream.left)
    assert await booth.settled() == 200 + 500  # max_tokens = 1000


@pytest.mark.parametrize(("stream", "cost"), [(True, CALL.prompt), (False, CALL.worst)])
async def test_a_request_that_is_given_up_unanswered_may_have_been_charged(
    booth: House, upstream: Api, *, stream: bool, cost: int
) -> None:
    asking = asyncio.create_task(booth.post(body=asked(stream=stream)))
    await upstream.until(lambda: upstream.heard)
    asking.cancel()
    await upstream.until(lambda: upstream.left)
    paid = await booth.settled()
    assert paid == (cost if stream else call(asked(stream=False)).worst)


async def test_an_answer_without_usage_costs_the_hold(booth: House, upstream: Api) -> None:
    async def plan(heard: Heard) -> None:
        await heard.say(plain("200 OK", b'{"content": []}'))

    upstream.plan = plan
    await booth.post()
    assert await booth.settled() == CALL.worst


async def test_an_error_of_the_api_costs_nothing(booth: House, upstream: Api) -> None:
    async def plan(heard: Heard) -> None:
        body = b'{"type": "error", "usage": {"input_tokens": 9}}'
        await heard.say(plain(f"{3 + len(upstream.heard)}29 Refused", body))

    upstream.plan = plan
    assert [(await booth.post()).status_code for _ in range(2)] == [429, 529]
    assert await booth.settled() == 0


async def test_what_does_not_fit_is_refused_with_a_sentence_and_not_sent(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async with house(api[1], Ledger(db), limit(CALL.worst - CALL.prompt), EVER) as booth:
        answer = await booth.post()
        assert await booth.settled() == 0
        ((refused, usage),) = booth.alarm.refusals
        assert (refused, usage.limit.amount) == (TURN, CALL.worst - CALL.prompt)
    assert answer.status_code == 402
    assert answer.json()["error"]["type"] == "billing_error"
    assert answer.json()["error"]["message"].startswith("Everyone together has spent $0.00 of")
    assert not upstream.heard


async def test_where_no_limit_is_declared_nothing_is_sent(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async with house(api[1], Ledger(db), limit(None)) as booth:
        answer = await booth.post()
    assert answer.status_code == 402
    assert "No budget is set for you" in answer.json()["error"]["message"]
    assert not upstream.heard


async def test_what_is_held_for_one_request_is_not_there_for_another(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async with house(api[1], Ledger(db), limit(2 * CALL.worst - CALL.prompt)) as booth:
        asking = asyncio.create_task(booth.post())
        await upstream.until(lambda: upstream.heard)
        assert (await booth.post()).status_code == 402
        assert len(upstream.heard) == 1
        asking.cancel()


async def test_a_model_without_a_price_is_refused_by_name(booth: House, upstream: Api) -> None:
    answer = await booth.post(body=asked(model="claude-unknown-9"))
    assert answer.status_code == 402
    assert "claude-unknown-9" in answer.json()["error"]["message"]
    assert not upstream.heard


async def test_a_lost_login_is_told_in_its_own_words(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async with house(api[1], Ledger(db), credential=Credential()) as booth:
        answer = await booth.post()
        assert await booth.settled() == 0
    assert answer.status_code == 402
    assert "not logged in" in answer.json()["error"]["message"]
    assert not upstream.heard


async def test_a_turn_that_ends_cuts_what_is_still_under_way_and_settles_it(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async with house(api[1], Ledger(db), grace=0) as booth:
        asking = asyncio.create_task(booth.post())
        await upstream.until(lambda: upstream.heard)
        assert await booth.settled() == CALL.prompt
        await upstream.until(lambda: upstream.left)
        asking.cancel()


class Slow(Ledger):
    paid = 0

    async def settle(self, request_id: str, cost: int, tokens: Tokens) -> None:
        for _ in range(100):
            await asyncio.sleep(0)
        await super().settle(request_id, cost, tokens)
        self.paid += cost


async def test_a_booth_that_closes_cuts_what_is_under_way_and_settles_it(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    ledger = Slow(db)
    async with httpx.AsyncClient(timeout=PATIENCE) as outside:
        async with house(api[1], ledger) as booth:
            asking = asyncio.create_task(outside.send(booth.request()))
            await upstream.until(lambda: upstream.heard)
        assert ledger.paid == CALL.prompt
        assert (await asking).status_code == 500


class Failing(Ledger):
    """A disk that is full for one of the two steps."""

    def __init__(self, db: Database, step: str) -> None:
        super().__init__(db)
        self.step = step

    async def hold(self, hold_: Hold, limits: Sequence[Limit]) -> Usage | None:
        if self.step == "hold":
            raise StoreError("The disk is full. Please tell the owner.")
        return await super().hold(hold_, limits)

    async def settle(self, request_id: str, cost: int, tokens: Tokens) -> None:
        raise StoreError("The disk is full. Please tell the owner.")


async def test_what_cannot_be_held_is_not_sent(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async with house(api[1], Failing(db, "hold")) as booth:
        answer = await booth.post()
    assert answer.status_code == 402
    assert answer.json()["error"]["message"] == "The disk is full. Please tell the owner."
    assert not upstream.heard


async def test_what_cannot_be_settled_stays_held(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async def plan(heard: Heard) -> None:
        await heard.say(plain("200 OK", b'{"usage": {"input_tokens": 1, "output_tokens": 1}}'))

    upstream.plan = plan
    async with house(api[1], Failing(db, "settle")) as booth:
        assert (await booth.post()).status_code == 200
        assert await booth.held() == CALL.worst
