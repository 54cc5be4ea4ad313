"""The states of a session: one table of legal steps, no I/O.

An illegal step raises and changes nothing. The actor is the only one to take steps.
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
    MESSAGE = "message"
    ASK = "ask"
    REPLY = "reply"
    STOP = "stop"
    END = "end"
    SUSPEND = "suspend"
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
    State.STOPPING: {Event.STOP: State.STOPPING, Event.END: State.IDLE, Event.CRASH: State.LOST},
    State.LOST: {Event.MESSAGE: State.RUNNING, Event.SUSPEND: State.SUSPENDED},
}


class IllegalStep(Exception):
    """A programming mistake: this event cannot happen in this state."""


def step(state: State, event: Event) -> State:
    try:
        return NEXT[state][event]
    except KeyError:
        raise IllegalStep(f"{event} while {state}") from None
