"""What other settings would have done with the turns that were."""

from datetime import UTC, datetime

from routing.expect import Off, off
from routing.match import matcher
from routing.model import Policy, Request, Rule, Tier
from routing.replay import Part, Record, replay

TIERS = {"haiku": Tier("haiku", "h", 0), "opus": Tier("opus", "o", 1)}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def record(key: int, text: str, model: str, cost: int) -> Record:
    return Record(key, Request(text, user=111, role="owner", now=NOW), model, None, cost)


def dear(record: Record, model: str) -> int:
    return record.cost * {"haiku": 1, "opus": 40}[model]


RECORDS = [
    record(1, "hi", "haiku", 100),
    record(2, "thanks", "haiku", 200),
    record(3, "refactor it", "haiku", 300),
]


def test_the_same_policy_changes_nothing() -> None:
    again = replay(RECORDS, Policy("haiku", TIERS), estimate=dear)
    assert again.changes == []
    assert again.before == again.after == {"haiku": Part(3, 600)}


def test_another_policy_says_which_turns_change_and_what_they_would_cost() -> None:
    rule = Rule("big", 10, matcher({"words_any": ["refactor"]}), "opus")
    again = replay(RECORDS, Policy("haiku", TIERS, (rule,)), estimate=dear)
    assert [(c.record.key, c.model, c.rule, c.cost) for c in again.changes] == [
        (3, "opus", "big", 12_000)
    ]
    assert again.after == {"haiku": Part(2, 300), "opus": Part(1, 12_000)}


def test_a_share_is_off_by_more_than_the_tolerance() -> None:
    turns = {"haiku": 14, "opus": 6}
    assert off(turns, {"haiku": 0.8}, 0.1) == []
    assert off(turns, {"haiku": 0.8}, 0.05) == [Off("haiku", 0.7, 0.8)]
    assert off(turns, {"sonnet": 0.2}, 0.1) == [Off("sonnet", 0.0, 0.2)]


def test_a_handful_of_turns_says_nothing_about_shares() -> None:
    assert off({"opus": 19}, {"haiku": 0.8}, 0.1) == []
