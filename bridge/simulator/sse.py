"""The events of a streamed reply, and the same reply as one JSON message."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from bridge.simulator.usage import Usage

Event: TypeAlias = dict[str, Any]

PING: Event = {"type": "ping"}
MESSAGE_STOP: Event = {"type": "message_stop"}


def message_start(message_id: str, model: str, usage: Usage) -> Event:
    message: Event = {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage.as_json(),
    }
    return {"type": "message_start", "message": message}


def text_block() -> dict[str, Any]:
    return {"type": "text", "text": ""}


def thinking_block() -> dict[str, Any]:
    return {"type": "thinking", "thinking": "", "signature": ""}


def tool_block(use_id: str, name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": use_id, "name": name, "input": {}}


def block_start(index: int, block: dict[str, Any]) -> Event:
    return {"type": "content_block_start", "index": index, "content_block": block}


def block_delta(index: int, kind: str, piece: str) -> Event:
    """`kind` is that of the block: text, thinking, tool_use; or signature."""
    name, field = _DELTAS[kind]
    return {"type": "content_block_delta", "index": index, "delta": {"type": name, field: piece}}


def block_stop(index: int) -> Event:
    return {"type": "content_block_stop", "index": index}


def message_delta(reason: str, usage: Usage) -> Event:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": usage.as_json(),
    }


def error(kind: str, message: str, request_id: str) -> Event:
    """Both an event of a stream and the body of a refusal."""
    return {
        "type": "error",
        "error": {"type": kind, "message": message},
        "request_id": request_id,
    }


def signature(text: str) -> str:
    """Made up, but like a real one: opaque, and the same for the same thought."""
    return base64.b64encode(hashlib.sha512(text.encode()).digest()).decode()


def encode(event: Event) -> bytes:
    data = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return f"event: {event['type']}\ndata: {data}\n\n".encode()


def fold(events: Iterable[Event]) -> dict[str, Any]:
    """The message that these events of a whole reply build up."""
    message: dict[str, Any] = {}
    inputs: dict[int, str] = {}
    for event in events:
        match event["type"]:
            case "message_start":
                message = dict(event["message"], content=[])
            case "content_block_start":
                message["content"].append(dict(event["content_block"]))
            case "content_block_delta":
                _grow(message["content"][event["index"]], event["delta"], event["index"], inputs)
            case "message_delta":
                message.update(event["delta"], usage=event["usage"])
    for index, raw in inputs.items():
        message["content"][index]["input"] = _parsed(raw)
    return message


def _grow(
    block: dict[str, Any], delta: Mapping[str, str], index: int, inputs: dict[int, str]
) -> None:
    for field in ("text", "thinking", "signature"):
        if field in delta:
            block[field] += delta[field]
    if "partial_json" in delta:
        inputs[index] = inputs.get(index, "") + delta["partial_json"]


def _parsed(raw: str) -> Any:
    """A tool's input; {} when max_tokens cut it in the middle."""
    try:
        return json.loads(raw)
    except ValueError:
        return {}


_DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
    "signature": ("signature_delta", "signature"),
}
