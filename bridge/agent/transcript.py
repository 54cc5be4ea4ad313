"""The file that Claude Code keeps of a conversation: read, checked, put aside, copied.

It lies at `<home>/projects/<folder>/<id>.jsonl`, one JSON object on each line. It is only ever
added to, so an entry that was there once stays. After a kill the last line may be cut; Claude
Code passes over it. But an unreadable line that others refer to hides all that came before
it, without a word: such a file is damaged.
"""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from glob import escape
from pathlib import Path
from typing import Any

TAIL = 1 << 20  # bytes of the end of the file in which the last entry is looked for


class State(StrEnum):
    OK = "ok"
    MISSING = "missing"
    DAMAGED = "damaged"
    DIVERGED = "diverged"  # it lacks the entry that was its last one


def find(home: Path, claude_id: str) -> Path | None:
    """The newest one, since a session that moved has left another behind."""
    found = home.glob(f"projects/*/{escape(claude_id)}.jsonl")
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=None)


def state(home: Path, claude_id: str, last_entry: str) -> State:
    """`last_entry` "" = none is on record."""
    path = find(home, claude_id)
    if path is None:
        return State.MISSING
    try:
        lines = list(entries(path.read_bytes()))
    except OSError:
        return State.DAMAGED
    ids = {entry["uuid"] for entry in lines if entry and "uuid" in entry}
    if not ids or (None in lines and torn(lines, ids)):
        return State.DAMAGED
    return State.OK if not last_entry or last_entry in ids else State.DIVERGED


def torn(lines: list[dict[str, Any] | None], ids: set[str]) -> bool:
    """Whether an entry goes on from one that is not there."""
    parents = {entry.get("parentUuid") for entry in lines if entry}
    return bool(parents - ids - {None})


def last_entry(home: Path, claude_id: str) -> str:
    """The uuid of the last entry; "" when there is none."""
    path = find(home, claude_id)
    if path is None:
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        found = last(file.read())
    return found or last(path.read_bytes())


def last(raw: bytes) -> str:
    for entry in reversed(list(entries(raw))):
        if entry and "uuid" in entry:
            return str(entry["uuid"])
    return ""


def entries(raw: bytes) -> Iterator[dict[str, Any] | None]:
    """None: a line that is no entry."""
    for line in raw.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        yield entry if isinstance(entry, dict) else None


def put_aside(home: Path, claude_id: str) -> Path | None:
    """Under another name, with the time of its last change; where it is now."""
    path = find(home, claude_id)
    if path is None:
        return None
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return path.rename(path.with_name(f"{path.name}.aside-{changed:%Y%m%dT%H%M%S.%f}"))


def copy(claude_id: str, source: Path, target: Path) -> bool:
    """With what belongs to it, from one home to another. False: it is not there."""
    path = find(source, claude_id)
    if path is None:
        return False
    folder = target / path.parent.relative_to(source)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copy2(path, folder)
    if (beside := path.with_suffix("")).is_dir():
        shutil.copytree(beside, folder / beside.name, dirs_exist_ok=True)
    return True
