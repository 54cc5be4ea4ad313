"""How many tokens a prompt can have at most, from its bytes alone.

A token is at least one byte of the text it stands for, and JSON only makes text longer. A picture
has no more tokens than the largest one that a model sees: the API scales a larger one down, to
about 1,600 tokens, or 4,784 where the model sees in high resolution (Anthropic's page on vision).
A PDF gives each page as text and as a picture; what is packed into a page nothing bounds but the
model's context window. Some tokens stand in no byte: the API tells the model how to use tools.
"""

import json
from typing import Any

from bridge.booth.asked import Asked

Block = Any  # a part of the body: whatever JSON can say

IMAGE = 5_000  # tokens
CONTEXT = 1_000_000  # tokens; a longer prompt is refused by the API, which costs nothing
TOOLS = 1_000  # tokens that the API adds when there are tools at all ...
KNOWN_TOOL = 1_500  # ... and for each tool that it describes itself: 735 are the most documented
REFERENCE = '"tool_reference"'  # stands for the whole description of a tool


def at_most(asked: Asked) -> int:
    """Tokens of the whole prompt."""
    most = len(asked.body)
    if b'"image"' in asked.body or b'"document"' in asked.body:
        most += sum(media(message) for message in asked.listed("messages"))
    most += asked.body.count(REFERENCE.encode()) * largest_tool(asked)
    return min(most + added_for_tools(asked), CONTEXT)


def of_part(text: str, part: Block, largest: int) -> int:
    """Tokens of one message, tool or block of the system prompt; `text` is its JSON."""
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    return size + media(part) + text.count(REFERENCE) * largest


def largest_tool(asked: Asked) -> int:
    """Bytes. Only where a tool is described somewhere else than in the list of tools."""
    if REFERENCE.encode() not in asked.body:
        return 0
    return max((len(json.dumps(tool)) for tool in asked.listed("tools")), default=0)


def added_for_tools(asked: Asked) -> int:
    tools = asked.listed("tools")
    described = [tool for tool in tools if tool.get("type", "custom") != "custom"]
    return TOOLS * bool(tools) + KNOWN_TOOL * len(described)


def media(part: Block) -> int:
    """What the pictures and documents in it are more than their bytes; below zero: less.

    Only where the API looks for them: the same words in the input of a tool are text.
    """
    match part:
        case {"type": "image", "source": {"type": "base64", "data": str(data)}}:
            return IMAGE - len(data)
        case {"type": "image"}:
            return IMAGE
        case {"type": "document", "source": {"type": "text"}}:
            return 0
        case {"type": "document", "source": {"type": "content", "content": list(inner)}}:
            return sum(media(block) for block in inner)
        case {"type": "document" | "container_upload"}:
            return CONTEXT
        case {"type": "tool_result", "content": list(inner)} | {"role": _, "content": list(inner)}:
            return sum(media(block) for block in inner)
    return 0
