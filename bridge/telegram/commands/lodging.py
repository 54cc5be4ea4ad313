"""Where a session lives: a folder of its own, or one that the settings declare, by role."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from bridge.actor import folder
from bridge.errors import StoreError
from bridge.model import Session, SessionKey
from bridge.ports import Sessions
from bridge.settings import Folder, Role, Settings
from bridge.telegram import names
from bridge.telegram.commands.context import Context, Refusal
from bridge.telegram.commands.words import code, codes


def candidates(key: SessionKey, settings: Settings) -> Iterator[Path]:
    """The folders a session of this name may have, the best first. Endless."""
    best = folder(key, settings)
    yield best
    for number in itertools.count(2):
        yield best.with_name(f"{best.name}-{number}")


async def unused(key: SessionKey, settings: Settings, sessions: Sessions) -> Path:
    """The first of them where no session lives and no files are."""
    for path in candidates(key, settings):
        if not await sessions.within(path) and not filled(path):
            return path
    raise AssertionError("unreachable")


async def vacant(key: SessionKey, settings: Settings, sessions: Sessions) -> Path:
    """The first of them where no session lives: a chat's first session finds the files there."""
    for path in candidates(key, settings):
        if not await sessions.within(path):
            return path
    raise AssertionError("unreachable")


def filled(path: Path) -> bool:
    """Whether something is there."""
    try:
        return path.exists() and (not path.is_dir() or any(path.iterdir()))
    except OSError as error:
        raise StoreError(f"The folder {path} cannot be read: {error.strerror}.") from error


def offered(settings: Settings, role: Role) -> Mapping[str, Folder]:
    """The folders of the settings that are open to this role."""
    return {name: each for name, each in settings.folders.items() if role in each.roles}


def chosen(given: str, context: Context) -> tuple[str, Path]:
    """The name and path of a folder; its name may be shortened. Refusal: which there are."""
    open_ = offered(context.settings, context.role)
    found = names.matches(given, open_)
    if len(found) == 1:
        return found[0], open_[found[0]].path
    if not open_:
        raise Refusal("No folder is open to you. The owner declares them under `[folders]`.")
    raise Refusal(f"There is no folder {code(given)}. Open to you: {codes(open_)}.")


def closed_to(session: Session, role: Role, settings: Settings) -> str:
    """Why somebody of this role may not use a session; "" = they may."""
    if not session.borrowed or session.borrowed in offered(settings, role):
        return ""
    return (
        f"Session {code(session.key.name)} works in the folder {code(session.borrowed)}, "
        "which is not open to you. /sessions lists the others."
    )


async def company(path: Path, key: SessionKey, sessions: Sessions) -> str:
    """A warning when others live in that folder; "" = nobody does."""
    others = [each.key for each in await sessions.within(path) if each.key != key]
    if not others:
        return ""
    near = [other.name for other in others if other.place == key.place]
    who = f"Session {codes(near)} works" if near else "A session of another chat works"
    return f"⚠ {who} in this folder too; do not let both change the same files at once."
