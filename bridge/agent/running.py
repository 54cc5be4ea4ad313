"""The state of a running turn: which prompts it still owes an answer, and what it has told.

A turn ends with the result that lists its last prompt: one prompt is not one result. A prompt
that is sent meanwhile is absorbed into the running answer, or gets one of its own, alone or
with others; only the uuids in the results say which.
"""

import asyncio
from collections.abc import Container
from dataclasses import dataclass, field, replace
from pathlib import Path

from claude_agent_sdk import Message, ResultMessage

from bridge.agent.events import Translator
from bridge.agent.lockstep import Lockstep
from bridge.model import AgentEvent, Completed, Noticed, Outcome, Prompt


@dataclass(slots=True)
class Run:
    """What is put into `items` is an event, or the error that ended the turn."""

    prompt: Prompt
    folder: Path
    denied: Container[str] = ()  # tool calls that the bridge or the user has denied
    translator: Translator = field(init=False)
    open: set[str] = field(init=False)  # uuids that no result has listed
    items: "asyncio.Queue[AgentEvent | Exception]" = field(default_factory=asyncio.Queue)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    lockstep: Lockstep = field(default_factory=Lockstep)
    sent: bool = False
    stopped: bool = False
    verdict: str = ""  # why it was ended from our side, for the user
    fatal: Exception | None = None  # why its process was ended from our side

    def __post_init__(self) -> None:
        self.translator = Translator(self.folder, self.denied)
        self.open = {self.prompt.uuid}

    def tell(self, event: AgentEvent) -> None:
        self.items.put_nowait(event)

    def end(self, item: Completed | Exception) -> None:
        """Only the first end counts."""
        if not self.over.is_set():
            self.over.set()
            self.items.put_nowait(item)

    def cancelled(self, uuid: str) -> None:
        """This prompt will not be answered."""
        self.open.discard(uuid)
        if not self.open:
            self.end(self._judged(Completed(Outcome.STOPPED, "")))

    def lost(self, error: Exception) -> None:
        """Its process has ended, for this reason."""
        ended = self.stopped or self.verdict
        stopped = self._judged(Completed(Outcome.STOPPED, ""))
        self.end(stopped if ended else self.fatal or error)

    def heard(self, message: Message) -> None:
        if isinstance(message, ResultMessage):
            self._result(message)
        else:
            for event in self.translator.tell(message):
                self.tell(event)

    def _result(self, message: ResultMessage) -> None:
        listed = self.open.intersection(message.user_message_uuids or ())
        if not listed:
            return
        self.open -= listed
        completed = self._judged(self.translator.complete(message, stopped=self.stopped))
        if not self.open:
            self.end(completed)
            return
        if completed.outcome is Outcome.FAILED:
            self.tell(Noticed(completed.text))
        self.translator = Translator(self.folder, self.denied)

    def _judged(self, end: Completed) -> Completed:
        if self.stopped or not self.verdict:
            return end
        return replace(end, outcome=Outcome.FAILED, text=self.verdict)
