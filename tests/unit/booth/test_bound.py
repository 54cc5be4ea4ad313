"""What a request may cost, from its body alone."""

import json
from typing import Any

import pytest

from bridge.booth.bound import Malformed, bound
from bridge.errors import BudgetError

# Haiku 5.5 in micro-USD per million: output 500,000; the dearest input, a write for an hour,
# 200,000; five times as much where the prompt may exceed 100,000 tokens. A search is 10,000.
SEARCH = {"type": "web_search_20250305", "max_uses": 3}


def body(**more: Any) -> bytes:
    return json.dumps({"model": "claude-haiku-5-5", "max_tokens": 1000} | more).encode()


def test_every_byte_may_be_a_token_at_its_dearest_and_every_token_of_output_used() -> None:
    asked = body(system="x" * 5000)
    call = bound(asked)
    assert call.prompt == len(asked) * 2 // 10 + 1
    assert call.worst == call.prompt + 500
    assert (call.model, call.most, call.stream) == ("claude-haiku-5-5", 1000, False)


def test_a_long_prompt_is_bounded_at_the_price_of_long_prompts() -> None:
    assert bound(body(system="x" * 100_001)).worst > 100_001 * 1


def test_searches_are_in_the_bound() -> None:
    with_search = body(tools=[SEARCH, {"name": "Read"}])
    assert bound(with_search).worst - bound(with_search).prompt == 500 + 3 * 10_000


def test_streaming_is_read() -> None:
    assert bound(body(stream=True)).stream


@pytest.mark.parametrize(
    "wrong",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"max_tokens": 1}',
     body(model=5), b'{"model": "claude-haiku-5-5"}', body(max_tokens=0), body(max_tokens="9")],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_malformed(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        bound(wrong)


@pytest.mark.parametrize("model", ["claude-unknown-9", "gpt-5", ""])
def test_a_model_without_a_price_is_refused_by_name(model: str) -> None:
    with pytest.raises(BudgetError, match=f"the model {model} costs is not known"):
        bound(body(model=model))


def test_a_search_without_a_bound_is_refused() -> None:
    with pytest.raises(BudgetError, match="max_uses"):
        bound(body(tools=[SEARCH, {"type": "web_search_20260101"}]))


@pytest.mark.parametrize("tools", [None, 5, {}, ["x", None, {"type": 7}]])
def test_tools_that_make_no_sense_are_for_the_api_to_refuse(tools: Any) -> None:
    assert bound(body(tools=tools)).worst > 0
