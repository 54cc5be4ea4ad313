"""What a request is charged, after all that was seen of its answer."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bridge.booth.bound import Call
from bridge.booth.charge import Charge, charge
from bridge.booth.meter import Meter
from budgets.model import Tokens
from tests.unit.booth.bodies import ANYONE, SONNET, asked, call

# Haiku 5.5: input 0.1, output 0.5, writes 0.125 and 0.2 micro-USD a token; Sonnet 5.5: 2 and 10.
CALL = replace(call(asked(stream=True), 1_000_000), worst=99_999, prompt=777)
LOOPING = replace(CALL, alone=False)


def answered(usage: Any, *, final: bool = True, stream: bool = True) -> Meter:
    meter = Meter()
    meter.charged, meter.stream = True, stream
    event: Any = {"type": "message_delta", "usage": usage}
    if not final:
        event = {"type": "message_start", "message": {"usage": usage}}
    told = f"data: {json.dumps(event)}\n" if stream else json.dumps({"usage": usage})
    meter.feed(told.encode())
    if final:
        meter.end()
    return meter


def due(meter: Meter, given: Call = CALL) -> Charge:
    return charge(given, meter, ANYONE.price)


def cost(given: Call = CALL, **usage: Any) -> int:
    return due(answered({"input_tokens": 1000, "output_tokens": 100} | usage), given).cost


def test_the_usage_decides() -> None:
    assert cost() == 100 + 50
    assert cost(server_tool_use={"web_search_requests": 2}) == 150 + 20_000
    assert cost(cache_read_input_tokens=1000) == 150 + 10


def test_writes_to_the_cache_are_split_as_told() -> None:
    split = {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000}
    assert cost(cache_creation_input_tokens=3000, cache_creation=split) == 150 + 125 + 400


@pytest.mark.parametrize(("written", "more"), [("5m", 125), ("1h", 200)])
def test_a_write_that_is_not_split_is_for_as_long_as_was_asked(written: Any, more: int) -> None:
    given = replace(CALL, written=written)
    assert cost(given, cache_creation_input_tokens=1000) == 150 + more


@pytest.mark.parametrize("wrong", [None, "5", -5, [], True, 1.5])
def test_a_figure_that_is_none_is_nothing(wrong: Any) -> None:
    assert cost(cache_read_input_tokens=wrong, server_tool_use=wrong, cache_creation=wrong) == 150


def test_what_the_api_did_not_take_is_free() -> None:
    assert due(Meter()) == Charge(0, Tokens(), "free")


def test_without_any_usage_it_is_the_prompt_or_the_bound() -> None:
    cut, told = Meter(), answered(None)
    cut.charged = cut.stream = True
    assert due(cut).cost == 777
    assert due(cut, replace(CALL, stream=False)).cost == 99_999
    assert due(cut, LOOPING).cost == 99_999
    assert due(told).cost == 99_999


def test_a_stream_cut_among_the_rounds_of_a_tool_may_have_cost_the_bound() -> None:
    """Its first event knows nothing of the rounds to come."""
    started = answered({"input_tokens": 1000, "output_tokens": 1}, final=False)
    assert due(started, LOOPING).cost == 99_999
    assert due(started, CALL).cost == 101
    assert cost(LOOPING) == 150


def test_other_models_are_charged_on_top_at_their_own_prices() -> None:
    """So is a summary of the history, which names no model."""
    tokens = {"input_tokens": 1000, "output_tokens": 10}
    more = [{"type": "advisor_message", "model": SONNET} | tokens, {"type": "compaction"} | tokens]
    assert cost(iterations=[{"type": "message"} | tokens, *more]) == 150 + 2100 + 105


def test_a_model_without_a_price_may_have_cost_the_bound() -> None:
    other = {"type": "fallback_message", "model": "claude-unknown-9", "input_tokens": 1}
    assert cost(iterations=[other]) == 99_999


def test_rounds_have_the_price_of_their_own_length() -> None:
    """Three rounds of 60,000 tokens are no long prompt."""
    one = {"type": "message", "input_tokens": 60_000, "output_tokens": 10}
    assert cost(input_tokens=180_000, output_tokens=30, iterations=[one] * 3) == 3 * 6_005
    assert cost(input_tokens=180_000, output_tokens=30) == 90_075
    assert cost(input_tokens=180_000, output_tokens=30, iterations=[one]) == 90_075


def test_an_answer_that_stayed_in_one_region_costs_a_tenth_more() -> None:
    assert cost(inference_geo="us") == 165
    assert cost(inference_geo="global") == 150


def test_an_answer_in_one_piece_is_read_alike() -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100}
    assert due(answered(usage, stream=False), replace(CALL, stream=False)).cost == 150
