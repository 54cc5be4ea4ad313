"""Requests that the tests of the booth ask."""

import json
from typing import Any

from bridge.booth.asked import Asked, read
from bridge.booth.bound import Call, bound
from bridge.booth.size import at_most
from bridge.booth.terms import Terms

HAIKU, SONNET = "claude-haiku-5-5", "claude-sonnet-5-5"
ANYONE = Terms((), "UTC")


def body(**more: Any) -> bytes:
    return json.dumps({"model": HAIKU, "max_tokens": 1000} | more).encode()


def asked(**more: Any) -> Asked:
    return read(body(**more))


def said(*contents: Any, role: str = "user") -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for content in contents]


def call(given: Asked, tokens: int | None = None) -> Call:
    """As the first request of a process, unless its tokens are known."""
    return bound(given, at_most(given) if tokens is None else tokens, ANYONE.price)
