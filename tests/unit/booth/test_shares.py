"""How much of a subscription is used, read from the headers of answers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bridge.booth.shares import Shares, read
from bridge.errors import StoreError
from budgets.shares import FIVE_HOURS, SEVEN_DAYS, Share

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SOON, LATER = NOW + timedelta(hours=2), NOW + timedelta(days=3)
UNIFIED = b"anthropic-ratelimit-unified-"


def headers(short: bytes, used: bytes, reset: bytes | None) -> list[tuple[bytes, bytes]]:
    told = [(UNIFIED + short + b"-utilization", used), (b"content-type", b"x")]
    return [*told, (UNIFIED + short + b"-reset", reset)] if reset else told


def epoch(at: datetime) -> bytes:
    return str(int(at.timestamp())).encode()


class Kept:
    """`ShareStore` in memory; `broken`: as on a full disk."""

    def __init__(self, *shares: Share) -> None:
        self.shares = {share.name: share for share in shares}
        self.broken = False
        self.writes = 0

    async def load(self) -> Sequence[Share]:
        return tuple(self.shares.values())

    async def save(self, shares: Sequence[Share], at: datetime) -> None:
        if self.broken:
            raise StoreError("The disk is full.")
        self.writes += 1
        self.shares |= {share.name: share for share in shares}


@pytest.mark.parametrize("reset", [epoch(SOON), SOON.isoformat().encode(), b"2026-11-22T14:00:00Z"])
def test_a_window_is_read_with_its_reset(reset: bytes) -> None:
    assert read(headers(b"5h", b"0.42", reset), NOW) == [Share(FIVE_HOURS, 0.42, SOON)]


def test_both_windows_are_read_whatever_the_case_of_the_names() -> None:
    told = [*headers(b"5h", b"0.42", epoch(SOON)), *headers(b"7d", b"1.07", epoch(LATER))]
    upper = [(name.upper(), value) for name, value in told]
    assert read(upper, NOW) == [Share(FIVE_HOURS, 0.42, SOON), Share(SEVEN_DAYS, 1.07, LATER)]


@pytest.mark.parametrize("reset", [None, b"", b"soon", b"1e99", b"nan"])
def test_without_a_reset_the_window_is_as_long_as_it_can_be(reset: bytes | None) -> None:
    assert read(headers(b"5h", b"0.5", reset), NOW)[0].resets_at == NOW + timedelta(hours=5)


@pytest.mark.parametrize("used", [b"", b"much", b"nan", b"inf", b"-1"])
def test_what_cannot_be_understood_is_not_there(used: bytes) -> None:
    assert read(headers(b"5h", used, epoch(SOON)), NOW) == []


def test_an_answer_to_a_key_tells_nothing() -> None:
    assert read([(b"anthropic-ratelimit-requests-limit", b"50")], NOW) == []


def seen(used: float, name: bytes = b"5h", reset: datetime = SOON) -> Shares:
    shares = Shares()
    shares.note(headers(name, str(used).encode(), epoch(reset)), NOW)
    return shares


def test_below_the_part_something_may_be_used() -> None:
    assert not seen(0.79).refusal({FIVE_HOURS: 0.8}, NOW, "UTC")
    assert not seen(0.79).refusal({SEVEN_DAYS: 0.1}, NOW, "UTC")
    assert not Shares().refusal({FIVE_HOURS: 0.1}, NOW, "UTC")


def test_at_the_part_it_is_refused_until_the_reset() -> None:
    shares = seen(0.8)
    why = shares.refusal({FIVE_HOURS: 0.8}, NOW, "Europe/Copenhagen")
    assert why.startswith("80% of what the Claude subscription allows in five hours is used;")
    assert "It resets at 15:00." in why
    assert not shares.refusal({FIVE_HOURS: 0.8}, SOON, "UTC")


def test_of_two_the_user_is_told_of_the_one_to_wait_for_longest() -> None:
    shares = seen(0.9)
    shares.note(headers(b"7d", b"0.5", epoch(LATER)), NOW)
    why = shares.refusal({FIVE_HOURS: 0.8, SEVEN_DAYS: 0.5}, NOW, "UTC")
    assert "in seven days" in why
    assert "It resets on 25 November at 12:00." in why


async def test_what_was_seen_survives_a_restart_and_is_written_once() -> None:
    store = Kept()
    shares = Shares(store)
    for _ in range(2):
        shares.note(headers(b"5h", b"0.9", epoch(SOON)), NOW)
        await shares.save(NOW)
    assert store.writes == 1
    again = Shares(store)
    await again.load()
    assert again.refusal({FIVE_HOURS: 0.8}, NOW, "UTC")
    assert again.last == shares.last


async def test_what_could_not_be_written_is_written_the_next_time() -> None:
    store = Kept()
    shares = Shares(store)
    shares.note(headers(b"5h", b"0.9", epoch(SOON)), NOW)
    store.broken = True
    await shares.save(NOW)
    store.broken = False
    await shares.save(NOW)
    assert store.shares == {FIVE_HOURS: Share(FIVE_HOURS, 0.9, SOON)}
