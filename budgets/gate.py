"""Everyone's circuit breaker, seen as a gate on the road: who passes when the hour's money is gone.

It trips when a request does not fit everyone's sliding hour, and opens by itself when that hour
has emptied, unless an owner has decided otherwise. Halfway empty is enough: were it to open at the
first micro-dollar, it would trip again at once.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LONGEST = timedelta(hours=1)  # by then everything that was spent before has left the hour


class State(StrEnum):
    OPEN = "open"
    TRIPPED = "tripped"  # nothing passes until the hour has emptied
    SHUT = "shut"  # nothing passes until an owner opens it
    SMALL = "small"  # open again by an owner, for the smallest model only


CLOSED = (State.TRIPPED, State.SHUT)


@dataclass(frozen=True, slots=True)
class Gate:
    """`floor`: an owner opened it then; what was spent before does not count for the hour."""

    state: State = State.OPEN
    since: datetime | None = None
    floor: datetime | None = None
    by: int = 0  # the owner who decided; 0 = nobody, it tripped or opened by itself


def passes(state: State, *, small: bool) -> bool:
    """Whether a request may pass at all. `small`: its model is the smallest."""
    return state is State.OPEN or (state is State.SMALL and small)


def trips(used: int, amount: int, most: int) -> bool:
    """Whether a request of `amount` closes it. One too large for an hour that is at most half
    full is refused by itself: others may well pass. Micro-USD.
    """
    return used * 2 > most and used + amount > most


def tripped(gate: Gate, now: datetime) -> Gate:
    return Gate(State.TRIPPED, now, gate.floor)


def current(gate: Gate, now: datetime) -> Gate:
    """What has become of it by `now`, of itself."""
    over = gate.since is not None and now - gate.since >= LONGEST
    return opened(gate) if over and gate.state in {State.TRIPPED, State.SMALL} else gate


def emptied(gate: Gate, used: int, most: int) -> Gate:
    """The same, by what everyone's hour holds: `used` of `most` micro-USD, since the floor."""
    return opened(gate) if gate.state is State.TRIPPED and used * 2 <= most else gate


def opened(gate: Gate) -> Gate:
    """By itself. The floor stays, or what was forgiven would count again."""
    return replace(gate, state=State.OPEN, since=None, by=0)
