"""How fast Markdown becomes text and entities: `python -m bench.render`.

Four kinds of answers, each at the 4 KB of a long message; the whole way (parse, write,
shield, fit), the parser alone for comparison, and the splitting of 100 KB.
"""

import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from bridge.telegram.markdown import clean, parse
from bridge.telegram.render import render
from bridge.telegram.split import split

SIZE = 4096
ROUNDS = 60

PROSE = """\
The client fixture is created once per session, so the connection pool is shared between
tests, and the second one waits for a lock that nobody ever releases. That explains why the
failure shows up **only in CI**, where two workers run `pytest -x` at the same time.

"""
LISTS = """\
## What I changed

- Moved the fixture to `function` scope in conftest.py
- Replaced the sleep with an **event** that the server sets
  - this also makes the test faster
- Updated README.md, see [the docs](https://docs.python.org/3/library/asyncio.html)

1. Run the *whole* suite
2. Read the log

"""
CODE = '''\
The fix in `src/server.py`:

```python
@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    """A client of its own for each test."""
    async with Client(server.url) as client:
        await server.ready.wait()
        yield client
```

'''
TABLES = """\
| File | Before | After |
|:-----|-------:|:-----:|
| tests/conftest.py | 120 | 98 |
| tests/test_api.py | 340 | 322 |
| docs/überblick.md | 12 | 14 |

> Note: the old behaviour hid a race. 🎉

"""
TEXTS = {
    "prose": PROSE,
    "lists": LISTS,
    "code": CODE,
    "tables": TABLES,
    "all of them": PROSE * 2 + LISTS + CODE + TABLES,
}


def best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of many runs: the least disturbed one."""
    fastest = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def fill(text: str, size: int) -> str:
    """Whole repetitions of it, `size` bytes or a little more."""
    return text * -(-size // len(text.encode()))


def main() -> None:
    table = Table(title="Rendering, fastest of many runs on one core")
    for column in ("answer", "MB/s", "ms per 4 KB", "parser alone, MB/s"):
        table.add_column(column, justify="left" if column == "answer" else "right")
    for name, text in TEXTS.items():
        answer = fill(text, SIZE)
        megabytes = len(answer.encode()) / 1e6
        whole = best(lambda answer=answer: render(answer))  # type: ignore[misc]
        parser = best(lambda answer=answer: parse(clean(answer)))  # type: ignore[misc]
        milliseconds = whole * 1000 * SIZE / len(answer.encode())
        table.add_row(name, f"{megabytes / whole:.2f}", f"{milliseconds:.2f}",
                      f"{megabytes / parser:.2f}")  # fmt: skip
    console = Console()
    console.print(table)
    large = render(fill(TEXTS["all of them"], 100_000))
    console.print(f"split: 100 KB in {best(lambda: split(large)) * 1000:.1f} ms")


if __name__ == "__main__":
    main()
