"""Files that hold secrets: what they say, and whether others on this machine can read them."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bridge.settings.layers import Layer, Layers, of_value
from bridge.settings.problem import Place, Problem

FILES = (("telegram", "token"), ("anthropic", "api_key"))  # each with its `…_file` beside it


def exposed(path: Path) -> str | None:
    """What is wrong with who may read it, and the command that fixes it."""
    if path.stat().st_mode & 0o077:
        return f"other users can read this file; run: chmod 600 {shlex.quote(str(path))}"
    return None


def guard(path: Path, place: Place) -> list[Problem]:
    """A `.secrets.toml` is for its owner alone."""
    if path.name != ".secrets.toml":
        return []
    text = exposed(path)
    return [Problem(("permissions",), text, place)] if text else []


def read(stack: Layers, folder: Path) -> tuple[list[Layer], list[Problem]]:
    """The secrets that stand in files of their own, for those that are not set directly."""
    found: list[Layer] = []
    problems: list[Problem] = []
    for section, name, path in _named(stack.data):
        key = (section, f"{name}_file")
        try:
            content = _content(path, folder)
        except (OSError, ValueError, RuntimeError) as error:
            problems.append(Problem(key, _reason(error)))
        else:
            found.append(of_value((section, name), content, stack.place(key)))
    return found, problems


def paths(data: Mapping[str, Any], folder: Path) -> list[Path]:
    """The files that count, there or not."""
    found = []
    for _, _, path in _named(data):
        with suppress(RuntimeError):  # a ~ whose home is unknown: `read` says so
            found.append(folder / Path(path).expanduser())
    return found


def _named(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The table, the secret and the path of its file, where the secret is not set directly."""
    for section, name in FILES:
        path = data[section][f"{name}_file"]
        if isinstance(path, str) and path and not data[section][name]:
            yield section, name, path


def _content(name: str, folder: Path) -> str:
    """ValueError: it must not be used, and why."""
    path = folder / Path(name).expanduser()
    content = path.read_text(encoding="utf-8").strip()
    if text := exposed(path) or ("" if content else "the file is empty"):
        raise ValueError(text)
    return content


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return "the file is no text" if isinstance(error, UnicodeDecodeError) else str(error)
