"""How many tokens a request counts, and how many of them the prompt cache already holds.

The cache works by prefix: tools, then system, then messages, up to a block marked with
`cache_control`. What was marked in the last five minutes (or the last hour) is read, what is
new up to the last mark is written, the rest is plain input.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.simulator.talk import blocks

BYTES_PER_TOKEN = 4
SMALLEST_CACHED = 1024  # tokens; a shorter prefix is not cached
_LIFE = {"5m": timedelta(minutes=5), "1h": timedelta(hours=1)}
_BILLING = "x-anthropic-billing-header"  # a block for the API itself: it differs by session


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the API reports them: `input` is what the cache had no part in."""

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0

    @property
    def prompt(self) -> int:
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    def as_json(self) -> dict[str, Any]:
        return {
            "input_tokens": self.input,
            "cache_creation_input_tokens": self.cache_write_5m + self.cache_write_1h,
            "cache_read_input_tokens": self.cache_read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.cache_write_5m,
                "ephemeral_1h_input_tokens": self.cache_write_1h,
            },
            "output_tokens": self.output,
            "service_tier": "standard",
        }


@dataclass(frozen=True, slots=True)
class _Prefix:
    """The prompt up to the end of one block."""

    digest: str
    tokens: int
    ttl: str | None  # of its mark, None when it has none


class PromptCache:
    """Which prefixes were sent lately."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._until: dict[str, datetime] = {}

    def charge(self, body: Mapping[str, Any]) -> Usage:
        """The prompt of a request that is being answered; its marks are remembered."""
        prompt = list(_prefixes(body))
        total = prompt[-1].tokens if prompt else 0
        marks = [one for one in prompt if one.ttl and one.tokens >= SMALLEST_CACHED]
        if not marks:
            return Usage(input=total)
        read = self._longest(prompt, marks[-1].tokens)
        written = {"5m": 0, "1h": 0}
        done = read
        for mark in marks:
            written[mark.ttl or "5m"] += max(mark.tokens - done, 0)
            done = max(done, mark.tokens)
        self._remember(marks)
        return Usage(
            input=total - done,
            cache_read=read,
            cache_write_5m=written["5m"],
            cache_write_1h=written["1h"],
        )

    def _longest(self, prompt: list[_Prefix], most: int) -> int:
        now = self._now()
        known = (
            one.tokens
            for one in prompt
            if one.tokens <= most and self._until.get(one.digest, now) > now
        )
        return max(known, default=0)

    def _remember(self, marks: list[_Prefix]) -> None:
        now = self._now()
        self._until = {digest: until for digest, until in self._until.items() if until > now}
        for mark in marks:
            until = now + _LIFE[mark.ttl or "5m"]
            self._until[mark.digest] = max(until, self._until.get(mark.digest, until))


def tokens(size: int) -> int:
    """Of so many bytes, rounded up."""
    return -(-size // BYTES_PER_TOKEN)


def count(body: Mapping[str, Any]) -> int:
    """The tokens of a prompt, cached or not."""
    return max((prefix.tokens for prefix in _prefixes(body)), default=0)


def _prefixes(body: Mapping[str, Any]) -> Iterator[_Prefix]:
    digest = hashlib.sha256(str(body.get("model", "")).encode())
    size = 0
    for block in _prompt(body):
        raw = json.dumps(_without_mark(block), ensure_ascii=False, sort_keys=True).encode()
        digest.update(raw)
        size += len(raw)
        mark = block.get("cache_control")
        ttl = mark.get("ttl", "5m") if mark else None
        yield _Prefix(digest.hexdigest(), tokens(size), ttl)


def _prompt(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every block of the prompt in the order in which the cache sees it."""
    yield from body.get("tools") or ()
    for block in blocks(body.get("system")):
        if not str(block.get("text", "")).startswith(_BILLING):
            yield block
    for message in body.get("messages") or ():
        for block in blocks(message.get("content")):
            yield {"role": message.get("role"), **block}


def _without_mark(block: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name != "cache_control"}
