"""The settings in force, value by value, each with its origin; secrets are hidden."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from bridge.settings.change import entries
from bridge.settings.layers import Layers
from bridge.settings.problem import HIDDEN, Key, quoted, redacted
from bridge.settings.schema import Settings

NOT_SET = "(not set)"
DEFAULT = "default"

# The password of an address, greedily: a password may have any character in it, even another @.
PASSWORD = re.compile(r"(?<=://)([^:/?#]*):.*@|(?<=[?&])((?:ssl)?password)=[^&]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shown:
    """`value` is plain data, safe to be read by anybody. None: no such limit is declared."""

    key: str
    value: Any
    origin: str

    def __str__(self) -> str:
        return f"{self.key} = {written(self.value)}  # {self.origin}"


def shown(settings: Settings, layers: Layers, prefix: str = "") -> list[Shown]:
    """Every value below the table or key that is called `prefix`."""
    found = [
        Shown(
            ".".join(quoted(str(part)) for part in key),
            _safe(value),
            str(layers.origin(key) or DEFAULT),
        )
        for key, value in _values(settings, ())
    ]
    start = prefix.strip().strip(".")
    return [one for one in found if not start or f"{one.key}.".startswith(f"{start}.")]


def _values(value: Any, above: Key) -> Iterator[tuple[Key, Any]]:
    """Empty tables are values too: there is nothing in them to be shown instead."""
    for name, item in _entries(value):
        key = (*above, name)
        if any(True for _ in _entries(item)):
            yield from _values(item, key)
        else:
            yield key, item


def _entries(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, BaseModel):
        yield from entries(value).items()
    elif isinstance(value, Mapping):
        yield from ((str(name), item) for name, item in value.items())
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        yield from enumerate(value)


def _safe(value: Any) -> Any:
    match value:
        case SecretStr():
            return HIDDEN if value.get_secret_value() else NOT_SET
        case str():
            return redacted(PASSWORD.sub(_without, value))
        case Path():
            return redacted(str(value))
        case Decimal():
            return float(value)
        case tuple():
            return [_safe(item) for item in value]
        case Mapping() | BaseModel():
            return {}
    return value


def _without(found: re.Match[str]) -> str:
    return f"{found[2]}={HIDDEN}" if found[2] else f"{found[1]}:{HIDDEN}@"


def written(value: Any) -> str:
    """As TOML writes it, but for what is none of its values."""
    if value is None or value in (HIDDEN, NOT_SET):
        return value or NOT_SET
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return json.dumps(value, ensure_ascii=False)
