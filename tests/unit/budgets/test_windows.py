"""The periods that money is counted in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budgets import windows
from budgets.model import Limit, Scope, Window

ZONES = (
    "UTC",
    "Europe/Copenhagen",
    "America/New_York",
    "America/Havana",  # clocks go back from 1:00 to midnight
    "America/Sao_Paulo",  # midnight did not exist once a year
    "America/St_Johns",  # clocks went back across midnight until 2011
    "Africa/Cairo",
    "Asia/Kathmandu",  # +5:45
    "Australia/Lord_Howe",  # half an hour of summer time
    "Pacific/Apia",  # skipped 2011-12-30
    "Pacific/Kiritimati",
)
TICK = timedelta(microseconds=1)
Period = Callable[[datetime, str], Window]

moments = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001
    datetime(2036, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def near_changes(zone: str) -> st.SearchStrategy[datetime]:
    """Moments within a day of a midnight in March, April, October, November or December."""
    return st.builds(
        lambda year, month, day, minutes: (
            datetime(year, month, day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
            + timedelta(minutes=minutes)
        ),
        st.integers(2005, 2026),
        st.sampled_from((3, 4, 10, 11, 12)),
        st.integers(1, 30),
        st.integers(-120, 120),
    )


places = st.sampled_from(ZONES).flatmap(
    lambda zone: st.tuples(st.just(zone), st.one_of(moments, near_changes(zone)))
)


@pytest.mark.parametrize("period", [windows.day, windows.month, windows.everyone_month])
@given(place=places)
def test_the_periods_tile_the_time_line_without_gap_or_overlap(
    period: Period, place: tuple[str, datetime]
) -> None:
    zone, now = place
    window = period(now, zone)
    assert window.start <= now < window.end
    assert period(window.start, zone) == window
    assert period(window.end - TICK, zone) == window
    assert period(window.end, zone).start == window.end
    assert period(window.start - TICK, zone).end == window.start


@given(place=places)
def test_a_day_lies_within_one_month(place: tuple[str, datetime]) -> None:
    zone, now = place
    day, month = windows.day(now, zone), windows.month(now, zone)
    assert month.start <= day.start < day.end <= month.end


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("Europe/Copenhagen", datetime(2026, 3, 29, 10, tzinfo=UTC), 23),
        ("Europe/Copenhagen", datetime(2026, 10, 25, 11, tzinfo=UTC), 25),
        ("Europe/Copenhagen", datetime(2026, 11, 22, 11, tzinfo=UTC), 24),
        ("America/Sao_Paulo", datetime(2018, 11, 4, 15, tzinfo=UTC), 23),
    ],
)
def test_a_day_has_the_hours_that_the_clock_gives_it(zone: str, noon: datetime, hours: int) -> None:
    window = windows.day(noon, zone)
    assert window.end - window.start == timedelta(hours=hours)


def test_a_day_begins_at_midnight_on_the_users_clock() -> None:
    window = windows.day(datetime(2026, 11, 21, 23, 30, tzinfo=UTC), "Europe/Copenhagen")
    assert window == Window(
        Scope.USER_DAY,
        datetime(2026, 11, 21, 23, tzinfo=UTC),
        datetime(2026, 11, 22, 23, tzinfo=UTC),
    )


def test_a_day_that_a_country_skipped_is_never_in_force() -> None:
    last = datetime(2011, 12, 30, 10, tzinfo=UTC) - TICK  # 23:59 of the 29th in Apia
    before, after = windows.day(last, "Pacific/Apia"), windows.day(last + TICK, "Pacific/Apia")
    assert before.end == after.start == last + TICK
    assert after.start.astimezone(ZoneInfo("Pacific/Apia")).day == 31


def test_a_month_reaches_over_the_turn_of_the_year() -> None:
    window = windows.month(datetime(2026, 12, 31, 12, tzinfo=UTC), "UTC")
    assert window.start == datetime(2026, 12, 1, tzinfo=UTC)
    assert window.end == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_sliding_hour_counts_what_is_held_at_this_very_moment() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    window = windows.hour(now)
    assert window.start == now - timedelta(hours=1)
    assert window.start <= now < window.end


def scopes(limits: tuple[Limit, ...]) -> dict[Scope, int | None]:
    return {limit.window.scope: limit.amount for limit in limits}


@pytest.mark.parametrize(
    ("day", "month", "expected"),
    [
        (1, 20, {Scope.USER_DAY: 1, Scope.USER_MONTH: 20}),
        (1, None, {Scope.USER_DAY: 1}),
        (None, 20, {Scope.USER_MONTH: 20}),
        (0, None, {Scope.USER_DAY: 0}),
        (None, None, {Scope.USER_DAY: None}),  # which denies
    ],
)
def test_a_declared_amount_bounds_and_none_at_all_denies(
    day: int | None, month: int | None, expected: dict[Scope, int | None]
) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    limits = windows.limits(
        now, "UTC", day=day, month=month, everyone_hour=None, everyone_month=None
    )
    assert scopes(limits) == expected


def test_everyones_amounts_bound_beside_the_users_own() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    limits = windows.limits(
        now, "Asia/Kathmandu", day=1, month=None, everyone_hour=3, everyone_month=100
    )
    assert scopes(limits) == {Scope.USER_DAY: 1, Scope.HOUR: 3, Scope.MONTH: 100}
    assert limits[0].window == windows.day(now, "Asia/Kathmandu")
    assert limits[2].window == windows.everyone_month(now, "UTC")


def test_everyones_amounts_alone_give_nobody_a_budget() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    limits = windows.limits(now, "UTC", day=None, month=None, everyone_hour=3, everyone_month=100)
    assert scopes(limits)[Scope.USER_DAY] is None
