"""Steps become the beats of one reply: events, and the pauses between them.

Pure: whoever plays the beats does the sleeping and the sending.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from bridge.simulator import sse
from bridge.simulator.script import Drop, Fail, Fault, Say, Stall, Step, Stop, Think, UseTool
from bridge.simulator.sse import Event
from bridge.simulator.usage import BYTES_PER_TOKEN, Usage, tokens

Due: TypeAlias = Callable[[int, Fault], bool]
"""Does the fault at this place of the reply happen at this attempt?"""


_END = Say("Done.")  # a reply is never empty: Claude Code would ask again


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


Beat: TypeAlias = Event | Pause


class Failed(Exception):
    """The script says Fail."""

    def __init__(self, step: Fail) -> None:
        super().__init__(step.message)
        self.step = step


class Dropped(Exception):
    """The script says Drop."""


@dataclass(slots=True)
class Reply:
    """One reply, while it is given."""

    id: str
    model: str
    charge: Callable[[], Usage]  # the prompt, at the first event
    most: int  # tokens: the request's max_tokens
    thinking: bool  # did the request ask for it
    partial: str | None = None  # said by a cut attempt at this reply: go on after it
    started: bool = False
    _prompt: Usage = field(default_factory=Usage)
    _said: int = 0  # bytes
    _blocks: int = 0
    _reason: str | None = None

    @property
    def usage(self) -> Usage:
        """What the API charges if the reply ends here: nothing before its first event."""
        if not self.started:
            return Usage()
        return replace(self._prompt, output=max(tokens(self._said), 1))

    def beats(self, steps: Sequence[Step], due: Due) -> Iterator[Beat]:
        """Failed, Dropped: as the script says, maybe after some events."""
        for place, step in enumerate(steps):
            if isinstance(step, Fault) and not due(place, step):
                continue
            yield from self._play(step)
            if self._reason:
                break
        if not self._blocks and not self._reason:
            yield from self._block(sse.text_block(), _END, _END.text)
        yield from self._start()
        yield sse.message_delta(self._reason or "end_turn", self.usage)
        yield sse.MESSAGE_STOP

    def _play(self, step: Step) -> Iterator[Beat]:
        match step:
            case Say(text):
                if rest := self._unsaid(text):
                    yield from self._block(sse.text_block(), step, rest)
            case Think(text):
                yield from self._thought(step, text)
            case UseTool():
                yield from self._uses((step,))
            case tuple():
                yield from self._uses(step)
            case Stop(reason):
                self._reason = reason if self.partial is None else None
            case _:
                yield from self._break(step)

    def _break(self, fault: Fault) -> Iterator[Beat]:
        match fault:
            case Stall(seconds):
                yield Pause(seconds)
            case Drop():
                raise Dropped
            case Fail(after=after):
                if after:
                    yield from self._block(sse.text_block(), Say(after), after)
                raise Failed(fault)

    def _unsaid(self, text: str) -> str:
        partial = self.partial or ""
        if partial.startswith(text):
            self.partial = partial[len(text) :]
            return ""
        if partial and text.startswith(partial):
            self.partial = ""
            return text[len(partial) :]
        return text

    def _thought(self, step: Think, text: str) -> Iterator[Beat]:
        if self.thinking:
            yield from self._block(sse.thinking_block(), step, text, sse.signature(text))

    def _uses(self, uses: Sequence[UseTool]) -> Iterator[Beat]:
        self._reason = "tool_use"
        for use in uses:
            block = sse.tool_block(f"toolu_{uuid.uuid4().hex[:24]}", use.name)
            yield from self._block(block, use, json.dumps(dict(use.input), ensure_ascii=False))
            if self._reason == "max_tokens":
                break

    def _block(
        self, block: Event, step: Say | Think | UseTool, payload: str, signature: str = ""
    ) -> Iterator[Beat]:
        """One content block, piece by piece, as far as max_tokens reaches."""
        yield from self._start()
        index, self._blocks = self._blocks, self._blocks + 1
        yield sse.block_start(index, block)
        if index == 0:
            yield sse.PING
        for start in range(0, len(payload), step.chunk):
            if step.pace:
                yield Pause(step.pace)
            yield sse.block_delta(index, block["type"], self._fit(payload, start, step.chunk))
            if self._reason == "max_tokens":
                break
        if signature:
            yield sse.block_delta(index, "signature", signature)
        yield sse.block_stop(index)

    def _start(self) -> Iterator[Event]:
        if not self.started:
            self.started = True
            self._prompt = self.charge()
            yield sse.message_start(self.id, self.model, self.usage)

    def _fit(self, payload: str, start: int, chunk: int) -> str:
        raw = payload[start : start + chunk].encode()
        room = self.most * BYTES_PER_TOKEN - self._said
        if len(raw) > room:
            self._reason = "max_tokens"
            raw = raw[:room]
        self._said += len(raw)
        return raw.decode(errors="ignore")
