"""Usage of an answer, read from the bytes as they pass. Pure: bytes in, tokens out.

`message_start` carries the input and a placeholder for the output, `message_delta` the output
so far. What was delivered since the last report is bounded: one token for each byte. A thought
is charged as it was thought, but may be delivered as a summary: while one is open, only
`max_tokens` bounds it; its end brings the signature, which is longer than the thought.
"""

import json
from dataclasses import replace
from typing import Any

from bridge.booth import usage
from bridge.booth.usage import Usage
from budgets.model import Tokens
from budgets.prices import Written


def size(block: dict[str, Any]) -> int:
    """Bytes of everything that is said in a block or a piece of one."""
    said = (str(value) for name, value in block.items() if name != "type")
    return sum(len(text.encode(errors="surrogatepass")) for text in said)


class Meter:
    """One request and its answer, as far as money goes."""

    def __init__(self) -> None:
        self.charged = False  # True from the moment it is sent, unless the API did not take it
        self.complete = False
        self.final = False  # the API has told what all of it used
        self.stream = False
        self._rest = bytearray()
        self.usage: Usage = {}
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
            self.final = True

    def tokens(self, most: int, written: Written = "5m") -> Tokens | None:
        """None: no usage was told. `most` = the request's max_tokens."""
        if not self.usage:
            return None
        told = usage.tokens(self.usage, written)
        bound = most if self._thinking else min(told.output + self._unreported, most)
        return replace(told, output=max(told.output, bound))

    def _event(self, event: dict[str, Any]) -> None:
        match event:
            case {"type": "message_start", "message": {"usage": told}}:
                self._told(told)
            case {"type": "content_block_start", "content_block": dict(block)}:
                self._thinking = block.get("type") in {"thinking", "redacted_thinking"}
                self._unreported += size(block)
            case {"type": "content_block_delta", "delta": dict(delta)}:
                self._unreported += size(delta)
            case {"type": "content_block_stop"}:
                self._thinking = False
            case {"type": "message_delta", "usage": told}:
                self._told(told)
                self.final = True

    def _told(self, told: Any) -> None:
        """The API's own report: all that was used so far."""
        if isinstance(told, dict):
            self.usage |= {name: value for name, value in told.items() if value is not None}
            self._unreported = 0


def parsed(data: bytes | bytearray) -> dict[str, Any]:
    """{} for anything but a JSON object."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}
