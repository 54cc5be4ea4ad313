"""Usage read from the passing bytes, however they are cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.booth.meter import Meter
from budgets.model import Tokens

MOST = 1000
USAGE = {"input_tokens": 10, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 7,
         "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 3},
         "output_tokens": 1}  # fmt: skip


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind} | fields)}\n\n".encode()


START = event("message_start", message={"usage": USAGE})
TEXT = event("content_block_delta", delta={"type": "text_delta", "text": "Grüße"})  # 7 bytes
DELTA = event("message_delta", usage={"output_tokens": 42, "input_tokens": None})
THOUGHT = event("content_block_start", content_block={"type": "thinking", "thinking": ""})
STOP = event("content_block_stop")


def streamed(*parts: bytes) -> Meter:
    meter = Meter()
    meter.stream = True
    for part in parts:
        meter.feed(part)
    return meter


def output(*parts: bytes) -> int:
    used = streamed(START, *parts).tokens(MOST)
    assert used
    return used.output


@given(st.integers(min_value=1, max_value=50))
def test_the_cut_of_the_chunks_does_not_matter(size: int) -> None:
    body = START + TEXT + DELTA
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    assert streamed(*chunks).tokens(MOST) == Tokens(10, 42, 5, 4, 3)


def test_what_was_delivered_since_the_last_report_counts_a_token_for_each_byte() -> None:
    assert output() == 1
    assert output(TEXT) == 1 + 7
    assert output(TEXT, DELTA) == 42
    assert output(TEXT, DELTA, TEXT) == 42 + 7


def test_a_tool_call_counts_its_name_and_its_input() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {}}
    piece = {"type": "input_json_delta", "partial_json": '{"a'}
    started = event("content_block_start", content_block=use)
    assert output(started) == 1 + len("toolu_1Read{}")
    assert output(started, event("content_block_delta", delta=piece)) == 1 + 13 + 3


def test_an_open_thought_may_be_as_long_as_is_allowed() -> None:
    assert output(THOUGHT) == MOST
    signature = event(
        "content_block_delta", delta={"type": "signature_delta", "signature": "a" * 9}
    )
    assert output(THOUGHT, signature, STOP) == 1 + 9
    assert output(THOUGHT, STOP, DELTA) == 42


def test_the_bound_is_never_above_what_was_allowed() -> None:
    assert output(*[TEXT] * 500) == MOST


def test_half_a_character_is_no_reason_to_stop_counting() -> None:
    half = b'data: {"type": "content_block_delta", "delta": {"text": "\\ud83d"}}\n'
    assert output(half) == 1 + 3


@pytest.mark.parametrize("line", [b"data: {\n", b"data:\n", b"data: []\n", b": hi\n", b"\r\n"])
def test_what_is_no_event_is_passed_over(line: bytes) -> None:
    assert output(line, DELTA) == 42


def test_nothing_is_known_before_the_first_event() -> None:
    assert streamed(event("ping")).tokens(MOST) is None


def test_a_plain_answer_is_read_at_its_end() -> None:
    meter = Meter()
    meter.feed(b'{"usage": {"input_tokens": 3, ')
    meter.feed(b'"output_tokens": 4, "server_tool_use": {"web_search_requests": 2}}}')
    assert meter.tokens(MOST) is None
    meter.end()
    assert meter.tokens(MOST) == Tokens(input=3, output=4, web_searches=2)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"usage": null}', b'{"usage": 5}'])
def test_an_answer_without_usage_says_so(body: bytes) -> None:
    meter = Meter()
    meter.feed(body)
    meter.end()
    assert meter.tokens(MOST) is None
