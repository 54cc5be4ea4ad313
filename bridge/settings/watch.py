"""Notices edits. Editors replace files instead of writing them, so the folders are watched.

What the kernel tells only makes us look sooner: on a network drive, or when a folder was replaced,
it tells nothing. What the files say decides.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping
from pathlib import Path

import structlog
from watchfiles import awatch

log = structlog.get_logger(__name__)

LOOK = 1.0  # seconds between two looks that nobody asked for
QUIET = 100  # milliseconds without a further change, before a change is told
MOST = 1000  # milliseconds that it is held back while changes go on

# The mode and the text of each file; None: it is not there.
Contents = Mapping[Path, tuple[int, bytes] | None]


def contents(paths: Iterable[Path]) -> Contents:
    return {path: _content(path) for path in paths}


def _content(path: Path) -> tuple[int, bytes] | None:
    """A file that cannot be read is as good as none: reading the settings says why."""
    try:
        return path.stat().st_mode, path.read_bytes()
    except OSError:
        return None


def shrunk(before: Contents, now: Contents) -> bool:
    """Whether a file is gone or empty that was not: somebody may be about to write it anew."""
    return any(_text(content) and not _text(now.get(path)) for path, content in before.items())


def _text(content: tuple[int, bytes] | None) -> bytes:
    return content[1] if content else b""


def folders(paths: Iterable[Path]) -> frozenset[Path]:
    """Those of the files, and of the files that they are links to."""
    found = {folder for path in paths for folder in (path.parent, path.resolve().parent)}
    return frozenset(folder for folder in found if folder.is_dir())


async def looks(
    places: Collection[Path], sleep: Callable[[float], Awaitable[None]]
) -> AsyncGenerator[None]:
    """Comes round when something may have changed in these folders, and every second anyway."""
    try:
        async for _ in awatch(
            *places,
            watch_filter=None,
            debounce=MOST,
            step=QUIET,
            rust_timeout=int(LOOK * 1000),
            yield_on_timeout=True,
            recursive=False,
        ):
            yield
    except OSError as error:
        log.warning("settings.unwatched", why=str(error), seconds=LOOK)
    while True:
        await sleep(LOOK)
        yield
