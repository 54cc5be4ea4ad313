"""How long a decision takes: `python -m bench.route`.

50 rules of every kind, none of which matches, on 4 KB of text; and a pattern that
would take an ordinary engine for ever on a hostile text.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from statistics import median

from rich.console import Console
from rich.table import Table

from routing.choose import choose
from routing.match import matcher
from routing.model import Policy, Request, Rule, Tier

ROUNDS = 2000
TEXT = ("The second worker waits for a lock that nobody ever releases, in server.py. " * 60)[:4096]
HOSTILE = "a" * 4095 + "!"
WHENS: tuple[dict[str, object], ...] = (
    {"starts_with": ["/plan", "/design"]},
    {"words_any": ["refactor", "race condition", "migration", "deadlock", "rewrite"]},
    {"words_all": ["fix", "test", "release"]},
    {"regex": r"v[0-9]+\.[0-9]+\.[0-9]+"},
    {"chars_over": 20_000},
    {"has_code": True, "chars_over": 10_000},
    {"role": ["guest"]},
    {"hour_between": [22, 6]},
    {"budget_left_below": 0.1},
    {"expr": "chars > 10_000 and role == 'owner'"},
)
TIERS = {"haiku": Tier("haiku", "h", 0), "opus": Tier("opus", "o", 1)}


def policy(whens: tuple[dict[str, object], ...], number: int) -> Policy:
    rules = [
        Rule(f"rule {at}", at, matcher(whens[at % len(whens)]), "opus") for at in range(number)
    ]
    return Policy("haiku", TIERS, tuple(rules))


def request(text: str) -> Request:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    return Request(text, user=111, role="owner", now=now, headroom=5_000_000)


def laps(run: Callable[[int], object]) -> list[float]:
    """Milliseconds of each round, sorted. No round has the text of another."""
    found = []
    for number in range(ROUNDS):
        start = time.perf_counter()
        run(number)
        found.append((time.perf_counter() - start) * 1000)
    return sorted(found)


def decide(rules: Policy, text: str, number: int) -> None:
    choose(request(f"{text[:-4]}{number:04}"), rules)


def main() -> None:
    table = Table(title=f"One decision, {ROUNDS} rounds, milliseconds")
    for column in ("", "median", "p99", "longest"):
        table.add_column(column, justify="left" if not column else "right")
    cases = {
        "1 rule, 4 KB": (policy(WHENS, 1), TEXT),
        "50 rules, 4 KB": (policy(WHENS, 50), TEXT),
        "a*a*a*a*a*b on 4 KB of a": (policy(({"regex": "a*a*a*a*a*b"},), 1), HOSTILE),
    }
    for name, (rules, text) in cases.items():
        found = laps(partial(decide, rules, text))
        p99 = found[int(len(found) * 0.99)]
        table.add_row(name, f"{median(found):.3f}", f"{p99:.3f}", f"{found[-1]:.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
