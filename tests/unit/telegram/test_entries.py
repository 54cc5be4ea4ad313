"""What a turn did, as entries of a log."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import AgentEvent, Retrying, Text, Thinking, ToolResult, ToolUse
from bridge.progress import Progress, fold
from bridge.telegram.entries import Key, Page, filled, happened, noted, quotable
from bridge.telegram.render import render
from bridge.telegram.rich import Rich
from tests.fakes import START
from tests.unit.telegram.tdlib import TYPES, execute

BASH = ToolUse("t1", "Bash", {"command": "ls -la README.md"})
READ = ToolUse("t2", "Read", {"file_path": "a.txt"})


def seen(events: Iterable[AgentEvent]) -> tuple[tuple[Key, ...], Progress]:
    """As the chat sees a turn: one snapshot after each event."""
    order: tuple[Key, ...] = ()
    progress = Progress(START)
    for event in events:
        progress = fold(progress, event)
        order = noted(order, progress)
    return order, progress


def log(*events: AgentEvent, over: bool = False) -> list[str]:
    order, progress = seen(events)
    return [each.text.text for each in happened(order, progress, over=over)]


def test_texts_thoughts_and_tools_come_in_their_order() -> None:
    told = log(
        Thinking("m1", 0, "Hm."),
        Text("m1", 1, "Let me look."),
        BASH,
        ToolResult("t1", ok=True, text=""),
        Thinking("m2", 0, "So."),
        READ,
        ToolResult("t2", ok=False, text=""),
        Text("m3", 0, "Here is the answer."),
    )
    assert told == [
        "💭 Thinking\n\nHm.",
        "Let me look.",
        "✓ Bash\nls -la README.md",
        "💭 Thinking\n\nSo.",
        "✗ Read\na.txt",
    ]


def test_a_text_is_told_when_a_tool_follows_since_else_it_is_the_answer() -> None:
    assert log(Text("m1", 0, "Perhaps the answer.")) == []
    assert log(Text("m1", 0, "Perhaps the answer."), over=True) == []
    assert log(Text("m1", 0, "Not the answer."), BASH)[0] == "Not the answer."


def test_a_tool_is_told_when_it_has_ended_and_its_followers_after_it() -> None:
    both = (BASH, READ, ToolResult("t2", ok=True, text=""))
    assert log(*both) == []
    assert log(*both, ToolResult("t1", ok=True, text="")) == [
        "✓ Bash\nls -la README.md",
        "✓ Read\na.txt",
    ]
    assert log(*both, over=True)[0] == "▸ Bash\nls -la README.md"


def test_a_thought_is_told_when_anything_follows_or_the_turn_is_over() -> None:
    thought = Thinking("m1", 0, "Hm.")
    assert log(thought) == []
    assert log(thought, Text("m1", 1, "Yes")) == log(thought, over=True) == ["💭 Thinking\n\nHm."]


def test_words_that_go_on_in_the_middle_are_joined() -> None:
    told = log(Text("m1", 0, "in the mid"), Text("m2", 0, "dle", joined=True), BASH)
    assert told[0] == "in the middle"


def test_what_became_void_is_not_told() -> None:
    told = log(
        Text("m1", 0, "Half of i"),
        Retrying(1, 3, "why", "m1"),
        Text("m2", 0, "Half of it."),
        BASH,
    )
    assert told == ["Half of it."]


EVENTS = st.lists(
    st.one_of(
        st.builds(Text, st.sampled_from(["m1", "m2", "m3"]), st.integers(0, 2), st.just("word")),
        st.builds(Thinking, st.sampled_from(["m1", "m2"]), st.integers(0, 2), st.just("idea")),
        st.builds(ToolUse, st.sampled_from(["t1", "t2", "t3"]), st.just("Bash")),
        st.builds(ToolResult, st.sampled_from(["t1", "t2", "t3"]), st.booleans(), st.just("")),
    ),
    max_size=12,
    unique_by=lambda event: (type(event), repr(event)[:40]),
)


@given(EVENTS)
def test_what_was_told_stays_told_and_in_its_order(events: Sequence[AgentEvent]) -> None:
    before: list[Key] = []
    order: tuple[Key, ...] = ()
    progress = Progress(START)
    for event in events:
        progress = fold(progress, event)
        order = noted(order, progress)
        now = [each.key for each in happened(order, progress, over=False)]
        assert now[: len(before)] == before
        before = now
    assert [each.key for each in happened(order, progress, over=True)][: len(before)] == before


# Pages


def page(*quotes: Rich) -> Page:
    found, rest = filled(Page(), quotes)
    assert not rest
    return found


def test_each_entry_is_a_collapsed_quote_of_its_own() -> None:
    params = page(Rich("😀 one"), render("**two**")).params()
    assert params["text"] == "😀 one\ntwo"
    assert params["entities"] == [
        {"type": "expandable_blockquote", "offset": 0, "length": 6},
        {"type": "expandable_blockquote", "offset": 7, "length": 3},
        {"type": "bold", "offset": 7, "length": 3},
    ]


def test_a_page_takes_what_fits_and_keeps_the_order() -> None:
    quotes = [Rich(f"{number} {'x' * 900}") for number in range(10)]
    first, rest = filled(Page(), quotes)
    assert [quote.text[0] for quote in first.quotes] == list("0123")
    assert [quote.text[0] for quote in rest] == list("456789")
    assert filled(first, rest) == (first, rest), "it is full"


def test_a_page_has_no_more_than_a_hundred_entities() -> None:
    page_, rest = filled(Page(), [render("**a** `b` *c*")] * 40)
    assert len(page_.params()["entities"]) == 100
    assert len(rest) == 15


MARKDOWN = """\
> quoted **bold**

- `a`
- b

```python
print(1)
```

[link](https://example.com) 😀

"""
TABLE = "# Head\n\n| a | b |\n|---|---|\n| 1 | 2 |"


@pytest.mark.parametrize("text", [MARKDOWN, MARKDOWN * 60, TABLE])
def test_telegram_takes_every_page(text: str) -> None:
    waiting: Sequence[Rich] = quotable(render(text))
    assert " ".join(quote.text for quote in waiting).split() == render(text).text.split()
    while waiting:
        found, waiting = filled(Page(), waiting)
        assert found.quotes, "each fits on a page of its own"
        params = found.params()
        entities = [
            {"offset": e["offset"], "length": e["length"], "type": kind(e)}
            for e in params["entities"]
        ]
        whole = {"@type": "formattedText", "text": params["text"], "entities": entities}
        assert execute({"@type": "getMarkdownText", "text": whole})["@type"] == "formattedText"


def kind(entity: Mapping[str, Any]) -> dict[str, Any]:
    if entity["type"] == "expandable_blockquote":
        return {"@type": "textEntityTypeExpandableBlockQuote"}
    if "language" in entity:
        return {"@type": "textEntityTypePreCode", "language": entity["language"]}
    name = f"textEntityType{TYPES[entity['type']]}"
    return {"@type": name, "url": entity["url"]} if "url" in entity else {"@type": name}
