"""How long a turn may go on: not silent for too long, and not for ever. Decides, does nothing.

Silence counts only while somebody waits for Claude Code, not while the user is asked.
"""

from dataclasses import dataclass

SILENT = (
    "Claude Code was silent for {0:g} min, so I restarted it. The conversation is kept: send "
    "**continue** to go on."
)
TOO_LONG = (
    "A turn may take {0:g} min here, and this one took longer, so I ended it. The conversation is "
    "kept: send **continue** to go on, or allow more with `/timeout MINUTES`."
)


@dataclass(slots=True)
class Watchdog:
    """`silence` and `longest` in minutes; the moments are seconds of `Clock.monotonic`."""

    silence: float
    longest: float
    began: float
    waiting_since: float | None = None  # for the next event; None: nobody waits for one

    def objection(self, now: float) -> str:
        """Why the turn must end, a sentence for the user. "": it may go on."""
        if now - self.began >= self.longest * 60:
            return TOO_LONG.format(self.longest)
        if self._quiet(now) >= self.silence * 60:
            return SILENT.format(self.silence)
        return ""

    def patience(self, now: float) -> float:
        """Seconds in which nothing can be wrong."""
        return min(self.began + self.longest * 60 - now, self.silence * 60 - self._quiet(now))

    def _quiet(self, now: float) -> float:
        return 0.0 if self.waiting_since is None else now - self.waiting_since
