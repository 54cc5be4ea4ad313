"""Which model answers: pins, rules, the default, and staying with a warm model."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from routing.choose import choose
from routing.match import matcher
from routing.model import Choice, Policy, Request, Rule, Tier

TIERS = {
    "haiku": Tier("haiku", "claude-haiku-5-5", 0),
    "sonnet": Tier("sonnet", "claude-sonnet-5-5", 1),
    "opus": Tier("opus", "claude-opus-5-5", 2),
    "other": Tier("other", "claude-fable-5-2"),  # not on the ladder
}
RULES = (
    Rule("plan", 10, matcher({"starts_with": "/plan"}), "opus"),
    Rule("big", 20, matcher({"words_any": ["refactor"]}), "sonnet"),
    Rule("small", 30, matcher({"words_any": ["thanks"]}), "haiku"),
    Rule("odd", 40, matcher({"words_any": ["fable"]}), "other"),
)
POLICY = Policy("haiku", TIERS, RULES)


def request(
    text: str, *, pin: str | None = None, last: str | None = None, warm: bool = False
) -> Request:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    return Request(text, user=111, role="member", now=now, pin=pin, last_model=last, warm=warm)


def test_without_a_rule_the_default_answers() -> None:
    assert choose(request("hi"), POLICY) == Choice("haiku", None, "no rule matched")


def test_a_rule_says_what_matched() -> None:
    choice = choose(request("please refactor this"), POLICY)
    assert choice == Choice("sonnet", "big", 'it has the word "refactor"')


def test_the_first_of_several_rules_decides() -> None:
    assert choose(request("/plan refactor this"), POLICY).rule == "plan"


def test_a_pin_wins_over_every_rule_and_over_a_warm_model() -> None:
    choice = choose(request("/plan it", pin="haiku", last="opus", warm=True), POLICY)
    assert choice == Choice("haiku", None, "pinned with /model")


def test_a_pin_that_the_settings_no_longer_know_is_ignored_and_named() -> None:
    choice = choose(request("please refactor this", pin="gone"), POLICY)
    assert (choice.model, choice.rule) == ("sonnet", "big")
    assert '"gone" is no longer in the settings' in choice.why
    assert 'the word "refactor"' in choice.why


@pytest.mark.parametrize(
    ("text", "last", "warm", "model", "rule"),
    [
        ("hi", "sonnet", True, "sonnet", None),  # the default would be a step down
        ("thanks", "opus", True, "opus", None),  # so would be this rule
        ("hi", "sonnet", False, "haiku", None),  # cold: nothing is lost
        ("thanks", "opus", False, "haiku", "small"),
        ("refactor", "haiku", True, "sonnet", "big"),  # a step up
        ("refactor", "sonnet", True, "sonnet", "big"),  # no step
        ("hi", None, True, "haiku", None),
        ("hi", "gone", True, "haiku", None),
        ("hi", "other", True, "haiku", None),  # off the ladder: never kept
        ("fable", "opus", True, "other", "odd"),  # off the ladder: not a step down
    ],
)
def test_a_warm_session_never_steps_down(
    text: str,
    last: str | None,
    warm: bool,  # noqa: FBT001
    model: str,
    rule: str | None,
) -> None:
    choice = choose(request(text, last=last, warm=warm), POLICY)
    assert (choice.model, choice.rule) == (model, rule)


def test_staying_says_what_the_rule_would_have_chosen() -> None:
    choice = choose(request("thanks", last="opus", warm=True), POLICY)
    assert choice.why == (
        'kept while its cache is warm; rule "small" would have chosen haiku '
        '(it has the word "thanks")'
    )


def test_a_policy_that_is_not_sticky_steps_down_at_once() -> None:
    policy = Policy("haiku", TIERS, RULES, sticky=False)
    assert choose(request("thanks", last="opus", warm=True), policy).model == "haiku"


def test_a_rule_that_observes_decides_nothing_and_is_recorded() -> None:
    watch = Rule("long", 5, matcher({"chars_over": 3}), "opus", observe=True)
    policy = Policy("haiku", TIERS, (watch, *RULES))
    choice = choose(request("please refactor this"), policy)
    assert (choice.model, choice.rule) == ("sonnet", "big")
    assert [(seen.rule, seen.model) for seen in choice.seen] == [("long", "opus")]
    assert choose(request("hi"), policy).seen == ()


def test_a_rule_may_set_the_effort_and_the_user_s_own_wins() -> None:
    rule = Rule("hard", 5, matcher({"words_any": ["prove"]}), "opus", effort="high")
    policy = Policy("haiku", TIERS, (rule,))
    assert choose(request("prove it"), policy).effort == "high"
    assert choose(replace(request("prove it"), effort="low"), policy).effort == "low"
    assert choose(request("hi"), policy).effort == ""


def test_staying_with_a_warm_model_says_what_the_step_down_would_have_cost() -> None:
    tiers = TIERS | {"haiku": Tier("haiku", "claude-haiku-5-5", 0, reading=125_000)}
    warm = replace(request("hi", last="opus", warm=True), context_tokens=42_000)
    why = choose(warm, Policy("haiku", tiers)).why
    assert "haiku would read 42,000 tokens of history anew for $0.0053" in why


def test_an_answer_that_was_not_good_enough_is_asked_of_the_next_model() -> None:
    choice = choose(replace(request("hi"), judged="haiku"), POLICY)
    assert (choice.model, choice.why) == ("sonnet", "the answer of haiku was not good enough")


def test_a_rule_that_asks_for_a_still_larger_model_wins_over_the_judgement() -> None:
    assert choose(replace(request("/plan it"), judged="haiku"), POLICY).rule == "plan"


def test_only_the_smallest_model_answers_while_that_is_all_that_is_allowed() -> None:
    choice = choose(replace(request("/plan it", pin="opus"), small=True), POLICY)
    assert choice.model == "haiku"
    assert "only the smallest model" in choice.why
