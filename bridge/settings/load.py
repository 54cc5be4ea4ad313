"""From files and variables to one `Settings`, or to every problem at once.

The settings are never partly loaded: either all of this succeeds, or nothing comes out of it and
the caller keeps what it had.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bridge.errors import SettingsError
from bridge.settings import layers, private
from bridge.settings.check import check
from bridge.settings.explain import validate
from bridge.settings.layers import Layer, Layers
from bridge.settings.problem import Place, Problem, dotted, redacted, shown
from bridge.settings.schema import Settings

FILES = ("settings.toml", "settings.local.toml", ".secrets.toml")

# Where the settings say nothing of their own, the names everyone uses for Anthropic apply.
AMBIENT = (("base_url", "ANTHROPIC_BASE_URL"), ("api_key", "ANTHROPIC_API_KEY"))


@dataclass(frozen=True, slots=True)
class Source:
    """Where settings come from: files, looked for in `folder`, and variables.

    `files` replaces the file list, as TOLLBRIDGE_SETTINGS does; such files must exist.
    """

    environ: Mapping[str, str]
    folder: Path
    files: Sequence[Path] | None = None
    token_needed: bool = True

    def read(self) -> Settings:
        """SettingsError: each problem as one line, `file:line: key: what is wrong …`."""
        settings, _ = self.inspect()
        return settings

    def inspect(self) -> tuple[Settings, Layers]:
        """With the layers, which tell where each value comes from. SettingsError: as `read`."""
        stack, problems = self._layers()
        secrets, faults = private.read(stack, self.folder)
        problems += faults
        stack = stack.over(secrets)
        stack = stack.over(_ambient(self.environ, stack.data, defaults()))
        problems += _refused(stack)
        settings, faults = validate(stack, defaults())
        problems += faults
        if settings:
            problems += check(settings, stack, problems, token_needed=self.token_needed)
        if problems or not settings:
            raise SettingsError(*_report(problems, stack))
        return settings, stack

    def listed(self) -> list[Path]:
        """The files of settings, there or not, in their order."""
        return [path for path, _ in _paths(self.environ, self.folder, self.files)]

    def paths(self) -> list[Path]:
        """Every file that counts, there or not, those with nothing but a secret too."""
        found = self.listed()
        try:
            stack, _ = self._layers()
        except SettingsError:
            return found  # which other files it names is not known before it can be read
        return found + private.paths(stack.data, self.folder)

    def _layers(self) -> tuple[Layers, list[Problem]]:
        """Files and variables. SettingsError: a file is no TOML."""
        paths = _paths(self.environ, self.folder, self.files)
        found, problems = _files(paths)
        start = Place(1, 1, paths[0][0].name)
        below = Layers((Layer(defaults(), {}), *found), start)
        return below.over(layers.of_environment(self.environ, below.data)), problems


def read(
    environ: Mapping[str, str],
    folder: Path,
    files: Sequence[Path] | None = None,
    *,
    token_needed: bool = True,
) -> Settings:
    """The settings in force now. SettingsError: all that is wrong with them."""
    return Source(environ, folder, files, token_needed).read()


@cache
def defaults() -> Mapping[str, Any]:
    return layers.parse(layers.DEFAULTS.read_text(encoding="utf-8"))


def _paths(
    environ: Mapping[str, str], folder: Path, files: Sequence[Path] | None
) -> list[tuple[Path, bool]]:
    """Each file, and whether it must exist."""
    listed = [
        Path(name.strip()) for name in environ.get(layers.LIST, "").split(";") if name.strip()
    ]
    files = files or listed
    if not files:
        return [(folder / name, False) for name in FILES]
    return [(folder / path.expanduser(), True) for path in files]


def _files(paths: Sequence[tuple[Path, bool]]) -> tuple[list[Layer], list[Problem]]:
    """The layer of each file. SettingsError: one of them is no TOML, so nothing else is known."""
    found: list[Layer] = []
    problems: list[Problem] = []
    unreadable: list[str] = []
    for number, (path, needed) in enumerate(paths, 1):
        if not needed and not os.path.lexists(path):
            continue
        try:
            found.append(layers.of_text(_text(path), path.name, number))
            problems += private.guard(path, Place(number, 1, path.name))
        except SettingsError as error:
            unreadable += error.problems
    if unreadable:
        raise SettingsError(*unreadable)
    return found, problems


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        tomllib.loads(text)
    except OSError as error:
        raise SettingsError(f"{path.name}:1: the file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path.name}:{line}: the file is no UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path.name}:{_syntax(str(error), text)}") from error
    return text


def _syntax(message: str, text: str) -> str:
    """Tomllib's "what (at line 3, column 5)" as "3: what (column 5)"."""
    message = message.replace(r"Illegal character '\n'", "a text has no end on its line")
    at = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    if at:
        return f"{at[2]}: no valid TOML: {at[1]} (column {at[3]})"
    return f"{text.rstrip().count(chr(10)) + 1}: no valid TOML: {message}"


def _ambient(
    environ: Mapping[str, str], data: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Iterator[Layer]:
    for name, variable in AMBIENT:
        silent = data["anthropic"][name] in ("", defaults["anthropic"][name])
        if silent and environ.get(variable):
            place = Place(layers.VARIABLES, 0, variable)
            yield layers.of_value(("anthropic", name), environ[variable], place)


def _refused(stack: Layers) -> Iterator[Problem]:
    """What no layer may say, even if a later one takes it back."""
    for place, key, value in stack.misplaced():
        yield Problem(key, f"must be a table, not {shown(value)}", place)
    text = "begins with @, which would be executed; write the value itself"
    for layer in stack.all:
        for key in layers.executed(layer.data):
            yield Problem(key, text, layer.place(key))


def _report(problems: Sequence[Problem], stack: Layers) -> list[str]:
    """One line for each key, in the order of the files."""
    first: dict[object, tuple[Place, str]] = {}
    for problem in problems:
        place = problem.place or stack.place(problem.key)
        line = redacted(f"{place}: {dotted(problem.key)}: {problem.text}")
        first.setdefault((place, problem.key), (place, line))
    return [line for _, line in sorted(first.values())]
