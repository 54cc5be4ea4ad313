"""What earlier prompts of a process counted, so that the next one is bounded closely.

The API tells how many tokens a prompt had. One that begins with the same messages, for the same
model and under the same conditions, has at most as many and one for each new byte. Kept are
fingerprints and sizes only. Marks of the cache wander from message to message and count nothing.

Nothing is concluded where the API itself changes the history: what it left out of one prompt may
be back in the next.
"""

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from bridge.booth.asked import Asked
from bridge.booth.server_tools import edits
from bridge.booth.size import largest_tool, of_part

MARGIN = 100  # tokens: words that meet anew where a part begins, the signs around a message
PROCESSES = 64  # remembered
PROMPTS = 8  # of each: its conversation and those of its subagents
LISTS = ("tools", "system", "messages")
# These change nothing of the prompt.
FREE = {*LISTS, "max_tokens", "stream", "metadata", "temperature", "top_k", "top_p",
        "stop_sequences", "diagnostics"}  # fmt: skip
written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Part:
    print: bytes
    most: int  # tokens


@dataclass(frozen=True, slots=True)
class Shape:
    """A prompt, taken apart. `frame`: all that must be the same."""

    frame: bytes
    tools: tuple[Part, ...]
    system: tuple[Part, ...]
    messages: tuple[Part, ...]

    def continues(self, other: "Shape") -> bool:
        return self.frame == other.frame and self.messages[: len(other.messages)] == other.messages

    def beyond(self, other: "Shape") -> int:
        """Tokens that it may have more."""
        fresh = self.messages[len(other.messages) :]
        pairs = [*zip_longest(self.tools, other.tools), *zip_longest(self.system, other.system)]
        changed = [mine for mine, theirs in pairs if mine and mine != theirs]
        return MARGIN + sum(part.most for part in (*fresh, *changed))


class Known:
    def __init__(self) -> None:
        self._prompts: OrderedDict[str, list[tuple[Shape, int]]] = OrderedDict()

    def note(self, ticket: str, shape: Shape, tokens: int) -> None:
        """This prompt had so many tokens, cached or not."""
        before = self._prompts.pop(ticket, [])
        others = [(old, size) for old, size in before if not shape.continues(old)]
        self._prompts[ticket] = [*others, (shape, tokens)][-PROMPTS:]
        while len(self._prompts) > PROCESSES:
            self._prompts.popitem(last=False)

    def at_most(self, ticket: str, shape: Shape) -> int | None:
        """Tokens of this prompt; None: nothing like it was seen."""
        seen = self._prompts.get(ticket, ())
        sizes = (tokens + shape.beyond(old) for old, tokens in seen if shape.continues(old))
        return min(sizes, default=None)


def taken_apart(asked: Asked) -> Shape | None:
    """None: the API itself changes the history, so that nothing can be concluded."""
    if not all(map(harmless, edits(asked))):
        return None
    largest = largest_tool(asked)
    parts = {name: tuple(part(one, largest) for one in listed(asked, name)) for name in LISTS}
    rest = {name: value for name, value in asked.fields.items() if name not in FREE}
    kinds = [tool.get("type") for tool in asked.listed("tools")]
    frame = [rest, sorted({str(kind) for kind in kinds}), [repr(beta) for beta in asked.betas]]
    return Shape(fingerprint(written(frame)), **parts)


def harmless(edit: dict[str, Any]) -> bool:
    """To keep every thought is to change nothing."""
    return str(edit.get("type")).startswith("clear_thinking_") and edit.get("keep") == "all"


def listed(asked: Asked, name: str) -> list[Any]:
    """A system prompt may be one text."""
    given = asked.fields.get(name)
    if isinstance(given, list):
        return [unmarked(one) for one in given]
    return [] if given is None else [given]


def unmarked(one: Any) -> Any:
    """Without the mark of the cache, which stands on a part or on a block of its content."""
    if not isinstance(one, dict):
        return one
    bare = {name: value for name, value in one.items() if name != "cache_control"}
    if isinstance(content := bare.get("content"), list):
        bare["content"] = spoken([unmarked(block) for block in content])
    return bare


def spoken(content: list[Any]) -> Any:
    """One text is the same as the text alone, which cannot bear a mark."""
    match content:
        case [{"type": "text", "text": str(text), **rest}] if not rest:
            return text
    return content


def part(one: Any, largest: int) -> Part:
    text = written(one)
    return Part(fingerprint(text), of_part(text, one, largest))


def fingerprint(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
