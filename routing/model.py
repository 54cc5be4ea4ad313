"""The words of routing. Frozen values; `Policy` is built from the settings by the bridge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime


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
    last_model: str | None = None  # what the session used last
    warm: bool = False  # the session's prompt cache is still warm


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


@dataclass(frozen=True, slots=True)
class Tier:
    """A model as routing sees it. `rank` is its place on the ladder; -1 = not on it."""

    name: str
    id: str
    rank: int = -1


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force. `rules` are sorted by priority."""

    default: str
    tiers: Mapping[str, Tier]
    rules: tuple[Rule, ...] = ()
    sticky: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """The model, the rule that chose it (None = the default, a pin or stickiness) and why."""

    model: str
    rule: str | None
    why: str
