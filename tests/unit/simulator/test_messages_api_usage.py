"""What the simulated API counts and charges."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bridge.simulator.billing import cost
from bridge.simulator.messages_api import messages
from bridge.simulator.script import Fail, Say, Script
from bridge.simulator.usage import PromptCache, Usage, count

LONG = "x" * 8000  # 2,000 tokens and the wrapping
MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def text(said: str, mark: dict[str, str] | None = None) -> dict[str, Any]:
    block = {"type": "text", "text": said}
    return block | {"cache_control": mark} if mark else block


def body(*blocks: dict[str, Any], system: dict[str, Any] | None = None) -> dict[str, Any]:
    said = [{"role": "user", "content": list(blocks)}]
    return {"model": "claude-haiku-5-5", "messages": said, "system": [system] if system else []}


def test_a_token_is_four_bytes() -> None:
    assert count(body(text(LONG))) == pytest.approx(2000, abs=20)


def test_without_marks_all_is_input() -> None:
    assert PromptCache(Clock()).charge(body(text(LONG))) == Usage(input=count(body(text(LONG))))


def test_what_was_written_is_read_the_next_time() -> None:
    cache = PromptCache(Clock())
    first = cache.charge(body(text(LONG, MARK)))
    second = cache.charge(body(text(LONG), text("more", MARK), text("tail")))
    assert first.cache_write_5m == first.prompt
    assert second.cache_read == first.prompt
    assert second.cache_write_5m > 0
    assert second.input > 0
    assert second.prompt == count(body(text(LONG), text("more"), text("tail")))


@pytest.mark.parametrize(("mark", "life"), [(MARK, 5), (HOUR, 60)])
def test_the_cache_forgets(mark: dict[str, str], life: int) -> None:
    clock = Clock()
    cache = PromptCache(clock)
    asked = body(text(LONG, mark))
    cache.charge(asked)
    clock.time += timedelta(minutes=life, seconds=-1)
    assert cache.charge(asked).cache_read == count(asked)  # read in time, which renews it
    clock.time += timedelta(minutes=life)
    assert cache.charge(asked).cache_read == 0


def test_an_hour_and_five_minutes_are_told_apart() -> None:
    charged = PromptCache(Clock()).charge(body(text(LONG, MARK), system=text(LONG, HOUR)))
    assert charged.cache_write_1h == pytest.approx(2000, abs=20)
    assert charged.cache_write_5m == pytest.approx(2000, abs=20)
    split = charged.as_json()["cache_creation"]
    assert split["ephemeral_1h_input_tokens"] == charged.cache_write_1h


def test_another_model_or_another_beginning_reads_nothing() -> None:
    cache = PromptCache(Clock())
    cache.charge(body(text(LONG, MARK)))
    assert cache.charge(body(text("y" + LONG, MARK))).cache_read == 0
    assert cache.charge(body(text(LONG, MARK)) | {"model": "claude-opus-5-5"}).cache_read == 0


def test_a_short_prompt_is_not_cached() -> None:
    assert PromptCache(Clock()).charge(body(text("short", MARK))).cache_write_5m == 0


@pytest.mark.parametrize(
    ("model", "usage", "micro_usd"),
    [
        ("claude-haiku-5-5", Usage(input=100_000), 10_000),
        ("claude-haiku-5-5", Usage(input=1, cache_read=100_000), 5_001),
        ("claude-haiku-5-5", Usage(input=150_000, output=10_000), 100_000),
        ("claude-haiku-5-5", Usage(input=1), 1),
        ("claude-opus-5-5", Usage(1000, 1000, 1000, 1000, 1000), 37_200),
        ("claude-haiku-4-5-20251001", Usage(output=1000), 5_000),
        ("claude-sonnet-4-6[1m]", Usage(output=1000), 15_000),
        ("claude-never-heard-of", Usage(output=1000), 20_000),
    ],
)
def test_the_list_price_is_charged(model: str, usage: Usage, micro_usd: int) -> None:
    assert cost(model, usage) == micro_usd


async def test_a_refused_request_costs_nothing_and_warms_no_cache() -> None:
    api = messages(Script([Fail(), Say("Hello")]))
    asked = body(text(LONG, MARK)) | {"max_tokens": 100}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=api), base_url="http://m"
    ) as http:
        statuses = [(await http.post("/v1/messages", json=asked)).status_code for _ in range(2)]
        counted = (await http.post("/v1/messages/count_tokens", json=asked)).json()
    refused, answered = api.requests
    assert statuses == [529, 200]
    assert refused.cost == 0
    assert answered.usage.cache_read == 0
    assert counted == {"input_tokens": answered.usage.prompt}
    assert api.bill == answered.cost == cost("claude-haiku-5-5", answered.usage)
