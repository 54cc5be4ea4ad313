"""A bound is sharp before anything is refused: by what is known, by the API's own count."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bridge.booth.count import MARGIN, OFF, PATIENCE
from bridge.booth.known import MARGIN as NEW
from bridge.store.db import Database
from bridge.store.ledger import Ledger
from budgets.gate import Gate, State
from budgets.model import Scope
from tests.contract.samples import MAIN, limit
from tests.contract.tollbooth import EVER, Api, Heard, asked, call, house, plain, raw_api

# Haiku 5.5 in micro-USD a token: input 0.1, output 0.5.
LONG = asked(system="x" * 50_000, stream=False)  # bounded at 5,000 and 500 micro-USD
COUNTED = 10_000  # tokens, says the API
SHARP = -(-(int(COUNTED * OFF) + MARGIN) // 10) + 500
COUNT = "/v1/messages/count_tokens"


@pytest.fixture
async def api() -> AsyncIterator[tuple[Api, str]]:
    async with raw_api() as given:
        given[0].plan = counting
        yield given


@pytest.fixture
def upstream(api: tuple[Api, str]) -> Api:
    return api[0]


async def counting(heard: Heard) -> None:
    if COUNT in heard.line:
        await heard.say(plain("200 OK", b'{"input_tokens": %d}' % COUNTED))
    else:
        usage = {"input_tokens": COUNTED, "output_tokens": 10}
        await heard.say(plain("200 OK", json.dumps({"usage": usage}).encode()))


def asks(upstream: Api) -> list[str]:
    return [heard.line.split()[1] for heard in upstream.heard]


async def test_what_fits_is_not_counted(api: tuple[Api, str], upstream: Api, db: Database) -> None:
    async with house(api[1], Ledger(db)) as booth:
        assert (await booth.post(body=LONG)).status_code == 200
    assert asks(upstream) == ["/v1/messages?beta=true"]


async def test_what_does_not_fit_is_counted_by_the_api_first(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async with house(api[1], Ledger(db), limit(SHARP)) as booth:
        assert (await booth.post(body=LONG)).status_code == 200
        assert await booth.settled() == 1005
    assert asks(upstream) == [f"{COUNT}?beta=true", "/v1/messages?beta=true"]


async def test_the_question_has_the_same_headers_and_only_the_prompt(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async with house(api[1], Ledger(db), limit(SHARP)) as booth:
        await booth.post(body=LONG, headers=[("anthropic-beta", "a-2026"), ("x-api-key", "none")])
    question, request = upstream.heard
    own = {"content-length"}
    assert [one for one in question.headers if one[0] not in own] == [
        one for one in request.headers if one[0] not in own
    ]
    assert set(json.loads(question.body)) == {"model", "messages", "system"}


async def test_what_does_not_fit_even_then_is_refused(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async with house(api[1], Ledger(db), limit(SHARP - 1)) as booth:
        answer = await booth.post(body=LONG)
    assert answer.status_code == 402
    assert asks(upstream) == [f"{COUNT}?beta=true"]


async def test_what_could_not_fit_whatever_the_count_is_not_counted(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async with house(api[1], Ledger(db), limit(500)) as booth:
        assert (await booth.post(body=LONG)).status_code == 402
    assert not upstream.heard


@pytest.mark.parametrize(
    "answer",
    [plain("404 Not Found", b"{}"), plain("200 OK", b"<html>"), plain("200 OK", b"[]"),
     plain("200 OK", b'{"input_tokens": "9"}'), plain("200 OK", b'{"input_tokens": null}'), b""],
)  # fmt: skip
async def test_an_api_that_does_not_count_changes_nothing(
    api: tuple[Api, str], upstream: Api, db: Database, answer: bytes
) -> None:
    async def plan(heard: Heard) -> None:
        await heard.say(answer)
        heard.drop()

    upstream.plan = plan
    async with house(api[1], Ledger(db), limit(SHARP)) as booth:
        refused = await booth.post(body=LONG)
        assert await booth.settled() == 0
    assert refused.status_code == 402
    assert f"may cost ${call(LONG).worst / 10**6:.4f}".rstrip("0") in refused.text


def test_the_api_is_not_waited_for_long() -> None:
    assert PATIENCE["read"] == 5.0


async def test_before_the_api_shortens_the_history_it_is_longer(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    async def plan(heard: Heard) -> None:
        told = {"input_tokens": 10, "context_management": {"original_input_tokens": COUNTED}}
        await heard.say(plain("200 OK", json.dumps(told).encode()))

    upstream.plan = plan
    async with house(api[1], Ledger(db), limit(SHARP - 1)) as booth:
        assert (await booth.post(body=LONG)).status_code == 402


async def test_a_caller_that_hangs_up_is_not_counted_for(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    upstream.plan = Heard.hung_up
    async with house(api[1], Ledger(db), limit(SHARP)) as booth:
        asking = asyncio.create_task(booth.post(body=LONG))
        await upstream.until(lambda: upstream.heard)
        asking.cancel()
        await upstream.until(lambda: upstream.left)
        assert await booth.settled() == 0


async def test_a_rough_bound_does_not_trip_the_gate_for_everyone(
    api: tuple[Api, str], db: Database
) -> None:
    ledger = Ledger(db)
    hour = limit(SHARP, Scope.HOUR, hours=24 * 36_500)
    async with house(api[1], ledger, EVER, hour) as booth:
        assert (await booth.post(body=LONG)).status_code == 200
        gate = await ledger.gate(hour.window.start)
    assert gate.state is State.OPEN


async def test_while_only_the_smallest_model_may_be_used_another_is_refused(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    ledger, hour = Ledger(db), limit(10**6, Scope.HOUR, hours=24 * 36_500)
    await ledger.set_gate(Gate(State.SMALL, hour.window.end))
    async with house(api[1], ledger, EVER, hour, smallest="claude-haiku-5-5") as booth:
        large = await booth.post(body=asked(model="claude-sonnet-5-5"))
        assert (await booth.post(body=LONG)).status_code == 200
    assert large.status_code == 402
    assert "Only the smallest model may be used for now." in large.text
    assert asks(upstream) == ["/v1/messages?beta=true"], "nor was it counted"


async def test_the_next_request_is_bounded_by_what_the_last_one_counted(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    said = [{"role": "user", "content": "hi"}]
    held = []

    async def plan(heard: Heard) -> None:
        held.append(await booth.held())
        await counting(heard)

    upstream.plan = plan
    async with house(api[1], Ledger(db)) as booth:
        for number in range(3):
            said.append({"role": "user", "content": f"{number}" * 100})
            body = asked(system="x" * 50_000, stream=False, messages=said)
            assert (await booth.post(body=body)).status_code == 200
    message = 100 + len('{"role":"user","content":""}')
    sharp = -(-(COUNTED + NEW + message) // 10) + 500
    assert held == [held[0], sharp, sharp]
    assert held[0] > 5_500


async def test_another_process_knows_nothing(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    held = []

    async def plan(heard: Heard) -> None:
        held.append(await booth.held())
        await counting(heard)

    upstream.plan = plan
    async with house(api[1], Ledger(db)) as booth:
        await booth.post(body=LONG)
        other = booth.tickets.issue(MAIN)
        await booth.caller.post(f"{other}/v1/messages", content=LONG)
    assert held[0] == held[1]


async def test_a_model_that_is_not_in_the_settings_is_refused_by_name(
    api: tuple[Api, str], db: Database
) -> None:
    async with house(api[1], Ledger(db), models=["claude-sonnet-5-5"]) as booth:
        answers = [
            await booth.post(body=asked(model=model))
            for model in ("claude-opus-5-5", "claude-sonnet-5-5-20261101", "claude-haiku-5-5")
        ]
    assert [answer.status_code for answer in answers] == [402, 200, 200]
    assert "claude-opus-5-5" in answers[0].json()["error"]["message"]


async def test_what_has_no_bound_is_refused_by_name(
    api: tuple[Api, str], upstream: Api, db: Database
) -> None:
    tools = [{"type": "advisor_20260301", "name": "advisor", "model": "claude-opus-5-5"}]
    async with house(api[1], Ledger(db)) as booth:
        answer = await booth.post(body=asked(tools=tools))
    assert answer.status_code == 402
    assert "advisor_20260301" in answer.json()["error"]["message"]
    assert not upstream.heard
