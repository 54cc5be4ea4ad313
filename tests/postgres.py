"""A PostgreSQL server of our own for the tests: thrown away with its folder, and it dies with us.

It listens on a socket in that folder only. Debian's programs are used where they lie; started by
root they run as the user `postgres`, because the server refuses to be root.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

FAST = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60")
OTHERS_OUT = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
MISSING = "PostgreSQL is not installed (apt-get install postgresql)"


def programs() -> Path:
    """The newest there is. Skips the test where there is none, but not in CI."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version)
    if found:
        return found[-1]
    if os.environ.get("CI"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)


def version(folder: Path) -> int:
    return int(folder.parent.name)


@dataclass
class Cluster:
    """`folder` holds its data and its socket."""

    folder: Path
    bin: Path
    options: Sequence[str] = FAST
    process: subprocess.Popen[bytes] | None = None
    numbers: Iterator[int] = field(default_factory=count)

    def make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        how = ("--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username=postgres")
        command = self.command("initdb", *how, "-D", str(self.folder / "data"))
        subprocess.run(command, check=True, capture_output=True)

    def command(self, program: str, *args: str) -> list[str]:
        """The server must not outlive us, however we end: SIGQUIT stops it at once."""
        user = ("--reuid=postgres", "--regid=postgres", "--clear-groups") * (os.geteuid() == 0)
        return ["setpriv", "--pdeathsig=QUIT", *user, str(self.bin / program), *args]

    def start(self) -> None:
        where = ("listen_addresses=", f"unix_socket_directories={self.folder}")
        options = [word for option in (*where, *self.options) for word in ("-c", option)]
        command = self.command("postgres", "-D", str(self.folder / "data"), *options)
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(command, stderr=log, cwd=self.folder)
        while not self.answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"PostgreSQL ended: {(self.folder / 'log').read_text()}")
            time.sleep(0.01)

    def answers(self) -> bool:
        try:
            self.run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """At once, as in a crash."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            self.process = None

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def run(self, sql: str, name: str = "postgres") -> None:
        with psycopg.connect(self.url(name), autocommit=True) as conn:
            conn.execute(sql.encode())

    def add(self, how: str = "") -> str:
        """A new database. Its name."""
        name = f"toll{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name} {how}")
        return name

    def clear(self, name: str, tables: Iterable[str]) -> None:
        """Much faster than a new database. Whoever is still connected is thrown out first."""
        emptied = (f'DELETE FROM "{table}"' for table in tables)  # noqa: S608 (names of our own)
        self.run("; ".join([OTHERS_OUT, *emptied]), name)


@contextmanager
def cluster(*options: str) -> Iterator[Cluster]:
    """A running one. `options`: of the server, instead of those that are fast and not durable."""
    installed = programs()
    folder = Path(tempfile.mkdtemp(prefix="tollpg"))
    server = Cluster(folder, installed, options or FAST)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
