"""Files that hold secrets: what they say, and whether others on this machine can read them."""

import shlex
from pathlib import Path

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
    data = stack.data
    found: list[Layer] = []
    problems: list[Problem] = []
    for section, name in FILES:
        key = (section, f"{name}_file")
        path = data[section][f"{name}_file"]
        if not isinstance(path, str) or not path or data[section][name]:
            continue
        try:
            content = _content(folder / Path(path).expanduser())
        except (OSError, ValueError, RuntimeError) as error:
            problems.append(Problem(key, _reason(error)))
        else:
            found.append(of_value((section, name), content, stack.place(key)))
    return found, problems


def _content(path: Path) -> str:
    """ValueError: it must not be used, and why."""
    content = path.read_text(encoding="utf-8").strip()
    if text := exposed(path) or ("" if content else "the file is empty"):
        raise ValueError(text)
    return content


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return "the file is no text" if isinstance(error, UnicodeDecodeError) else str(error)
