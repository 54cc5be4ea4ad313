"""Recorded decisions, decided again under another policy: shares, costs, and what would change.

A request's cost under another model is what its tokens would have cost there: an estimate, since
another model would have said other things. Micro-USD.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from routing.choose import choose
from routing.model import Policy, Request


@dataclass(frozen=True, slots=True)
class Record:
    """A turn as it was. `key` names it; `rule` is None for the default, a pin or stickiness."""

    key: int
    request: Request
    model: str
    rule: str | None = None
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    record: Record
    model: str
    rule: str | None
    cost: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one model had of all turns."""

    turns: int = 0
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Replay:
    before: Mapping[str, Part]
    after: Mapping[str, Part]
    changes: Sequence[Change]


Estimate = Callable[[Record, str], int]  # what a turn would have cost with that model


def replay(records: Sequence[Record], policy: Policy, estimate: Estimate) -> Replay:
    """`estimate` is asked for the turns that change only."""
    again = [_again(record, policy, estimate) for record in records]
    changes = [change for change in again if change.model != change.record.model]
    return Replay(
        before=parts((record.model, record.cost) for record in records),
        after=parts((change.model, change.cost) for change in again),
        changes=changes,
    )


def _again(record: Record, policy: Policy, estimate: Estimate) -> Change:
    choice = choose(record.request, policy)
    same = choice.model == record.model
    cost = record.cost if same else estimate(record, choice.model)
    return Change(record, choice.model, choice.rule, cost)


def parts(turns: Iterable[tuple[str, int]]) -> dict[str, Part]:
    """By model, the most turns first."""
    counts: Counter[str] = Counter()
    costs: Counter[str] = Counter()
    for model, cost in turns:
        counts[model] += 1
        costs[model] += cost
    return {model: Part(count, costs[model]) for model, count in counts.most_common()}
