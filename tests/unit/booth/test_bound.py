"""What a request may cost, from its body alone."""

import json
from typing import Any

import pytest

from bridge.booth.asked import Malformed, read
from bridge.booth.server_tools import SEARCHED
from bridge.booth.size import CONTEXT, IMAGE, KNOWN_TOOL, TOOLS, at_most
from bridge.errors import BudgetError
from tests.unit.booth.bodies import SONNET, asked, body, call, said

# Haiku 5.5 in micro-USD per million: input 100,000, output 500,000, writes 125,000 (five minutes)
# and 200,000 (an hour); five times as much where the prompt may exceed 100,000 tokens.
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
PICTURE = {"type": "image", "source": {"type": "base64", "data": "A" * 90_000}}
MARK = {"type": "ephemeral"}


def test_every_byte_may_be_a_token_and_every_token_of_output_used() -> None:
    given = asked(system="x" * 5000)
    assert call(given).prompt == len(given.body) // 10 + 1
    assert call(given).worst == call(given).prompt + 500


@pytest.mark.parametrize(
    ("mark", "rate"),
    [(None, 100), (MARK, 125), (MARK | {"ttl": "5m"}, 125), (MARK | {"ttl": "1h"}, 200)],
)
def test_a_write_to_the_cache_is_paid_where_it_is_asked_for(
    mark: dict[str, str] | None, rate: int
) -> None:
    block = {"type": "text", "text": "x"} | ({"cache_control": mark} if mark else {})
    assert call(asked(system=[block]), 10_000).prompt == 10 * rate


def test_words_of_a_user_about_the_cache_are_words() -> None:
    quoted = json.dumps({"cache_control": {"ttl": "1h"}})
    assert asked(messages=said(quoted)).written == ""


def test_a_long_prompt_is_bounded_at_the_price_of_long_prompts() -> None:
    assert call(asked(), 100_000).prompt == 10_000
    assert call(asked(), 100_001).prompt == 50_001


def test_a_picture_is_bounded_by_the_largest_that_a_model_sees() -> None:
    result = {"type": "tool_result", "content": [PICTURE]}
    given = asked(messages=said([PICTURE], [result, {"type": "image", "source": {"type": "url"}}]))
    assert at_most(given) == len(given.body) - 2 * 90_000 + 3 * IMAGE


def test_what_only_looks_like_a_picture_is_bounded_by_its_bytes() -> None:
    """The input of a tool is text, whatever it says."""
    given = asked(messages=said([{"type": "tool_use", "id": "1", "name": "X", "input": PICTURE}]))
    assert at_most(given) == len(given.body)


@pytest.mark.parametrize("source", [{"type": "base64", "data": "A"}, {"type": "file"}])
def test_a_document_may_fill_all_that_a_model_reads(source: dict[str, str]) -> None:
    assert at_most(asked(messages=said([{"type": "document", "source": source}]))) == CONTEXT


def test_a_document_of_text_is_bounded_by_its_bytes() -> None:
    inner = {"type": "content", "content": [{"type": "text", "text": "x"}]}
    blocks = [{"type": "document", "source": s} for s in (inner, {"type": "text", "data": "x"})]
    given = asked(messages=said(blocks))
    assert at_most(given) == len(given.body)


def test_what_the_api_says_of_tools_is_in_the_bound() -> None:
    given = asked(tools=[{"name": "Read"}, {"type": "bash_20250124", "name": "bash"}])
    assert at_most(given) == len(given.body) + TOOLS + KNOWN_TOOL


def test_a_reference_to_a_tool_may_stand_for_the_longest_description() -> None:
    tools = [{"name": "A", "description": "x" * 5000, "defer_loading": True}, {"name": "B"}]
    names = [{"type": "tool_reference", "tool_name": "A"}] * 2
    given = asked(tools=tools, messages=said([{"type": "tool_result", "content": names}]))
    assert at_most(given) >= len(given.body) + 2 * 5000


def test_each_search_may_bring_text_that_is_paid_in_every_further_round() -> None:
    """Output so far is read again too, and each round is as long as it is."""
    prompts = [1000, *(1000 + 1000 + SEARCHED * number for number in (1, 2, 3))]
    assert call(asked(tools=[SEARCH]), 1000).worst == sum(prompts) // 10 + 500 + 3 * 10_000
    assert call(asked(tools=[SEARCH]), 1000).prompt == 100


def test_a_fetch_is_bounded_by_the_content_that_it_may_bring() -> None:
    fetch = {"type": "web_fetch_20250910", "max_uses": 1, "max_content_tokens": 5000}
    assert call(asked(tools=[fetch]), 1000).worst == (1000 + 2000 + 5000) // 10 + 500


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"tools": [SEARCH, {"type": "web_search_20260101"}]}, "web_search_20260101 without max"),
        ({"tools": [SEARCH | {"max_uses": 10**9}]}, "web_search"),
        ({"tools": [SEARCH | {"max_uses": True}]}, "web_search"),
        ({"tools": [{"type": "web_fetch_20250910", "max_uses": 3}]}, "web_fetch_20250910"),
        ({"tools": [{"type": "advisor_20260301", "name": "advisor"}]}, "advisor_20260301"),
        ({"tools": [{"type": "code_execution_20250825", "max_uses": 1}]}, "code_execution"),
        ({"mcp_servers": [{"url": "https://example.org"}]}, "mcp_servers"),
        ({"container": "abc"}, "container"),
        ({"speed": "fast"}, "fast mode"),
        ({"fallbacks": "default"}, "a fallback to another model"),
    ],
)
def test_what_has_no_bound_is_refused_by_its_name(more: dict[str, Any], name: str) -> None:
    with pytest.raises(BudgetError, match=f"What {name}.* has no bound"):
        call(asked(**more))


def test_a_fallback_is_paid_on_top_at_its_own_price() -> None:
    alone = call(asked(model=SONNET), 1000).worst
    both = call(asked(fallbacks=[{"model": SONNET}]), 1000).worst
    assert both == call(asked(), 1000).worst + alone


def test_a_history_that_the_api_shortens_may_be_read_and_written_twice() -> None:
    edits = {"edits": [{"type": "compact_20260112"}]}
    assert call(asked(context_management=edits), 1000).worst == 2 * call(asked(), 1000).worst


def test_to_stay_in_one_region_costs_a_tenth_more() -> None:
    assert call(asked(inference_geo="us"), 1000).worst == 660
    assert call(asked(inference_geo="global"), 1000).worst == 600


def test_streaming_is_read() -> None:
    assert call(asked(stream=True)).stream
    assert not call(asked()).stream


@pytest.mark.parametrize(
    "wrong",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"max_tokens": 1}', body(model=5),
     b'{"model": "claude-haiku-5-5"}', body(max_tokens=0), body(max_tokens="9"),
     body(max_tokens=True)],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_malformed(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        read(wrong)


@pytest.mark.parametrize("tools", [None, 5, {}, ["x", None]])
def test_tools_that_make_no_sense_are_for_the_api_to_refuse(tools: Any) -> None:
    assert call(asked(tools=tools)).worst > 0


def test_one_answer_to_one_prompt_is_told_from_more() -> None:
    assert call(asked(tools=[{"name": "Read"}])).alone
    assert not call(asked(tools=[SEARCH])).alone
