"""Stepping up within a turn: upward only, on declared evidence, within its means."""

import pytest

from routing.escalate import Standing, Step, affordable, next_step
from routing.model import Evidence, Policy, Tier

TIERS = {
    "haiku": Tier("haiku", "claude-haiku-5-5", 0),
    "sonnet": Tier("sonnet", "claude-sonnet-5-5", 1),
    "opus": Tier("opus", "claude-opus-5-5", 2),
    "other": Tier("other", "claude-fable-5-2"),
}
POLICY = Policy(
    "haiku", TIERS, evidence=frozenset({Evidence.ASKED, Evidence.TESTS_FAILED}), max_steps=2
)


def test_the_next_model_up_takes_over() -> None:
    step = next_step(Evidence.ASKED, Standing("haiku"), POLICY)
    assert step == Step("sonnet", "the model asked for help")


def test_from_the_middle_of_the_ladder_it_goes_up_too() -> None:
    assert next_step(Evidence.TESTS_FAILED, Standing("sonnet", steps=1), POLICY).model == "opus"


@pytest.mark.parametrize(
    ("evidence", "standing", "why"),
    [
        (Evidence.STALLED, Standing("haiku"), '"stalled" is not among routing.escalate.on'),
        (Evidence.ASKED, Standing("haiku", pinned=True), "the user has pinned this model"),
        (Evidence.ASKED, Standing("haiku", steps=2), "a turn may step up twice"),
        (Evidence.ASKED, Standing("opus"), "there is no larger model on the ladder"),
        (Evidence.ASKED, Standing("other"), "there is no larger model on the ladder"),
        (Evidence.ASKED, Standing("gone"), "there is no larger model on the ladder"),
    ],
)
def test_no_step_says_why(evidence: Evidence, standing: Standing, why: str) -> None:
    step = next_step(evidence, standing, POLICY)
    assert step.model is None
    assert why in step.why


def test_a_step_that_the_budget_does_not_hold_is_not_taken() -> None:
    step = Step("sonnet", "the model asked for help")
    assert affordable(step, need=500_000, headroom=500_000) == step
    refused = affordable(step, need=500_001, headroom=420_000)
    assert refused.model is None
    assert refused.why == "sonnet might need $0.50 at once, and $0.42 is left"
