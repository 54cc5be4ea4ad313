"""Which rows of the inbox wait. Conditions are built once: that costs more than to ask them."""

from enum import StrEnum

import sqlalchemy as sa

from bridge.model import Kind
from bridge.store.tables import inbox, turns


class State(StrEnum):
    NEW = "new"
    DONE = "done"
    REJECTED = "rejected"  # too many were waiting
    ASIDE = "aside"  # nobody could read it
    WITHDRAWN = "withdrawn"  # its user took it back
    OVERHEARD = "overheard"  # a part of an album that nobody has shown to be meant for us
    DROPPED = "dropped"  # its session was deleted


AT_ONCE = (Kind.COMMAND, Kind.TAP, Kind.ANSWER, Kind.STOP, Kind.EDIT, Kind.VOICE)
WHOLE = sa.func.coalesce(inbox.c.absorbed_by, inbox.c.update_id)  # the message it is, or a part of
ENTERED = sa.exists().where(turns.c.update_id == WHOLE)
UNDONE = sa.and_(inbox.c.state == State.NEW, inbox.c.kind == Kind.MESSAGE)
WAITS = sa.and_(UNDONE, inbox.c.absorbed_by.is_(None))
FREE = sa.and_(WAITS, ~ENTERED)  # nobody works on it
FREE_PART = sa.and_(UNDONE, ~ENTERED)  # nobody works on what it is or belongs to
