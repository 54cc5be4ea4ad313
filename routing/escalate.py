"""Whether a running turn goes on with a larger model: upward only, on evidence, within its means.

The bridge says what the step would need at once, in micro-USD: the larger model reads the whole
history anew. How much money there is, is all that routing learns of it.
"""

from dataclasses import dataclass

from routing.model import Evidence, Policy


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the turn stands. `steps` were taken up in it already; `pinned` by its user."""

    model: str
    steps: int = 0
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """`model` takes over, or none does; and why."""

    model: str | None
    why: str


def next_step(evidence: Evidence, standing: Standing, policy: Policy) -> Step:
    """Before money is asked about."""
    if evidence not in policy.evidence:
        return Step(None, f'"{evidence}" is not among routing.escalate.on')
    if standing.pinned:
        return Step(None, "the user has pinned this model with /model")
    if standing.steps >= policy.max_steps:
        return Step(None, f"a turn may step up {_times(policy.max_steps)}")
    larger = policy.larger(standing.model)
    if larger is None:
        return Step(None, "there is no larger model on the ladder")
    return Step(larger.name, WHY[evidence])


def affordable(step: Step, need: int, headroom: int) -> Step:
    """The same step, when the budget holds what it needs. Micro-USD."""
    if step.model is None or need <= headroom:
        return step
    lack = f"{step.model} might need {_usd(need)} at once, and {_usd(headroom)} is left"
    return Step(None, lack)


WHY = {
    Evidence.ASKED: "the model asked for help",
    Evidence.ERROR: "its tools failed one after the other",
    Evidence.STALLED: "it did the same thing three times",
    Evidence.TESTS_FAILED: "the tests failed twice",
}


def _times(number: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _usd(micro: int) -> str:
    return f"${micro / 1_000_000:.2f}"
