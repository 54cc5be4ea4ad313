"""What Claude Code asks for: the body of one request, read once."""

import json
from dataclasses import dataclass
from typing import Any, TypeGuard

from budgets.prices import Written


class Malformed(ValueError):
    """Nothing that the API could answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`fields`: the body as JSON. `betas`: the beta headers, which may change what counts."""

    body: bytes
    fields: dict[str, Any]
    betas: tuple[bytes, ...] = ()

    @property
    def model(self) -> str:
        return str(self.fields["model"])

    @property
    def most(self) -> int:
        """Tokens of output."""
        return int(self.fields["max_tokens"])

    @property
    def stream(self) -> bool:
        return self.fields.get("stream") is True

    @property
    def written(self) -> Written:
        """Inside of a text a quotation mark is escaped, so only the keys themselves are found."""
        if b'"cache_control"' not in self.body:
            return ""
        return "1h" if b'"1h"' in self.body else "5m"

    def listed(self, name: str) -> list[dict[str, Any]]:
        """The objects of a list; what is none is for the API to refuse."""
        given = self.fields.get(name)
        return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def read(body: bytes, betas: tuple[bytes, ...] = ()) -> Asked:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("The body is no JSON.") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("model"), str):
        raise Malformed("The body names no model.")
    if not whole(fields.get("max_tokens")) or fields["max_tokens"] < 1:
        raise Malformed("The body names no max_tokens.")
    return Asked(body, fields, betas)


def whole(number: Any) -> TypeGuard[int]:
    """JSON's `true` is no number."""
    return isinstance(number, int) and not isinstance(number, bool)
