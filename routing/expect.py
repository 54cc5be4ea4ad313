"""Whether the models' shares of the turns are what the owner expects."""

from collections.abc import Mapping
from dataclasses import dataclass

ENOUGH = 20  # turns; with fewer a share says nothing
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Off:
    """A share that is off by more than the tolerance. Parts of 1."""

    model: str
    share: float
    expected: float


def off(turns: Mapping[str, int], expected: Mapping[str, float], tolerance: float) -> list[Off]:
    total = sum(turns.values())
    if total < ENOUGH:
        return []
    shares = {model: turns.get(model, 0) / total for model in expected}
    return [
        Off(model, shares[model], share)
        for model, share in expected.items()
        if abs(shares[model] - share) > tolerance + ROUNDING
    ]
