"""The API's own count of a prompt, which is free: asked when a bound by bytes does not fit."""

import json

import httpx
import structlog

from bridge.booth.asked import Asked, whole

log = structlog.get_logger(__name__)

PATH = "v1/messages/count_tokens"
# All that it accepts; what is only for an answer it refuses.
FIELDS = ("model", "messages", "system", "tools", "tool_choice", "thinking", "context_management",
          "output_config")  # fmt: skip
PATIENCE = httpx.Timeout(5.0).as_dict()
OFF = 1.02  # the API calls its count an estimate, off by a small amount
MARGIN = 100  # tokens


def question(asked: Asked) -> bytes:
    """The body to be counted."""
    return json.dumps(
        {name: asked.fields[name] for name in FIELDS if name in asked.fields}
    ).encode()


async def counted(client: httpx.AsyncClient, sent: httpx.Request) -> int | None:
    """The most tokens that the prompt has; None: the API does not tell."""
    sent.extensions = {**sent.extensions, "timeout": PATIENCE}
    try:
        answer = await client.send(sent)
        told = answer.json() if answer.is_success else None
    except (httpx.HTTPError, ValueError) as failure:
        log.warning("booth.uncounted", error=type(failure).__name__)
        return None
    if answer.is_error:
        log.warning("booth.uncounted", status=answer.status_code)
    tokens = most(told)
    return None if tokens is None else int(tokens * OFF) + MARGIN


def most(told: object) -> int | None:
    """Before the API shortens the history, if it does."""
    match told:
        case {"input_tokens": now, "context_management": {"original_input_tokens": before}}:
            return max(now, before) if whole(now) and whole(before) else None
        case {"input_tokens": now} if whole(now):
            return now
    return None
