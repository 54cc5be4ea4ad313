"""Which time zone this machine is in."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from zoneinfo import ZoneInfo

from bridge.settings.problem import near

FOLDER = "zoneinfo/"
ELSEWHERE = "UTC"


def guessed(environ: Mapping[str, str], etc: Path = Path("/etc")) -> str:
    """UTC, when nothing tells."""
    return next((name for name in _told(environ, etc) if known(name)), ELSEWHERE)


def known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def unknown(name: str, names: set[str]) -> str:
    """The sentence for a name that is none."""
    return f"There is no time zone {name!r}{near(name, names)} write it like Europe/Copenhagen."


def _told(environ: Mapping[str, str], etc: Path) -> Iterator[str]:
    yield environ.get("TZ", "").removeprefix(":")
    with suppress(OSError):
        yield (etc / "timezone").read_text(encoding="utf-8").strip()
    with suppress(OSError):
        yield str((etc / "localtime").readlink()).partition(FOLDER)[2]
