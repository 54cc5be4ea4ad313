"""The figures of a run beside those of the SDK alone, and beside their targets."""

from collections.abc import Callable, Sequence

from rich.table import Table

from bench.laps import Run, Timing, percentiles

Pick = Callable[[Timing], float]

SIGN, FINAL = "first sign", "final answer"
TARGETS = {SIGN: 30, FINAL: 120}  # ms that the bridge may add, by its median


def report(scenario: str, bridged: Run, bare: Run) -> tuple[Table, Table]:
    return times(scenario, bridged, bare), costs(bridged, bare)


def times(scenario: str, bridged: Run, bare: Run) -> Table:
    """Milliseconds. The SDK alone gives no sign."""
    models = " and ".join(f"{middle(run.warm, lambda t: t.model):.0f}" for run in (bridged, bare))
    table = Table(
        title=f"{len(bridged.warm)} turns `{scenario}`, {len(bridged.first)} sessions: "
        "ms, median / p90 / p99",
        caption=f"The model's own time is subtracted: {models} ms.",
    )
    table.add_column("from the message to")
    for column in ("the bridge", "the bare SDK", "added", "target"):
        table.add_column(column, justify="right")
    table.add_row(SIGN, spread(bridged.warm, sign), "", *judged(SIGN, middle(bridged.warm, sign)))
    for name, pick in (("first text", text), (FINAL, final)):
        table.add_row(name, *compared(bridged.warm, bare.warm, name, pick))
    table.add_row("final, first turns", *compared(bridged.first, bare.first, "", final))
    return table


def compared(ours: Sequence[Timing], theirs: Sequence[Timing], name: str, pick: Pick) -> list[str]:
    more = middle(ours, pick) - middle(theirs, pick)
    return [spread(ours, pick), spread(theirs, pick), *judged(name, more)]


def judged(name: str, added: float) -> tuple[str, str]:
    """The figure, and whether its target is met."""
    most = TARGETS.get(name)
    verdict = f"≤ {most}: {'ok' if added <= most else 'missed'}" if most else ""
    return f"{added:.1f}", verdict


def costs(bridged: Run, bare: Run) -> Table:
    table = Table(title="What a turn takes")
    for column in ("", "the bridge", "the bare SDK"):
        table.add_column(column, justify="right" if column else "left")
    ours, theirs = bridged.used, bare.used
    rows = (
        ("CPU of the process, ms", ours.cpu * 1000, theirs.cpu * 1000),
        ("CPU of Claude Code, ms", ours.claude_cpu * 1000, theirs.claude_cpu * 1000),
        ("memory of the process, MB (PSS)", ours.memory, theirs.memory),
        ("memory of all Claude Codes, MB (PSS)", ours.claude_memory, theirs.claude_memory),
    )
    for name, *figures in rows:
        table.add_row(name, *(f"{figure:.1f}" for figure in figures))
    return table


def sign(timing: Timing) -> float:
    return timing.sign


def text(timing: Timing) -> float:
    return timing.text


def final(timing: Timing) -> float:
    return timing.final


def spread(timings: Sequence[Timing], pick: Pick) -> str:
    return " / ".join(f"{figure:.0f}" for figure in percentiles([pick(each) for each in timings]))


def middle(timings: Sequence[Timing], pick: Pick) -> float:
    return percentiles([pick(each) for each in timings])[0]
