"""What goes into a column comes out again, on every database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from bridge.store.columns import Json, Time, Words, escape, micros, unescape

DIALECT = sqlite.dialect()
ANY_CHARACTER = st.characters(codec=None, exclude_categories=())


@given(st.text(ANY_CHARACTER | st.sampled_from("\x00\x1b\ud83d0ad")))
def test_any_text_survives_and_is_storable(text: str) -> None:
    stored = escape(text)
    assert unescape(stored) == text
    assert "\x00" not in stored
    assert stored.encode().decode() == stored


@pytest.mark.parametrize("text", ["", "plain", "Grüße 😀", "back\\slash %s :x"])
def test_ordinary_text_is_stored_as_it_is(text: str) -> None:
    assert escape(text) == text


@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)),  # noqa: DTZ001
    st.integers(-14, 14),
)
def test_a_time_survives_to_the_microsecond_and_comes_back_in_utc(
    moment: datetime, offset: int
) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(hours=offset)))
    back = Time().process_result_value(Time().process_bind_param(aware, DIALECT), DIALECT)
    assert back == aware
    assert back.tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        micros(datetime(2026, 11, 22))  # noqa: DTZ001


@pytest.mark.parametrize("kind", [Time(), Words(), Json()])
def test_nothing_stays_nothing(kind: sa.TypeDecorator[object]) -> None:
    assert kind.process_result_value(None, DIALECT) is None
