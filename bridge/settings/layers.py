"""The layers of the settings, read by dynaconf one at a time and merged by us.

dynaconf only reads. A Dynaconf object that loads files by itself would also drop half a table that
a later layer mentions, append lists, run a `dynaconf_hooks.py` beside the file and execute values
that begin with `@`. So each text goes through its TOML loader alone, each variable through its
parser, and nothing that begins with `@` reaches either.

Later layers win: tables merge key by key, everything else, lists too, replaces.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridge.settings import lines
from bridge.settings.problem import Key, Place

PREFIX = "TOLLBRIDGE_"
LIST = "TOLLBRIDGE_SETTINGS"  # replaces the file list
VARIABLES = 1_000_000  # their place is after every file
DEFAULTS = Path(__file__).with_name("defaults.toml")

# dynaconf executes `@format …` and its like; a package name such as @scope/name is harmless.
EXECUTED = re.compile(r"\s*@(?!\w[\w.-]*/)")


@dataclass(frozen=True, slots=True)
class Layer:
    """One file or one variable: what it says and where it says it."""

    data: Mapping[str, Any]
    places: Mapping[Key, Place]
    raw: str = ""  # of a variable

    def place(self, key: Key) -> Place | None:
        """Of the key, or of the nearest table around it."""
        return next((self.places[part] for part in _parts(key) if part in self.places), None)


@dataclass(frozen=True, slots=True)
class Layers:
    """All of them, the lowest first. The packaged defaults have no places: nobody edits them."""

    all: Sequence[Layer]
    start: Place  # of the first file, for what stands nowhere

    def over(self, layers: Iterable[Layer]) -> "Layers":
        return replace(self, all=(*self.all, *layers))

    def misplaced(self) -> Iterator[tuple[Place, Key, Any]]:
        """Values where a table belongs."""
        below: Any = {}
        for layer in self.all:
            for key, value in misplaced(below, layer.data):
                yield layer.place(key) or self.start, key, value
            below = merge(below, layer.data)

    @property
    def data(self) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for layer in self.all:
            merged = merge(merged, layer.data)
        return merged

    def place(self, key: Key) -> Place:
        """Where the value in force stands; for a missing key, where the nearest table begins."""
        if found := self.origin(key):
            return found
        for part in _parts(key):
            for layer in self.all:
                if part in layer.places:
                    return layer.places[part]
        return self.start

    def origin(self, key: Key) -> Place | None:
        """Where the value in force stands; None: it is a default."""
        found = (layer for layer in reversed(self.all) if _value_of(key) in layer.places)
        return next((layer.place(key) for layer in found), None)

    def raw(self, key: Key) -> str | None:
        """The text of the variable that set this value, if one did."""
        for layer in reversed(self.all):
            if key in layer.places:
                return layer.raw or None
        return None


def _value_of(key: Key) -> Key:
    """The key itself, or the list it is in: lists come from one layer as a whole."""
    return next((key[:at] for at, part in enumerate(key) if isinstance(part, int)), key)


def _parts(key: Key) -> list[Key]:
    """The key and the tables around it, the nearest first."""
    return [key[:length] for length in range(len(key), 0, -1)]


def merge(under: Any, over: Any) -> Any:
    """A table stays one: what is put in its place is left out, `misplaced` tells."""
    if not isinstance(under, Mapping):
        return over
    if not isinstance(over, Mapping):
        return under
    return {**under, **{key: merge(under.get(key), value) for key, value in over.items()}}


def misplaced(under: Any, over: Any, above: Key = ()) -> list[tuple[Key, Any]]:
    """Where `over` has another value than a table and `under` has one."""
    if not isinstance(under, Mapping):
        return []
    if not isinstance(over, Mapping):
        return [(above, over)]
    return [found for key in over for found in misplaced(under.get(key), over[key], (*above, key))]


def parse(text: str) -> dict[str, Any]:
    """The tables of a TOML text, as they stand there. tomllib.TOMLDecodeError: it has none."""
    from dynaconf import Dynaconf  # noqa: PLC0415 - 50 ms that users of `Settings` need not wait
    from dynaconf.loaders.base import BaseLoader  # noqa: PLC0415

    loader = BaseLoader(
        obj=Dynaconf(settings_files=[], loaders=[], load_dotenv=False, environments=False),
        env="_envless",
        identifier="toml",
        extensions=(".toml",),
        file_reader=tomllib.load,
        string_reader=tomllib.loads,
        opener_params={"mode": "rb"},
    )
    source = text + "\n"  # a text that ends with ".toml" would be taken for the name of a file
    tables: dict[str, Any] = loader.get_source_data([source]).get(source, {})
    return tables


def of_text(text: str, name: str, number: int) -> Layer:
    """The layer of a file called `name`, the `number`th in order."""
    found = lines.index(text)
    return Layer(parse(text), {key: Place(number, line, name) for key, line in found.items()})


def of_environment(environ: Mapping[str, str], below: Mapping[str, Any]) -> list[Layer]:
    """One layer for each `TOLLBRIDGE_SECTION__KEY`. Names of tables `below` keep their case."""
    names = sorted(name for name in environ if name.startswith(PREFIX) and name != LIST)
    return [of_variable(name, environ[name], below) for name in names]


def of_variable(name: str, raw: str, below: Mapping[str, Any]) -> Layer:
    key = _path(name.removeprefix(PREFIX), below)
    layer = of_value(key, _value(raw), Place(VARIABLES, 0, name))
    return replace(layer, raw=raw)


def of_value(key: tuple[str, ...], value: Any, place: Place) -> Layer:
    data: Any = value
    for part in reversed(key):
        data = {part: data}
    return Layer(data, dict.fromkeys(_paths(data), place))


def _path(name: str, below: Any) -> tuple[str, ...]:
    path: list[str] = []
    for part in name.split("__"):
        known = below if isinstance(below, Mapping) else {}
        path.append(next((key for key in known if key.lower() == part.lower()), part.lower()))
        below = known.get(path[-1])
    return tuple(path)


def _value(raw: str) -> Any:
    """As TOML if it is that, else the text itself."""
    from dynaconf.utils.parse_conf import boolean_fix, parse_conf_data  # noqa: PLC0415

    if EXECUTED.match(raw):
        return raw
    return _plain(parse_conf_data(boolean_fix(raw), tomlfy=True))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _paths(value: Any, above: Key = ()) -> list[Key]:
    found: list[Key] = [above] if above else []
    if isinstance(value, Mapping):
        for key, item in value.items():
            found += _paths(item, (*above, key))
    return found


def executed(value: Any, above: Key = ()) -> list[Key]:
    """The keys whose values dynaconf would execute."""
    if isinstance(value, Mapping):
        return [found for key, item in value.items() for found in executed(item, (*above, key))]
    if isinstance(value, list):
        return [found for at, item in enumerate(value) for found in executed(item, (*above, at))]
    return [above] if isinstance(value, str) and EXECUTED.match(value) else []
