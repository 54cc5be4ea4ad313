"""What goes over the wire: JSON, and the refusals of the Bot API."""

import json
from typing import Any

from starlette.responses import Response

Json = dict[str, Any]


class ApiError(Exception):
    """A call that is answered with `ok: false`. `retry_after` is in seconds."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def body(self) -> Json:
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


def bad_request(message: str) -> ApiError:
    """400, with the first letter lower-cased as the Bot API server does it to TDLib's messages.

    A second character that is a capital or "_" keeps the first: `BUTTON_DATA_INVALID`.
    """
    if len(message) > 1 and not (message[1].isupper() or message[1] == "_"):
        message = message[0].lower() + message[1:]
    return ApiError(400, f"Bad Request: {message}")


def too_many_requests(seconds: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {seconds}", seconds)


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON in ASCII: a lone surrogate, which a test may well send, has no UTF-8."""
    return Response(json.dumps(body), status, headers, "application/json")


def refusal(error: ApiError) -> Response:
    wait = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return answer(error.body(), error.code, wait)
