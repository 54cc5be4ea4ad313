"""When a turn must end. Minutes in, seconds out."""

import pytest

from bridge.watchdog import SILENT, TOO_LONG, Watchdog


def dog(waiting_since: float | None) -> Watchdog:
    return Watchdog(silence=5, longest=30, began=100.0, waiting_since=waiting_since)


@pytest.mark.parametrize(
    ("waiting_since", "now", "objection"),
    [
        (100.0, 399.0, ""),
        (100.0, 400.0, SILENT.format(5.0)),
        (300.0, 599.0, ""),
        (None, 1899.0, ""),
        (None, 1900.0, TOO_LONG.format(30.0)),
        (1899.0, 1900.0, TOO_LONG.format(30.0)),
    ],
)
def test_it_objects_to_silence_and_to_turns_without_end(
    waiting_since: float | None, now: float, objection: str
) -> None:
    assert dog(waiting_since).objection(now) == objection


@pytest.mark.parametrize("waiting_since", [100.0, 250.0, 1700.0, None])
@pytest.mark.parametrize("now", [260.0, 1750.0])
def test_it_need_not_look_before_its_patience_ends(waiting_since: float | None, now: float) -> None:
    watchdog = dog(waiting_since)
    patience = watchdog.patience(now)
    if patience > 0:
        assert not watchdog.objection(now + patience - 0.001)
    if waiting_since is not None:
        assert watchdog.objection(now + max(0.0, patience))


def test_the_sentences_say_the_figure() -> None:
    assert "5 min" in dog(100.0).objection(400.0)
    assert "30 min" in dog(None).objection(1900.0)
    assert "/timeout" in dog(None).objection(1900.0)
    assert "0.5 min" in Watchdog(0.5, 30, 0.0, 0.0).objection(30.0)
