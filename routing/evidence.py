"""Signs in what a model does with its tools that it is not up to the task. A fold, no I/O.

- stalled: the same call three times within six (SWE agents that fail repeat themselves)
- tests_failed: a command that runs tests has failed twice
- error: three calls in a row have failed

A sign is told once for as long as the same model works: whoever steps up begins a new trail.
"""

import re
from dataclasses import dataclass, replace

from routing.model import Evidence

RECENT = 6
SAME = 3
FAILED_TESTS = 2
FAILED_CALLS = 3

TESTS = re.compile(
    r"""(?:^|[\s;&|(/])(?:
        pytest | tox | nox | unittest | ctest | phpunit | rspec | jest | vitest | mocha
        | (?:npm|pnpm|yarn|bun|deno)\s+(?:run\s+)?(?:test|t)\b
        | (?:cargo|go|dotnet|swift|mix|zig|flutter|dart)\s+test\b
        | (?:make|just|rake|gradle|\./gradlew|mvn|bazel|scripts)[\s/]\S*(?:test|check)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Call:
    """`what` is the tool with all that it was given; `tests`: it runs tests."""

    id: str
    what: str
    tests: bool = False


@dataclass(frozen=True, slots=True)
class Trail:
    """What was seen of one model's work."""

    calls: tuple[Call, ...] = ()  # the latest
    failed: int = 0  # calls in a row
    failed_tests: int = 0
    told: frozenset[Evidence] = frozenset()


def is_test(command: str) -> bool:
    return bool(TESTS.search(command))


def called(trail: Trail, call: Call) -> Trail:
    return replace(trail, calls=(*trail.calls, call)[-RECENT:])


def ended(trail: Trail, id_: str, *, ok: bool) -> Trail:
    call = next((call for call in trail.calls if call.id == id_), None)
    tests = 1 if call and call.tests and not ok else 0
    return replace(
        trail,
        failed=0 if ok else trail.failed + 1,
        failed_tests=trail.failed_tests + tests,
    )


def sign(trail: Trail) -> Evidence | None:
    """The first that was not told yet."""
    return next((s for s in _signs(trail) if s not in trail.told), None)


def told(trail: Trail, evidence: Evidence) -> Trail:
    return replace(trail, told=trail.told | {evidence})


def _signs(trail: Trail) -> list[Evidence]:
    whats = [call.what for call in trail.calls]
    found = {
        Evidence.TESTS_FAILED: trail.failed_tests >= FAILED_TESTS,
        Evidence.STALLED: any(whats.count(what) >= SAME for what in whats),
        Evidence.ERROR: trail.failed >= FAILED_CALLS,
    }
    return [evidence for evidence, seen in found.items() if seen]
