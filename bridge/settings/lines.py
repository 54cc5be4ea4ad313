"""Which line each key of a TOML file stands on.

tomllib keeps no lines, so the text is cut into statements (a header, or a key with its value) and
tomllib reads them one by one: quoting, dotted keys, inline tables and long values are its business.
"""

import tomllib
from collections.abc import Iterator
from typing import Any

from bridge.settings.problem import Key


def index(text: str) -> dict[Key, int]:
    """The line of every header and key of a valid file. Tables never named have their first key's.

    The elements of an array of tables are numbered: ("routing", "tests", 0, "text").
    """
    lines: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    for number, statement in _statements(text):
        parsed = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _header(parsed, counts)
            _note(lines, table, number)
        else:
            for key in _keys(parsed):
                _note(lines, table + key, number)
    return lines


def _note(lines: dict[Key, int], key: Key, number: int) -> None:
    """The first header of an array stays the array's own; a table named later moves to its name."""
    for length in range(1, len(key)):
        lines.setdefault(key[:length], number)
    lines[key] = number


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement with its first line. It ends with the first line at which it can be read."""
    start, statement = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if not statement:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            start = number
        statement += line + "\n"
        if _complete(statement):
            yield start, statement
            statement = ""


def _complete(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _header(parsed: dict[str, Any], counts: dict[Key, int]) -> Key:
    """The key of `[a.b]`, or of the next element of `[[a.b]]`; `counts` has the arrays so far."""
    key: Key = ()
    here: Any = parsed
    while here:
        ((name, here),) = here.items()
        key += (name,)
        if isinstance(here, list):
            counts[key] = counts.get(key, 0) + 1
            here = {}
        if key in counts:
            key += (counts[key] - 1,)
    return key


def _keys(parsed: dict[str, Any]) -> Iterator[Key]:
    for name, value in parsed.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *key) for key in _keys(value))
