"""The small language in which the simulated model is told what to answer.

A turn is a list of steps. A request of Claude Code plays the steps up to the next tool use, the
request that brings the tool's result plays on from there:

    Script(
        [Say("Hello!")],                                    # the first message
        [Think("Hm."), UseTool("Read", {"file_path": "a"}), Say("I read it.")],
        When("two", [(UseTool("Bash", ...), UseTool("Bash", ...)), Say("Both done.")]),
    )

Which request it is stands in the conversation (see `talk`), so nothing is used up.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bridge.simulator.talk import Talk


@dataclass(frozen=True, slots=True)
class Say:
    """Text in pieces of `chunk` characters, `pace` seconds before each."""

    text: str
    chunk: int = 16
    pace: float = 0.0


@dataclass(frozen=True, slots=True)
class Think:
    """A thinking block; left out when the request did not ask for thinking."""

    text: str
    chunk: int = 16
    pace: float = 0.0


@dataclass(frozen=True, slots=True)
class UseTool:
    """Ends this reply. A tuple of them is one step: used in parallel."""

    name: str
    input: Mapping[str, Any] = field(default_factory=dict)
    chunk: int = 64
    pace: float = 0.0


@dataclass(frozen=True, slots=True)
class Fail:
    """An error instead of the reply, or in the middle of it.

    Before anything was said it is an HTTP status, later an error event in the stream; `after`
    is said first. The first `times` attempts at this reply fail, None means all of them.
    """

    status: int = 529
    type: str = "overloaded_error"
    message: str = "Overloaded"
    times: int | None = 1
    after: str | None = None
    retry_after: int | None = None  # seconds, a header


@dataclass(frozen=True, slots=True)
class Stall:
    """Silence. As the first step not even the headers come. `times` as in Fail."""

    seconds: float
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is closed without an end. `times` as in Fail."""

    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends this reply with another stop reason: max_tokens, refusal, ...

    When Claude Code then asks to go on, the steps after it follow.
    """

    reason: str


Fault: TypeAlias = Fail | Stall | Drop
Step: TypeAlias = Say | Think | UseTool | tuple[UseTool, ...] | Fault | Stop
Steps: TypeAlias = Sequence[Step] | Callable[[Talk], Sequence[Step]]
Scenario: TypeAlias = Callable[[Talk], Sequence[Step]]
"""The steps of the whole running turn; asked anew at each of its requests."""


@dataclass(frozen=True, slots=True)
class When:
    """For words that contain this phrase, in any case, or that this pattern finds."""

    said: str | re.Pattern[str]
    steps: Steps

    def fits(self, talk: Talk) -> bool:
        if isinstance(self.said, re.Pattern):
            return self.said.search(talk.said) is not None
        return self.said.lower() in talk.said.lower()


class Script:
    """A scenario from a list: the first `When` that fits, else the turn's own number."""

    def __init__(
        self,
        *parts: When | Steps,
        otherwise: Steps = (Say("The script has no more to say."),),
    ) -> None:
        self._whens = [part for part in parts if isinstance(part, When)]
        self._turns = [part for part in parts if not isinstance(part, When)]
        self._otherwise = otherwise

    def __call__(self, talk: Talk) -> Sequence[Step]:
        steps = self._steps(talk)
        return steps(talk) if callable(steps) else steps

    def _steps(self, talk: Talk) -> Steps:
        for when in self._whens:
            if when.fits(talk):
                return when.steps
        return self._turns[talk.turn] if talk.turn < len(self._turns) else self._otherwise


def part(steps: Sequence[Step], call: int) -> Sequence[Step]:
    """The steps of one reply of a turn, `call` = 0 for the first; none are left after the end."""
    parts: list[list[Step]] = [[]]
    for step in steps:
        parts[-1].append(step)
        if isinstance(step, UseTool | tuple):
            parts.append([])
    return parts[call] if call < len(parts) else ()
