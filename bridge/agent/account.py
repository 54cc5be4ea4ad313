"""The Unix user that Claude Code runs as, where it is not the bridge's own.

Then what lies beside its folder is closed to it by the system as well, whatever it starts. Group
and all further groups change with the user (measured: the SDK's own option leaves the group).
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import AgentError


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int
    home: Path

    @property
    def switch(self) -> str:
        """For `setpriv`."""
        return f"--reuid {self.uid} --regid {self.gid} --clear-groups"


def account(name: str) -> Account | None:
    """None: nobody else. AgentError: it cannot be."""
    if not name:
        return None
    if os.geteuid() != 0:
        raise AgentError(f"claude.user is {name}, but only root can run Claude Code as another.")
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise AgentError(f"claude.user: there is no user {name} on this machine.") from None
    return Account(found.pw_uid, found.pw_gid, Path(found.pw_dir))


def give(folder: Path, to: Account) -> None:
    """The folder with all that is in it; links are given, not followed. OSError."""
    os.lchown(folder, to.uid, to.gid)
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(Path(above, name), to.uid, to.gid)
