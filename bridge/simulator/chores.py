"""Requests that Claude Code makes for itself, which no script should have to expect.

They are answered in the plainest way: the probe of a model id, the summary of a compaction,
a title or another small JSON value.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.simulator.script import Say, Step
from bridge.simulator.talk import Talk

_SUMMARISE = "Your task is to create a detailed summary"


def steps(body: Mapping[str, Any], talk: Talk) -> Sequence[Step] | None:
    """The answer to a chore; None when the request is a turn of a conversation."""
    if not body.get("stream") and body.get("max_tokens") == 1:
        return (Say("Hi"),)
    if _SUMMARISE in talk.said:
        return (Say(f"<summary>\nWhat was asked, in {talk.turn} turns, was done.\n</summary>"),)
    schema = ((body.get("output_config") or {}).get("format") or {}).get("schema")
    if schema and not talk.tools:
        return (Say(json.dumps(_example(schema))),)
    return None


def _example(schema: Mapping[str, Any]) -> Any:
    """The smallest value that suits a JSON schema."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: _example(kind) for name, kind in schema.get("properties", {}).items()}
        case "array":
            return []
        case "boolean":
            return False
        case "integer" | "number":
            return 0
    return "Simulated"
