"""What the user sees of a running turn: `fold` turns events into one immutable snapshot.

Texts are kept by (message, block), because a retried stream sends a message again from
its start under another id: the unfinished one is void and its words must not stay.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bridge.model import (
    AgentEvent,
    Asked,
    Climbed,
    Completed,
    Filed,
    Lapsed,
    Noticed,
    Retrying,
    Started,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)


class Phase(StrEnum):
    STARTING = "starting"
    THINKING = "thinking"
    WRITING = "writing"
    WORKING = "working"
    ASKING = "asking"
    RETRYING = "retrying"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call. `ok` is None while it runs."""

    id: str
    tool: str
    argument: str
    ok: bool | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of what Claude said; `thinking` ones are shown in verbose only."""

    message: str
    number: int
    text: str
    thinking: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    started_at: datetime
    phase: Phase = Phase.STARTING
    model: str = ""
    claude_id: str = ""
    home: str = ""
    blocks: tuple[Block, ...] = ()
    steps: tuple[Step, ...] = ()
    since_tool: int = 0  # blocks before this index were said before the last tool call
    note: str = ""

    @property
    def text(self) -> str:
        """What was said since the last tool call: the answer, once the turn is over."""
        return joined(self.blocks[self.since_tool :])

    @property
    def everything(self) -> str:
        return joined(self.blocks)


def joined(blocks: tuple[Block, ...]) -> str:
    text = ""
    for block in blocks:
        if not block.thinking:
            text += block.text if block.joined or not text else f"\n\n{block.text}"
    return text


ARGUMENTS = ("command", "file_path", "path", "pattern", "url", "query", "description", "question")


def argument(event: ToolUse) -> str:
    """The one argument that tells a person what the tool does."""
    for name in ARGUMENTS:
        if value := event.input.get(name):
            return " ".join(str(value).split())
    return ""


def put(blocks: tuple[Block, ...], block: Block) -> tuple[Block, ...]:
    """The blocks with this one added, or replaced where it was said before."""
    for index in range(len(blocks) - 1, -1, -1):
        old = blocks[index]
        if (old.message, old.number, old.thinking) == (block.message, block.number, block.thinking):
            return (*blocks[:index], block, *blocks[index + 1 :])
    return (*blocks, block)


def finish(steps: tuple[Step, ...], result: ToolResult) -> tuple[Step, ...]:
    return tuple(replace(s, ok=result.ok) if s.id == result.id else s for s in steps)


def retried(progress: Progress, event: Retrying) -> Progress:
    kept = tuple(b for b in progress.blocks if b.message != event.message)
    note = f"{event.why}, retrying ({event.attempt}/{event.most})"
    return replace(progress, phase=Phase.RETRYING, blocks=kept, note=note)


def fold(progress: Progress, event: AgentEvent) -> Progress:  # noqa: C901 a case for each event
    match event:
        case Started():
            model = progress.model or event.model
            return replace(progress, model=model, claude_id=event.claude_id, home=event.home)
        case Text():
            block = Block(event.message, event.block, event.text, joined=event.joined)
            return replace(
                progress, phase=Phase.WRITING, note="", blocks=put(progress.blocks, block)
            )
        case Thinking():
            block = Block(event.message, event.block, event.text, thinking=True)
            return replace(
                progress, phase=Phase.THINKING, note="", blocks=put(progress.blocks, block)
            )
        case ToolUse():
            step = Step(event.id, event.name, argument(event))
            return replace(
                progress,
                phase=Phase.WORKING,
                note="",
                steps=(*progress.steps, step),
                since_tool=len(progress.blocks),
            )
        case ToolResult():
            return replace(progress, phase=Phase.THINKING, steps=finish(progress.steps, event))
        case Climbed():
            return replace(progress, model=event.model)
        case Noticed() | Filed() | Lapsed():
            return progress
        case Asked():
            return replace(progress, phase=Phase.ASKING, note=event.ask.title)
        case Retrying():
            return retried(progress, event)
        case Completed():
            return replace(progress, phase=Phase.OVER, note="")
