"""What a request to the model says: whose turn it is, and how far that turn has come.

Everything is read from the request itself, so a retried request, a resumed session and ten
sessions at once need no memory here.

Claude Code mixes its own words into the user's messages: reminders in tags, notices after an
interrupt or a cut reply, the summary after a compaction. They are told apart by how they begin.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

INTERRUPTED = "[Request interrupted by user"
_TAGGED = re.compile(
    r"<(system-reminder|local-command-\w+|command-\w+|task-notification|bash-\w+)\b.*?</\1>\s*",
    re.DOTALL,
)
_GO_ON = (  # the reply before was cut: by max_tokens, a broken stream, a malformed tool use
    "Output token limit hit",
    "Your response above was cut off",
    "Your response was cut off",
    "Your tool call was malformed",
    "The previous response failed to produce",
    "[Your previous response",
)
_NOTICES = (
    "This session is being continued from a previous conversation",
    "Continue from where you left off.",
    "The user sent a new message while you were working",
)
_FOLDER = re.compile(r"working directory: (/.*)")


@dataclass(frozen=True, slots=True)
class Result:
    """A tool use of the running turn and what came of it."""

    tool: str
    input: Mapping[str, Any]
    text: str
    is_error: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation as a script sees it."""

    said: str = ""  # the person's own words that opened the running turn
    turn: int = 0  # how many turns came before it (a compaction starts the count again)
    call: int = 0  # how many whole replies this turn has had already
    partial: str | None = None  # of a cut reply that this request wants continued
    results: tuple[Result, ...] = ()  # of this turn, as its tools were asked for
    attached: tuple[str, ...] = ()  # "image", "document": what came with the words
    tools: tuple[str, ...] = ()  # the names on offer
    model: str = ""
    folder: str = ""  # where Claude Code works, "" when it did not say

    def tool(self, *names: str) -> str | None:
        """The first offered tool whose name contains one of these."""
        return next((tool for name in names for tool in self.tools if name in tool), None)


@dataclass(slots=True)
class _Reader:
    """Walks through the messages; `talk` is what is known so far."""

    talk: Talk
    uses: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    last: str = ""  # the text of the last reply
    fresh: bool = True  # no turn yet, or the last one is over

    def read(self, messages: Sequence[Mapping[str, Any]]) -> Talk:
        for message in messages:
            if message.get("role") == "assistant":
                self._reply(message)
            elif message.get("role") == "user":
                for block in blocks(message.get("content")):
                    self._heard(block)
        return self.talk

    def _reply(self, message: Mapping[str, Any]) -> None:
        self.talk = replace(self.talk, call=self.talk.call + 1)
        self.last = "".join(_texts(message.get("content")))
        for block in blocks(message.get("content")):
            if block.get("type") == "tool_use":
                self.uses[str(block.get("id"))] = block

    def _heard(self, block: Mapping[str, Any]) -> None:
        match block.get("type"):
            case "text":
                self._words(str(block.get("text", "")))
            case "image" | "document" as kind:
                self._open()
                self.talk = replace(self.talk, attached=(*self.talk.attached, kind))
            case "tool_result":
                self._result(block)

    def _words(self, text: str) -> None:
        if text.startswith(INTERRUPTED):
            self.fresh = True
        elif text.startswith(_GO_ON):
            partial = (self.talk.partial or "") + self.last
            self.talk = replace(self.talk, call=max(self.talk.call - 1, 0), partial=partial)
        elif own := own_words(text):
            self._open()
            self.talk = replace(self.talk, said="\n".join(filter(None, (self.talk.said, own))))

    def _open(self) -> None:
        """A new turn, unless these words came together with those that opened the last."""
        if not self.fresh and not self.talk.call:
            return
        turn = self.talk.turn + 1
        self.talk = replace(
            self.talk, said="", turn=turn, call=0, partial=None, results=(), attached=()
        )
        self.fresh = False

    def _result(self, block: Mapping[str, Any]) -> None:
        """Results of parallel tools arrive in the order in which they ended."""
        use_id = str(block.get("tool_use_id"))
        use = self.uses.get(use_id, {})
        result = Result(
            tool=str(use.get("name", "")),
            input=use.get("input", {}),
            text=plain(block.get("content")),
            is_error=bool(block.get("is_error")),
            id=use_id,
        )
        asked = list(self.uses)
        results = sorted(
            (*self.talk.results, result),
            key=lambda one: asked.index(one.id) if one.id in self.uses else len(asked),
        )
        self.talk = replace(self.talk, partial=None, results=tuple(results))


def read(body: Mapping[str, Any]) -> Talk:
    """The conversation in the body of a `POST /v1/messages`."""
    empty = Talk(
        turn=-1,
        tools=tuple(str(tool.get("name", "")) for tool in body.get("tools") or ()),
        model=str(body.get("model", "")),
        folder=_folder(body),
    )
    talk = _Reader(empty).read(body.get("messages") or ())
    return replace(talk, turn=max(talk.turn, 0))


def own_words(text: str) -> str:
    """What a person wrote; "" for the notices of Claude Code."""
    rest = _TAGGED.sub("", text).strip()
    return "" if rest.startswith(_NOTICES) else rest


def blocks(content: Any) -> Iterator[Mapping[str, Any]]:
    """The content of a message, whichever of its two forms it has."""
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    else:
        yield from content or ()


def plain(content: Any) -> str:
    return "\n".join(_texts(content))


def _texts(content: Any) -> list[str]:
    return [str(block["text"]) for block in blocks(content) if block.get("type") == "text"]


def _folder(body: Mapping[str, Any]) -> str:
    told = [plain(body.get("system"))]
    told += [plain(message.get("content")) for message in body.get("messages") or ()]
    found = (_FOLDER.search(text) for text in reversed(told))
    return next((match[1].strip() for match in found if match), "")
