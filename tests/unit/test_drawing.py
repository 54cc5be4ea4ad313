"""Pictures come from a process that is given little and not waited for long."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bridge.telegram.drawing import Drawing, NoPicture
from bridge.telegram.picture import Chart, Stack

CHART = Chart("Spend per day", ("2026-11-02",), (Stack("haiku", (1_000_000,)),))


def python(program: str) -> tuple[str, ...]:
    return sys.executable, "-c", program


async def test_a_chart_becomes_a_png() -> None:
    assert (await Drawing().png(CHART)).startswith(b"\x89PNG\r\n")


async def test_the_reason_of_a_failure_is_told() -> None:
    broken = Drawing(python("import sys; sys.exit('no font at all')"))
    with pytest.raises(NoPicture, match="no font at all"):
        await broken.png(CHART)


async def test_a_program_that_is_not_there_is_no_picture() -> None:
    with pytest.raises(NoPicture, match="did not start"):
        await Drawing(["/nowhere/python"]).png(CHART)


async def test_a_program_that_never_ends_is_killed() -> None:
    long = f"{10**6 + os.getpid()}.5"
    with pytest.raises(NoPicture, match=r"over 0\.2 seconds"):
        await Drawing(["sleep", long], patience=0.2).png(CHART)
    assert not [pid for pid in Path("/proc").iterdir() if long in words(pid)]


def words(pid: Path) -> str:
    try:
        return (pid / "cmdline").read_text()
    except OSError:
        return ""


async def test_it_is_given_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-1")
    monkeypatch.setenv("TOLLBRIDGE_TELEGRAM__TOKEN", "1:2")
    seen = await Drawing(python("import os; print(*os.environ)")).png(CHART)
    assert b"PATH" in seen
    assert b"ANTHROPIC" not in seen
    assert b"TOLLBRIDGE" not in seen


async def test_one_is_drawn_at_a_time(tmp_path: Path) -> None:
    alone = repr(str(tmp_path / "alone"))
    program = f"import os, sys; os.mkdir({alone}); sys.stdin.read(); os.rmdir({alone})"
    drawing = Drawing(python(f"{program}; print('drawn')"))
    assert await asyncio.gather(*(drawing.png(CHART) for _ in range(4))) == [b"drawn\n"] * 4
