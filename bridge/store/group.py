"""A lane that commits in groups: to reach the disk takes longer than all the rest of a write.

What waits while a commit is on its way goes into the next transaction together, in the order in
which it was asked for, each write in a savepoint of its own: one that raises takes back what it
did, and only that. Nobody is answered before all of it is on the disk. When the transaction cannot
be committed, none of it has happened, and everyone is told so.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from bridge.errors import StoreError
from bridge.store.faults import translated
from bridge.store.lane import Lane

T = TypeVar("T")

MOST = 64  # writes in one transaction: nobody waits for a whole crowd that came later


@dataclass(frozen=True, slots=True)
class Job:
    fn: Callable[[sa.Connection], Any]
    caller: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class Done:
    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    error: BaseException


class Group(Lane):
    """One thread that writes."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        super().__init__(engine, 1, name)
        self._waiting: deque[Job] = deque()
        self._called = False  # the thread will look after this moment

    def submit(self, fn: Callable[[sa.Connection], T]) -> asyncio.Future[T]:
        job = Job(fn, asyncio.get_running_loop().create_future())
        self._waiting.append(job)  # first, or the thread may look too early
        if not self._called:
            self._call(job)
        return job.caller

    def _call(self, job: Job) -> None:
        """StoreError: it is closed, and nobody has taken the job before that."""
        self._called = True
        try:
            self.threads.submit(self._work)
        except RuntimeError as error:
            self._called = False
            with suppress(ValueError):
                self._waiting.remove(job)
                raise StoreError(f"{self.name} is closed: Tollbridge is stopping.") from error

    def _work(self) -> None:
        self._called = False
        while jobs := [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]:
            answers = self._committed(jobs)
            jobs[0].caller.get_loop().call_soon_threadsafe(answer, jobs, answers)

    def _committed(self, jobs: Sequence[Job]) -> Sequence[Done | Raised]:
        try:
            with translated(self.name), self.engine.begin() as conn:
                return [self._attempt(conn, job.fn) for job in jobs]
        except BaseException as error:  # noqa: BLE001 (it goes to those who wait)
            return [Raised(error)] * len(jobs)

    def _attempt(self, conn: sa.Connection, fn: Callable[[sa.Connection], Any]) -> Done | Raised:
        conn.exec_driver_sql("SAVEPOINT write")
        try:
            with translated(self.name):
                outcome: Done | Raised = Done(fn(conn))
        except BaseException as error:  # noqa: BLE001 (it goes to the one who waits)
            undo(conn, error)
            outcome = Raised(told(error))
        conn.exec_driver_sql("RELEASE SAVEPOINT write")
        return outcome


def undo(conn: sa.Connection, error: BaseException) -> None:
    """After some errors (a full disk) SQLite has taken back the whole transaction: nobody's write
    has happened then, and `error` is why.
    """
    try:
        conn.exec_driver_sql("ROLLBACK TO SAVEPOINT write")
    except sa.exc.SQLAlchemyError:
        raise error from None


def told(error: BaseException) -> BaseException:
    """A future refuses to carry StopIteration; the others of the group would never be answered."""
    return (
        RuntimeError("a write raised StopIteration") if isinstance(error, StopIteration) else error
    )


def answer(jobs: Sequence[Job], outcomes: Sequence[Done | Raised]) -> None:
    for job, outcome in zip(jobs, outcomes, strict=True):
        if job.caller.done():
            continue
        if isinstance(outcome, Done):
            job.caller.set_result(outcome.value)
        else:
            job.caller.set_exception(outcome.error)
