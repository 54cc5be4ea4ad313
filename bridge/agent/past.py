"""What Claude Code remembers of one session: in which home, under which id, as far as where.

A home is Claude Code's own folder, one for each session, so that none sees another. Before
each start the transcript is compared with what was recorded; when it cannot be trusted it is
kept aside and a new history begins, with a summary of what was said last.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path

from bridge.agent import transcript
from bridge.agent.transcript import State
from bridge.model import Exchange, Session

MOST = 10  # exchanges in a summary
LONG = 1_500  # characters kept of a question or an answer
WHY = {
    State.MISSING: "Claude Code's record of this conversation is gone.",
    State.DAMAGED: "Claude Code's record of this conversation is damaged; it is kept aside.",
    State.DIVERGED: (
        "Claude Code's record of this conversation is not the one I know; it is kept aside."
    ),
}
ANEW = "I go on with a new one and a summary of our last messages."


def new_home(config: Path) -> Path:
    return config / secrets.token_hex(8)


class Past:
    """`home` is None until the first start, `id` while there is no history."""

    def __init__(self, session: Session, config: Path) -> None:
        """The home of a session that is a fork still belongs to the one it comes from."""
        self._config = config
        self._last = session.last_entry
        self._source = config / session.home if session.fork and session.home else None
        self.id = session.claude_id
        self.fork = session.fork and session.claude_id is not None
        self.home = config / session.home if session.home and not session.fork else None

    def check(self) -> str:
        """Get ready for a start. The sentence for the user when a new history has to begin."""
        if self.id is None:
            return ""
        self.home = self.home or self._lodged(self.id)
        found = transcript.state(self.home, self.id, self._last)
        return "" if found is State.OK else self.abandon(found)

    def abandon(self, state: State) -> str:
        """Begin anew. The sentence for the user; "" when nothing was ever on record."""
        known = bool(self._last) or state is not State.MISSING
        if self.home and self.id:
            transcript.put_aside(self.home, self.id)
        self.id, self._last, self.fork = None, "", False
        return f"{WHY[state]} {ANEW}" if known else ""

    def began(self, claude_id: str) -> None:
        """Claude Code works on this history now."""
        if self.fork:
            self.fork, self._last = False, ""
        self.id = claude_id

    def mark(self) -> str:
        """Record how far the history goes; its last entry."""
        if self.home and self.id:
            self._last = transcript.last_entry(self.home, self.id) or self._last
        return self._last

    def _lodged(self, claude_id: str) -> Path:
        """A home for a history that is elsewhere, or whose first turn never told its home."""
        if not self.fork:
            found = next(self._config.glob(f"*/projects/*/{claude_id}.jsonl"), None)
            return found.parents[2] if found else new_home(self._config)
        home = new_home(self._config)
        if self._source:
            transcript.copy(claude_id, self._source, home)
        return home


def summary(exchanges: Sequence[Exchange]) -> str:
    """What Claude Code is told of a conversation that it does not remember."""
    if not exchanges:
        return ""
    said = "\n\n".join(
        f"User: {short(each.question)}\n\nYou: {short(each.answer)}" for each in exchanges[-MOST:]
    )
    return (
        "Your record of this conversation was lost. These were its last messages, shortened:\n\n"
        f"{said}\n\nThe conversation goes on with this message:\n\n"
    )


def short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[:LONG]}…"
