"""The times of one turn, and of many."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from bench.scenario import Lap


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from the message, without the model's own time. `sign`: the bridge's only."""

    text: float
    final: float
    model: float
    sign: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """`cpu` in seconds, `memory` in MB: the process itself, and all of its Claude Codes."""

    cpu: float
    claude_cpu: float
    memory: float
    claude_memory: float


@dataclass(frozen=True, slots=True)
class Run:
    """`first`: the first turn of each session. `used` by the turns after these; CPU for one."""

    first: Sequence[Timing]
    warm: Sequence[Timing]
    used: Usage


def timed(start: float, text: float, final: float, laps: Sequence[Lap], sign: float = 0) -> Timing:
    """From moments of the wall clock to seconds of our own."""
    thinking = laps[0].spoke - laps[0].asked
    whole = sum(lap.ended - lap.asked for lap in laps)
    # A first text that comes with the end of the answer waited for all of it.
    model = thinking if text < laps[-1].ended else whole
    own = sign - start if sign else 0.0
    return Timing(text - start - model, final - start - whole, whole, own)


def percentiles(seconds: Sequence[float]) -> tuple[float, float, float]:
    """Median, p90, p99, in milliseconds."""
    if len(seconds) < 2:
        return (seconds[0] * 1000,) * 3
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[89] * 1000, cuts[98] * 1000
