"""The words of routing. Frozen values; `Policy` is built from the settings by the bridge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of a message before it is worked on. `now` is in the user's time zone."""

    text: str
    user: int
    role: str
    now: datetime
    session: str = "main"
    group: bool = False
    image: bool = False
    file: bool = False
    context_tokens: int = 0
    headroom: int | None = None  # micro-USD left in the tightest window; None = unknown
    pin: str | None = None  # the user's own choice; always wins
    effort: str = ""  # the user's own choice; "" = none
    last_model: str | None = None  # what the session used last
    warm: bool = False  # the session's prompt cache is still warm
    judged: str | None = None  # whose answer to this question was not good enough
    small: bool = False  # only the smallest model may answer now


@dataclass(frozen=True, slots=True)
class Match:
    """Whether a condition holds, and the words that say why."""

    ok: bool
    why: str = ""


Matcher = Callable[[Request], Match]


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    priority: int  # lowest first
    matches: Matcher
    use: str  # a name in [models]
    effort: str = ""  # "" = the model's own
    observe: bool = False  # it decides nothing; what it would have chosen is recorded


@dataclass(frozen=True, slots=True)
class Tier:
    """A model as routing sees it. `rank` is its place on the ladder; -1 = not on it.

    `reading` is what it asks for a token that it has not read before, in micro-USD per million.
    """

    name: str
    id: str
    rank: int = -1
    reading: int = 0


class Evidence(StrEnum):
    """That a model is not up to its task."""

    ASKED = "asked"  # it says so itself
    ERROR = "error"  # its tools fail one after the other
    STALLED = "stalled"  # it does the same thing again and again
    TESTS_FAILED = "tests_failed"  # the tests it runs fail and fail


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force. `rules` are sorted by priority."""

    default: str
    tiers: Mapping[str, Tier]
    rules: tuple[Rule, ...] = ()
    sticky: bool = True
    evidence: frozenset[Evidence] = frozenset()  # what counts as a reason to step up
    max_steps: int = 0  # steps up within one turn

    def larger(self, name: str) -> Tier | None:
        """The next model up the ladder."""
        return self._beside(name, 1)

    def smaller(self, name: str) -> Tier | None:
        return self._beside(name, -1)

    @property
    def smallest(self) -> Tier | None:
        """The first on the ladder; None when there is no ladder."""
        return next((tier for tier in self.tiers.values() if tier.rank == 0), None)

    def _beside(self, name: str, step: int) -> Tier | None:
        mine = self.tiers.get(name)
        if mine is None or mine.rank < 0:
            return None
        return next((t for t in self.tiers.values() if t.rank == mine.rank + step >= 0), None)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule that only observes would have chosen."""

    rule: str
    model: str
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The model, the rule that chose it (None = the default, a pin or stickiness) and why."""

    model: str
    rule: str | None
    why: str
    effort: str = ""
    seen: tuple[Seen, ...] = ()
