"""The conditions of a `when` table: what holds, what is said, what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.match import CONDITIONS, BadCondition, matcher
from routing.model import Match, Request

SATURDAY_NIGHT = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)


def request(text: str = "hi", **known: Any) -> Request:
    return Request(**{"text": text, "user": 111, "role": "member", "now": SATURDAY_NIGHT, **known})


@pytest.mark.parametrize(
    ("when", "asked", "holds"),
    [
        ({}, request(), True),
        ({"starts_with": "/plan"}, request("/plan the move"), True),
        ({"starts_with": ["/plan", "draft"]}, request("  Draft a letter"), True),
        ({"starts_with": "/plan"}, request("make a /plan"), False),
        ({"words_any": ["refactor"]}, request("please REFACTOR this"), True),
        ({"words_any": "refactor"}, request("refactor-it, please"), True),
        ({"words_any": ["refactor"]}, request("(refactor)"), True),
        ({"words_any": ["refactor"]}, request("refactored"), False),
        ({"words_any": ["refactor"]}, request("refactor_me"), False),
        ({"words_any": ["race condition"]}, request("a race\n  Condition"), True),
        ({"words_any": ["race condition"]}, request("a race without condition"), False),
        ({"words_any": ["Übung"]}, request("eine übung"), True),
        ({"words_any": ["bung"]}, request("eine übung"), False),
        ({"words_any": ["STRASSE"]}, request("die Straße"), True),
        ({"words_any": ["c++"]}, request("some C++ code"), True),
        ({"words_any": ["a.b"]}, request("axb"), False),
        ({"words_all": ["fix", "test"]}, request("fix the test"), True),
        ({"words_all": ["fix", "test"]}, request("fix the tests"), False),
        ({"regex": r"\b[A-Z]{2,}-\d+\b"}, request("see ABC-12"), True),
        ({"regex": ["(?i)deploy", "ship"]}, request("Deploy it"), True),
        ({"regex": "deploy"}, request("Deploy it"), False),
        ({"regex": "é.ü"}, request("é-ü"), True),
        ({"regex": "x"}, request("\ud800 x"), True),  # half an emoji must not stop a decision
        ({"chars_over": 3}, request("four"), True),
        ({"chars_over": 4}, request("four"), False),
        ({"chars_under": 5}, request("four"), True),
        ({"chars_under": 4}, request("four"), False),
        ({"has_code": True}, request("look:\n```\nx = 1\n```"), True),
        ({"has_code": True}, request("call `main()` first"), True),
        ({"has_code": True}, request("def f(x):\n    return g(x)"), True),
        ({"has_code": True}, request("int x = 1;\nint y = 2;"), True),
        ({"has_code": True}, request("Traceback (most recent call last):\nboom"), True),
        ({"has_code": True}, request("What is for dinner?\nI like soup; really."), False),
        ({"has_code": False}, request("What is for dinner?"), True),
        ({"has_image": True}, request(image=True), True),
        ({"has_image": True}, request(), False),
        ({"has_image": False}, request(), True),
        ({"has_file": True}, request(file=True), True),
        ({"role": ["owner", "member"]}, request(), True),
        ({"role": "owner"}, request(), False),
        ({"user": 111}, request(), True),
        ({"user": ["111", 222]}, request(), True),
        ({"user": [222]}, request(), False),
        ({"session": "Main"}, request(), True),
        ({"session": ["work"]}, request(), False),
        ({"group": True}, request(group=True), True),
        ({"group": False}, request(group=True), False),
        ({"hour_between": [22, 6]}, request(), True),
        ({"hour_between": [6, 22]}, request(), False),
        ({"hour_between": [23, 24]}, request(), True),
        ({"hour_between": [20, 23]}, request(), False),  # the last hour is not in it
        ({"weekday": ["sat", "sun"]}, request(), True),
        ({"weekday": "Saturday"}, request(), True),
        ({"weekday": ["mon"]}, request(), False),
        ({"budget_left_below": 0.10}, request(headroom=99_999), True),
        ({"budget_left_below": 0.10}, request(headroom=100_000), False),
        ({"budget_left_below": 0.10}, request(headroom=None), False),  # unknown is not little
        ({"context_over": 50_000}, request(context_tokens=50_001), True),
        ({"context_over": 50_000}, request(context_tokens=50_000), False),
        ({"expr": "chars > 3 and role == 'member'"}, request("four"), True),
        ({"expr": "'deploy' in lower(text) or len(text) > 9"}, request("DEPLOY"), True),
        ({"expr": "weekday in ['sat', 'sun'] and not group"}, request(), True),
        ({"expr": "22 <= hour < 24 and user in (111, 222)"}, request(), True),
        ({"expr": "budget_left < 0.5"}, request(headroom=499_999), True),
        ({"expr": "budget_left < 0.5"}, request(headroom=None), False),
        ({"expr": "has_code or has_image or has_file"}, request(), False),
        ({"expr": "words == 2 and session != 'main'"}, request("two words"), False),
        ({"expr": "context_tokens >= 5"}, request(context_tokens=5), True),
        # Inside one table, all must hold.
        ({"words_any": "fix", "chars_over": 5}, request("fix it"), True),
        ({"words_any": "fix", "chars_over": 6}, request("fix it"), False),
    ],
)
def test_when(when: dict[str, object], asked: Request, holds: bool) -> None:  # noqa: FBT001
    assert matcher(when)(asked).ok is holds


@pytest.mark.parametrize(
    ("when", "asked", "why"),
    [
        (
            {"words_any": ["refactor"], "chars_over": 8},
            request("refactor it"),
            'it has the word "refactor" and 11 characters, more than 8',
        ),
        ({"words_any": "race condition"}, request("race condition"), "the phrase"),
        ({"words_all": ["fix", "test"]}, request("fix test"), '"fix", the word "test"'),
        ({"starts_with": "/plan"}, request("/plan"), 'it starts with "/plan"'),
        ({"regex": "[0-9]+"}, request("7"), 'it matches "[0-9]+"'),
        ({"has_code": False}, request(), "it has no code"),
        ({"has_image": True}, request(image=True), "it has an image"),
        ({"group": False}, request(), "it is in a private chat"),
        ({"role": "member"}, request(), "the role is member"),
        ({"hour_between": [22, 6]}, request(), "23:30 is between 22:00 and 6:00"),
        ({"weekday": "sat"}, request(), "it is sat"),
        ({"budget_left_below": 0.1}, request(headroom=0), "less than $0.1 of the budget is left"),
        ({"expr": "chars == 2"}, request(), "chars == 2 holds"),
        ({}, request(), "it has no conditions"),
    ],
)
def test_a_match_says_why(when: dict[str, object], asked: Request, why: str) -> None:
    assert why in matcher(when)(asked).why


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ({"word_any": ["x"]}, "unknown condition; allowed: starts_with, words_any"),
        ({"words_any": []}, "is empty"),
        ({"words_any": ["x", ""]}, "none of them empty"),
        ({"words_all": 5}, "must be a text"),
        ({"starts_with": {"a": 1}}, "must be a text"),
        ({"chars_over": "800"}, "whole number"),
        ({"chars_over": True}, "whole number"),
        ({"chars_under": -1}, "whole number"),
        ({"context_over": 1.5}, "whole number"),
        ({"has_code": "yes"}, "true or false"),
        ({"group": 1}, "true or false"),
        ({"role": "boss"}, "allowed: owner, member, guest"),
        ({"user": "ada"}, "Telegram user id"),
        ({"user": True}, "Telegram user id"),
        ({"hour_between": [22]}, "two whole hours"),
        ({"hour_between": [22, 25]}, "two whole hours"),
        ({"hour_between": "22-6"}, "two whole hours"),
        ({"hour_between": [6, 6]}, "no time at all"),
        ({"weekday": "caturday"}, "allowed: mon, tue"),
        ({"budget_left_below": 0}, "above 0"),
        ({"budget_left_below": float("nan")}, "above 0"),
        ({"budget_left_below": float("inf")}, "above 0"),
        ({"budget_left_below": True}, "above 0"),
        ({"regex": "("}, "does not compile"),
        ({"regex": "(?=x)"}, "does not compile"),
        ({"regex": "x" * 501}, "longer than"),
        ({"expr": ""}, "in quotes"),
        ({"expr": "chars >"}, "cannot be read"),
        ({"expr": "chars; 1"}, "cannot be read"),
        ({"expr": "a" * 501}, "longer than"),
    ],
)
def test_a_condition_that_cannot_be_used_is_refused(when: dict[str, object], problem: str) -> None:
    with pytest.raises(BadCondition) as refused:
        matcher(when)
    assert refused.value.key in when
    assert problem in refused.value.problem


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a*)*", "(a|aa)+$", "(?:x+y)*", "((a+))+", "(a{1,9})*", "([^b]+)+b", "(a+){2,}"],
)
def test_a_pattern_that_could_blow_up_is_refused(pattern: str) -> None:
    with pytest.raises(BadCondition, match="could blow up"):
        matcher({"regex": pattern})


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"(\d+\.){3}\d+", "10.0.0.1"),
        (r"^(feat|fix): .+", "fix: it"),
        (r"(foo)+bar", "foofoobar"),
        (r"(a+)?b", "aab"),
        (r"[(a+)+]", ")"),
        (r"[]a+]+", "]"),
        (r"\(a+\)+", "(a))"),
        (r"\Q(a+)+\E", "(a+)+"),
    ],
)
def test_a_harmless_pattern_is_taken(pattern: str, text: str) -> None:
    assert matcher({"regex": pattern})(request(text)).ok


@pytest.mark.parametrize(
    "source",
    [
        "2 ** 9999",
        "'a' * 99999 == text",
        "chars + 1 > 2",
        "text.upper() == 'A'",
        "().__class__",
        "[c for c in text]",
        "list(text) == []",
        "rand() > 1",
        "text[0] == 'a'",
        "f'{text}' == ''",
        "(lambda: 1)()",
        "len(obj=text) > 1",
        "lower == 1",
        "chars > 'a'",
        "group and chars > 'a'",  # also where `and` would pass over it
        "lower(5) == 'a'",
        "unknown > 1",
        "group and unknown > 1",
        "(" * 240 + "1" + ")" * 240,
    ],
)
def test_an_expression_has_only_names_comparisons_and_logic(source: str) -> None:
    with pytest.raises(BadCondition):
        matcher({"expr": source})


def test_an_expression_that_fails_on_a_message_does_not_hold_and_says_so() -> None:
    """What type `or` gives is not known before."""
    found = matcher({"expr": "len(chars > 4 or text) > 1"})
    assert not found(request("short")).ok
    assert "failed" in found(request("short")).why


def test_every_condition_of_the_interface_is_there() -> None:
    assert set(CONDITIONS) == {
        "starts_with", "words_any", "words_all", "regex", "chars_over", "chars_under", "has_code",
        "has_image", "has_file", "role", "user", "session", "group", "hour_between", "weekday",
        "budget_left_below", "context_over", "expr",
    }  # fmt: skip


EVERYTHING = matcher(
    {"chars_over": 0, "words_any": ["a"], "regex": "a", "has_code": False, "expr": "'a' in text"}
)


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_stops_a_decision(text: str) -> None:
    assert isinstance(EVERYTHING(request(text)), Match)
