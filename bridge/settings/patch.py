"""Small changes to the text of a TOML file that leave every other line as it is. Pure.

A library that keeps comments takes what stands between two tables for the first one's: a new table
comes below the next one's heading, and one that goes takes that heading with it. Here a new table
goes to the end, a new key below its table's header, and only the lines of what goes are taken out.
Whatever was written in a way that this does not suit is refused: the result is read and compared.
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.errors import SettingsError
from bridge.settings import lines
from bridge.settings.problem import Key, dotted, quoted
from bridge.settings.show import written

HAND = "The file says {key} in a way that I cannot change; please do it by hand."


def put(text: str, table: Key, values: Mapping[str, Any]) -> str:
    """With these keys in this table, in place of what they were. SettingsError: by hand only."""
    for name in values:
        text = drop(text, (*table, name))
    said = [f"{quoted(name)} = {written(value)}" for name, value in values.items()]
    every, at = text.split("\n"), _header(text, table)
    if at is None:
        while every and not every[-1].strip():
            every.pop()
        every += [*([""] if every else []), f"[{dotted(table)}]", *said, ""]
    else:
        every[at:at] = said
    return _checked(text, "\n".join(every), table, values)


def drop(text: str, key: Key) -> str:
    """Without this key, or this table and all that is in it. SettingsError: by hand only."""
    every = text.split("\n")
    gone = {number for start in _starts(text, key) for number in _statement(every, start)}
    if not gone:
        return text
    kept = [line for number, line in enumerate(every) if number not in gone]
    first = min(gone)
    alone = first == 0 or not kept[first - 1].strip()
    if alone and first < len(kept) - 1 and not kept[first].strip():
        del kept[first]  # one blank line is enough where there was something between two
    return _checked(text, "\n".join(kept), key, None)


def _header(text: str, table: Key) -> int | None:
    """The number of the line below the header of a table; from 0."""
    number = lines.index(text).get(table)
    if number is None or not text.split("\n")[number - 1].lstrip().startswith("["):
        return None
    return number


def _starts(text: str, key: Key) -> Iterator[int]:
    """The lines, from 0, on which the key or something in it begins."""
    for each, number in lines.index(text).items():
        if each[: len(key)] == key:
            yield number - 1


def _statement(every: list[str], start: int) -> range:
    """A long value has several lines: it ends with the first at which it can be read."""
    for end in range(start + 1, len(every) + 1):
        try:
            tomllib.loads("\n".join(every[start:end]))
        except tomllib.TOMLDecodeError:
            continue
        return range(start, end)
    return range(start, start + 1)


def _checked(before: str, after: str, key: Key, values: Mapping[str, Any] | None) -> str:
    wanted = tomllib.loads(before)
    _change(wanted, key, values)
    try:
        same = _bare(tomllib.loads(after)) == _bare(wanted)
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise SettingsError(HAND.format(key=dotted(key)))
    return after


def _change(data: dict[str, Any], key: Key, values: Mapping[str, Any] | None) -> None:
    *above, last = key
    for part in above:
        data = data.setdefault(str(part), {})
    if values is None:
        data.pop(str(last), None)
    else:
        data[str(last)] = {**data.get(str(last), {}), **values}


def _bare(value: Any) -> Any:
    """Without empty tables: the last key of one may take it along."""
    if not isinstance(value, dict):
        return value
    found = {name: _bare(item) for name, item in value.items()}
    return {name: item for name, item in found.items() if item != {}}
