"""The words for a conversation whose record was lost."""

from bridge.agent.past import LONG, MOST, summary
from bridge.model import Exchange


def test_the_summary_has_the_last_exchanges_in_order() -> None:
    said = [Exchange(f"question {n}.", f"answer {n}.") for n in range(MOST + 2)]
    text = summary(said)
    assert "question 1." not in text
    places = [text.index(f"{what} {n}.") for n in (2, MOST + 1) for what in ("question", "answer")]
    assert places == sorted(places)


def test_long_ones_are_shortened() -> None:
    assert len(summary([Exchange("q" * LONG * 3, "a" * LONG * 3)])) < 3 * LONG


def test_where_nothing_was_said_there_is_no_summary() -> None:
    assert summary([]) == ""
