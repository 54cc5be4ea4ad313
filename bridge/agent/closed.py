"""What no tool may read, wherever the session's folder lies. Pure.

The sandbox hides these paths from every command, the guard from the file tools. Only the session's
own folder stays open inside of one: the sandbox mounts it again. What may become known is why a
whole folder is closed rather than its secrets one by one: nobody can list what will be in there.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from bridge.settings import Settings

SYSTEM = ("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers",
          "/etc/sudoers.d", "/etc/ssl/private", "/etc/ssh", "/etc/tollbridge",
          "/var/lib/docker", "/var/spool/cron")  # fmt: skip
PERSONAL = (".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".config", ".claude",
            ".claude.json", ".netrc", ".git-credentials", ".npmrc", ".pypirc", ".pgpass",
            ".password-store", ".mozilla", ".local/share/keyrings", ".local/share/tollbridge",
            ".bash_history", ".zsh_history", ".python_history", ".psql_history")  # fmt: skip


def closed(settings: Settings, role: str, home: Path) -> tuple[Path, ...]:
    """For a session of somebody with this role; `home` is the bridge's own."""
    others = [f.path for f in settings.folders.values() if role not in f.roles]
    personal = [home / name for name in PERSONAL]
    return resolved([settings.sessions.root, *others, *personal, *map(Path, SYSTEM)])


def resolved(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Each once, where it really is: a mount over a link would hide the link only."""
    return tuple(dict.fromkeys(path.resolve() for path in paths))


def shut(real: Path, folder: Path, closed: Sequence[Path]) -> bool:
    """Whether this path, links followed, is closed to a session that lives in `folder`."""
    return any(real.is_relative_to(c) and not folder.is_relative_to(c) for c in closed)
