"""The states of a session: one table of legal steps, no I/O.

An illegal step raises and changes nothing. The server of the session is the only one to take
steps. `diagram` draws the table; ARCHITECTURE.md shows it (`scripts/diagram`).
"""

from enum import StrEnum


class State(StrEnum):
    IDLE = "idle"  # a client is live, nothing to do
    RUNNING = "running"  # a turn runs
    ASKING = "asking"  # the turn waits for a tap
    STOPPING = "stopping"  # interrupted; the turn is winding down
    SUSPENDED = "suspended"  # no client; the next message starts one
    LOST = "lost"  # the client died or another server took over


class Event(StrEnum):
    MESSAGE = "message"  # one begins to be worked on
    ASK = "ask"  # one more question to the user is open
    REPLY = "reply"  # the last open one is answered
    STOP = "stop"
    END = "end"  # the turn is closed
    SUSPEND = "suspend"  # the client is given back
    CRASH = "crash"


NEXT: dict[State, dict[Event, State]] = {
    State.SUSPENDED: {Event.MESSAGE: State.RUNNING},
    State.IDLE: {
        Event.MESSAGE: State.RUNNING,
        Event.SUSPEND: State.SUSPENDED,
        Event.CRASH: State.LOST,
    },
    State.RUNNING: {
        Event.ASK: State.ASKING,
        Event.STOP: State.STOPPING,
        Event.END: State.IDLE,
        Event.CRASH: State.LOST,
    },
    State.ASKING: {
        Event.ASK: State.ASKING,
        Event.REPLY: State.RUNNING,
        Event.STOP: State.STOPPING,
        Event.END: State.IDLE,
        Event.CRASH: State.LOST,
    },
    State.STOPPING: {
        Event.ASK: State.STOPPING,
        Event.REPLY: State.STOPPING,
        Event.STOP: State.STOPPING,
        Event.END: State.IDLE,
        Event.CRASH: State.LOST,
    },
    State.LOST: {Event.MESSAGE: State.RUNNING, Event.SUSPEND: State.SUSPENDED},
}

WORKING = {State.RUNNING, State.ASKING, State.STOPPING}  # a turn is not closed yet


class IllegalStep(Exception):
    """A programming mistake: this event cannot happen in this state."""


def step(state: State, event: Event) -> State:
    try:
        return NEXT[state][event]
    except KeyError:
        raise IllegalStep(f"{event} while {state}") from None


def diagram() -> str:
    """The table in Mermaid's language; events between the same two states share an arrow."""
    arrows: dict[tuple[State, State], list[Event]] = {}
    for state, steps in NEXT.items():
        for event, target in steps.items():
            arrows.setdefault((state, target), []).append(event)
    lines = [f"    {a} --> {b}: {', '.join(events)}" for (a, b), events in arrows.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {State.SUSPENDED}", *lines])
