"""The SDK's typed messages, told in our words. Holds the state of one turn.

What arrives is not what it seems: there is one AssistantMessage for each content block, and
it comes before the block's stop; a stream that broke has already delivered its text, and
comes again under another id or, without streaming, only as an AssistantMessage. So text is
always told whole, by message and block, and the AssistantMessage has the last word. Once that
one has come, the text stays in the history, and a message that was cut there, or at
`max_tokens`, is resumed by the next one in the middle of a word.
"""

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    Message,
    ResultMessage,
    StreamEvent,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from bridge.agent.asking import relative
from bridge.agent.failures import Failure, sentence
from bridge.agent.guard import SERVER
from bridge.model import (
    MICRO,
    AgentEvent,
    Completed,
    Outcome,
    Retrying,
    Started,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)

SHORT = 2_000  # characters of a tool's result that are kept
SYNTHETIC = "<synthetic>"  # the model name of messages that Claude Code made up itself


class Translator:
    """`denied`: the tool calls that were."""

    def __init__(self, folder: Path, denied: Container[str] = ()) -> None:
        self._folder = folder
        self._denied = denied
        self._message = ""  # the id of the message that streams
        self._block = 0
        self._counting = False
        self._kept = ""  # the id of the message whose text is in the history
        self._cut = False  # the message before this one ended in the middle
        self._resumes = False  # this one goes on where that one ended
        self._spoken: dict[tuple[str, int], str] = {}
        self._context = 0
        self._failure = Failure()

    def tell(self, message: Message) -> Iterator[AgentEvent]:
        match message:
            case StreamEvent(parent_tool_use_id=None):
                yield from self._stream(message.event, message.session_id)
            case AssistantMessage(parent_tool_use_id=None):
                yield from self._assistant(message)
            case UserMessage(parent_tool_use_id=None):
                yield from self._results(message)
            case SystemMessage(subtype="api_retry"):
                yield self._retry(message.data)
            case _:
                return

    def complete(self, result: ResultMessage, *, stopped: bool) -> Completed:
        if stopped or (result.terminal_reason or "").startswith("aborted"):
            outcome, text = Outcome.STOPPED, ""
        elif result.is_error:
            outcome, text = Outcome.FAILED, sentence(result, self._failure)
        else:
            outcome, text = Outcome.DONE, result.result or ""
        cost = result.total_cost_usd
        return Completed(
            outcome,
            text,
            result.session_id,
            self._context,
            None if cost is None else round(cost * MICRO),
        )

    def _stream(self, event: dict[str, Any], claude_id: str) -> Iterator[AgentEvent]:
        match event:
            case {"type": "message_start", "message": dict(message)}:
                self._message, self._block = str(message.get("id", "")), 0
                self._counting = False
                self._resumes, self._cut = self._cut, True
                self._count(message.get("usage") or {})
                yield Started(claude_id, str(message.get("model", "")))
            case {"type": "content_block_start", "index": int(index)}:
                self._block = index
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)}:
                yield from self._delta(index, delta)
            case {"type": "message_delta", "delta": {"stop_reason": reason}}:
                self._cut = reason == "max_tokens"

    def _delta(self, index: int, delta: dict[str, Any]) -> Iterator[AgentEvent]:
        piece = delta.get("text") or delta.get("thinking")
        if not piece:
            return
        whole = self._spoken.get((self._message, index), "") + str(piece)
        self._spoken[self._message, index] = whole
        yield (
            self._words(index, whole) if "text" in delta else Thinking(self._message, index, whole)
        )

    def _words(self, block: int, text: str) -> Text:
        return Text(self._message, block, text, joined=self._resumes and block == 0)

    def _assistant(self, message: AssistantMessage) -> Iterator[AgentEvent]:
        if message.model == SYNTHETIC:
            said = " ".join(b.text for b in message.content if isinstance(b, TextBlock))
            self._failure = Failure(message.error or "", said)
            return
        for block in message.content:
            self._place(message.message_id)
            yield from self._said(block)

    def _place(self, message: str | None) -> None:
        """Where this block belongs; those that were not streamed are counted here."""
        if message and message != self._message:
            self._message, self._block, self._counting = message, 0, True
            self._resumes, self._cut = False, False
        elif self._counting:
            self._block += 1

    def _said(self, block: object) -> Iterator[AgentEvent]:
        match block:
            case TextBlock(text=text):
                self._kept = self._message
                yield self._words(self._block, text)
            case ThinkingBlock(thinking=text):
                yield Thinking(self._message, self._block, text)
            case ToolUseBlock(id=id_, name=name, input=given):
                own = name.removeprefix(f"mcp__{SERVER}__")
                yield ToolUse(id_, own, relative(given, self._folder))

    def _results(self, message: UserMessage) -> Iterator[AgentEvent]:
        if isinstance(message.content, str):
            return
        for block in message.content:
            if isinstance(block, ToolResultBlock):
                id_ = block.tool_use_id
                yield ToolResult(
                    id_, not block.is_error, plain(block.content), denied=id_ in self._denied
                )

    def _retry(self, data: dict[str, Any]) -> Retrying:
        status = data.get("error_status")
        why = f"the API answered {status}" if status else "the API did not answer"
        return Retrying(
            int(data.get("attempt") or 1), int(data.get("max_retries") or 1), why, self._void()
        )

    def _void(self) -> str:
        """The message whose words will come again."""
        self._cut = self._message == self._kept
        return "" if self._cut else self._message

    def _count(self, usage: dict[str, Any]) -> None:
        names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
        self._context = sum(int(usage.get(name) or 0) for name in names)


def plain(content: str | list[dict[str, Any]] | None) -> str:
    """A tool's result as text, shortened."""
    if isinstance(content, list):
        content = " ".join(str(part.get("text", "")) for part in content)
    return (content or "")[:SHORT]
