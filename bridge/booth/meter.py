"""Usage of an answer, read from the bytes as they pass. Pure: bytes in, tokens out.

`message_start` carries the input and a placeholder for the output, `message_delta` the output
so far. What was delivered since the last report is bounded: one token for each byte. A thought
is charged as it was thought, but may be delivered as a summary: while one is open, only
`max_tokens` bounds it; its end brings the signature, which is longer than the thought.
"""

import json
from dataclasses import replace
from typing import Any

from budgets.model import Tokens


def tokens(usage: dict[str, Any]) -> Tokens:
    """The API's usage object in our words."""
    writes = usage.get("cache_creation") or {}
    hour = writes.get("ephemeral_1h_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    searches = (usage.get("server_tool_use") or {}).get("web_search_requests") or 0
    return Tokens(
        input=usage.get("input_tokens") or 0,
        output=usage.get("output_tokens") or 0,
        cache_read=usage.get("cache_read_input_tokens") or 0,
        cache_write_5m=max(written - hour, 0),
        cache_write_1h=hour,
        web_searches=searches,
    )


def size(block: dict[str, Any]) -> int:
    """Bytes of everything that is said in a block or a piece of one."""
    said = (str(value) for name, value in block.items() if name != "type")
    return sum(len(text.encode(errors="surrogatepass")) for text in said)


class Meter:
    """One request and its answer, as far as money goes."""

    def __init__(self) -> None:
        self.charged = False  # True from the moment it is sent, unless the API did not take it
        self.complete = False
        self.stream = False
        self._rest = bytearray()
        self._usage: dict[str, Any] = {}
        self._unreported = 0  # bytes of output
        self._thinking = False

    def feed(self, chunk: bytes) -> None:
        self._rest += chunk
        if self.stream and b"\n" in chunk:
            *lines, self._rest = self._rest.split(b"\n")
            for line in lines:
                if line.startswith(b"data:"):
                    self._event(parsed(line[5:]))

    def end(self) -> None:
        """The answer is complete; a plain one is read now."""
        self.complete = True
        if not self.stream:
            self._told(parsed(self._rest).get("usage"))

    def tokens(self, most: int) -> Tokens | None:
        """None: no usage was told. `most` = the request's max_tokens."""
        if not self._usage:
            return None
        told = tokens(self._usage)
        bound = most if self._thinking else min(told.output + self._unreported, most)
        return replace(told, output=max(told.output, bound))

    def _event(self, event: dict[str, Any]) -> None:
        match event:
            case {"type": "message_start", "message": {"usage": usage}}:
                self._told(usage)
            case {"type": "content_block_start", "content_block": dict(block)}:
                self._thinking = block.get("type") in {"thinking", "redacted_thinking"}
                self._unreported += size(block)
            case {"type": "content_block_delta", "delta": dict(delta)}:
                self._unreported += size(delta)
            case {"type": "content_block_stop"}:
                self._thinking = False
            case {"type": "message_delta", "usage": usage}:
                self._told(usage)

    def _told(self, usage: Any) -> None:
        """The API's own report: all that was used so far."""
        if isinstance(usage, dict):
            self._usage |= {name: value for name, value in usage.items() if value is not None}
            self._unreported = 0


def parsed(data: bytes | bytearray) -> dict[str, Any]:
    """{} for anything but a JSON object."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}
