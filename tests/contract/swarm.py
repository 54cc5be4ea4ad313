"""A program whose children spend against one limit, to see what survives them and their end.

Each line of input, `URL LIMIT NAME...`, begins a process for each name, forked because to start
that many Pythons takes too long. They hold and settle until LIMIT micro-USD are full, or until
somebody kills them. Each line of output is a fact: `pid PID` of a child, `held REQUEST AMOUNT`,
`settled REQUEST COST`, `broken PID` when one failed, and `over` when all have ended.
"""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from itertools import count

from bridge.store import postgres  # noqa: F401 (or each child would load it)
from bridge.store.db import open_database
from bridge.store.ledger import Ledger
from budgets.model import Limit, Scope, Tokens
from tests.contract.samples import hold, limit

PATIENCE = 60.0  # seconds, for the lock of all the others
TASKS = 2  # in each process


def main() -> None:
    ended: list[int] = []
    for line in sys.stdin:
        for pid in ended:
            os.waitpid(pid, 0)
        url, most, *names = line.split()
        ended = [begin(url, name, int(most)) for name in names]
        for pid in ended:
            # They keep their numbers until the next line, so that nobody else is killed by them.
            end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            if end is None or end.si_status not in {0, signal.SIGKILL}:
                say("broken", pid)
        say("over")


def begin(url: str, name: str, most: int) -> int:
    if pid := os.fork():
        say("pid", pid)
        return pid
    try:
        asyncio.run(child(url, name, most))
    except BaseException:  # noqa: BLE001 (it is told, and the child ends in any case)
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def say(*words: object) -> None:
    """In one write, which those of others do not cut in two."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def child(url: str, name: str, most: int) -> None:
    limits = [limit(most, scope) for scope in (Scope.USER_DAY, Scope.MONTH)]
    async with open_database(url, PATIENCE) as db:
        spending = (spend(Ledger(db), f"{name}-{task}", limits) for task in range(TASKS))
        await asyncio.gather(*spending)


async def spend(ledger: Ledger, name: str, limits: Sequence[Limit]) -> None:
    for number in count():
        request, amount = f"{name}-{number}", 50 + 37 * number % 101
        if await ledger.hold(hold(request, amount), limits) is not None:
            return
        say("held", request, amount)
        cost = amount * (number % 4 + 1) // 4
        await ledger.settle(request, cost, Tokens())
        say("settled", request, cost)


if __name__ == "__main__":
    main()
