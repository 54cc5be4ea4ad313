"""Writes into the files of settings: who may use the bot, and what `tollbridge init` asks.

An edit is tried before it counts: the settings are read with the new text in place of the old one.
If they are not good, or the file says things in a way that cannot be changed line by line, nothing
has happened. A file is replaced as a whole, so nobody ever reads half of one.
"""

import os
import threading
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bridge.errors import SettingsError
from bridge.settings.load import Source
from bridge.settings.patch import drop, put
from bridge.settings.schema import Pairing, Role

SECRETS = ".secrets.toml"
LOCAL = "# What holds on this machine, written by the bot too. It wins over settings.toml.\n"
PRIVATE = "# For your eyes only. Nobody but you may read this file: chmod 600 .secrets.toml\n"
NOWHERE = f"TOLLBRIDGE_SETTINGS names no {SECRETS}; add one to it, for the secrets."
BY_HAND = "[users.{user}] does not stand in {file}; please take it out by hand where it stands."


@dataclass(frozen=True, slots=True)
class Editor:
    """All of it takes some milliseconds of disk. SettingsError: nothing was changed, and why."""

    source: Source
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def local(self) -> Path:
        """What holds for this machine: the last of the files, but for the secrets."""
        return next(path for path in reversed(self.source.listed()) if path.name != SECRETS)

    def keep(self, table: str, name: str, secret: str) -> None:
        """In the file of secrets."""
        file = next((path for path in self.source.listed() if path.name == SECRETS), None)
        if file is None:
            raise SettingsError(NOWHERE)
        self._change(file, lambda text: put(text or PRIVATE, (table,), {name: secret}), 0o600)

    def offer(self, pairing: Pairing) -> None:
        """Open a pairing code, in place of the one before."""
        values = {
            "code": pairing.seal,
            "until": pairing.until,
            "name": pairing.name,
            "timezone": pairing.timezone,
            **_amounts(pairing),
        }
        self._local(lambda text: put(drop(text, PAIRING), PAIRING, values))

    def budget(self, day: float, month: float) -> None:
        """Of everybody without one of their own."""
        values = {"day_usd": day, "month_usd": month}
        self._local(lambda text: put(text, ("budgets", "default"), values))

    def pair(self, user: int, name: str, pairing: Pairing) -> bool:
        """The user becomes the owner, and the code is gone. False: it was gone already."""
        open_ = False

        def edit(text: str) -> str:
            nonlocal open_
            kept = tomllib.loads(text).get("access", {}).get("pairing", {}).get("code")
            open_ = kept == pairing.seal
            if not open_:
                return text
            text = _let_in(drop(text, PAIRING), user, name, "owner", pairing.timezone)
            amounts = _amounts(pairing)
            return put(text, ("budgets", "users", str(user)), amounts) if amounts else text

        self._local(edit)
        return open_

    def admit(self, user: int, name: str, role: Role, timezone: str) -> None:
        self._local(lambda text: _let_in(text, user, name, role, timezone))

    def dismiss(self, user: int) -> None:
        """Of those who stand in this file, with their budget."""

        def edit(text: str) -> str:
            if str(user) not in tomllib.loads(text).get("users", {}):
                raise SettingsError(BY_HAND.format(user=user, file=self.local.name))
            return drop(drop(text, ("budgets", "users", str(user))), ("users", str(user)))

        self._local(edit)

    def ignore(self, user: int, name: str) -> None:
        self._local(lambda text: put(text, IGNORED, {str(user): name}))

    def _local(self, edit: Callable[[str], str]) -> None:
        self._change(self.local, lambda text: edit(text or LOCAL), 0o644)

    def _change(self, file: Path, edit: Callable[[str], str], mode: int) -> None:
        """`mode`: of a new file."""
        with self.lock:
            try:
                before = _text(file)
                after = edit(before)
                if after != before:
                    self._replace(file, after, mode)
            except OSError as error:
                reason = f"{file.name} cannot be written: {error.strerror}."
                raise SettingsError(reason) from error

    def _replace(self, file: Path, text: str, mode: int) -> None:
        real = file.resolve()  # a link stays one
        draft = real.with_name(f".{file.name}.new")
        try:
            _write(draft, text, real, mode)
            self._try(draft, file)
            draft.replace(real)
        finally:
            draft.unlink(missing_ok=True)

    def _try(self, draft: Path, file: Path) -> None:
        files = [draft if path == file else path for path in self.source.listed()]
        there = [path for path in files if path.exists()]
        try:
            replace(self.source, files=there, token_needed=False).read()
        except SettingsError as error:
            problems = (line.replace(draft.name, file.name) for line in error.problems)
            raise SettingsError(*problems) from error


PAIRING = ("access", "pairing")
IGNORED = ("access", "ignored")


def _let_in(text: str, user: int, name: str, role: Role, timezone: str) -> str:
    text = drop(text, (*IGNORED, str(user)))
    values = {"name": name, "role": role, "timezone": timezone}
    return put(text, ("users", str(user)), values)


def _amounts(pairing: Pairing) -> dict[str, float]:
    amounts = {"day_usd": pairing.day_usd, "month_usd": pairing.month_usd}
    return {name: float(amount) for name, amount in amounts.items() if amount is not None}


def _text(file: Path) -> str:
    """Lines end as TOML takes them: with a mere line feed."""
    try:
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        tomllib.loads(text)
    except FileNotFoundError:
        return ""
    except ValueError as error:
        raise SettingsError(f"{file.name} is no TOML; `tollbridge check` says why.") from error
    return text


def _write(draft: Path, text: str, file: Path, mode: int) -> None:
    """As readable as the file that it will replace, and never more; its lines end alike."""
    draft.unlink(missing_ok=True)
    there = file.stat() if file.exists() else None
    ends = "\r\n" if there and b"\r\n" in file.read_bytes() else "\n"
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline=ends) as out:
        out.write(text)
        out.flush()
        if there:
            with suppress(PermissionError):
                os.fchown(handle, there.st_uid, there.st_gid)
        os.fchmod(handle, there.st_mode & 0o777 if there else mode)
        os.fsync(handle)
