"""The picture of a running turn: what was said so far, and below it what is going on. Pure."""

from bridge.progress import Phase, Progress, Step
from bridge.telegram.recent import recent
from bridge.telegram.render import render
from bridge.telegram.rich import Rich
from bridge.telegram.split import tail

LIMIT = 4096  # UTF-16 units of one message or draft
STEPS = 5
ARGUMENT = 60  # characters
HELD = 3.0  # seconds of a pause for Telegram that are not worth a word
SOURCE = 6000  # characters of Markdown that fill a picture

MARKS = {None: "▸", True: "✓", False: "✗"}
WORDS = {
    Phase.STARTING: "starting",
    Phase.THINKING: "thinking",
    Phase.WRITING: "writing",
    Phase.WORKING: "working",
    Phase.ASKING: "waiting for your answer",
    Phase.RETRYING: "retrying",
    Phase.OVER: "finishing",
}


def frame(progress: Progress, elapsed: float, held: float = 0.0) -> Rich:
    """The end of the text is what is kept when there is too much.

    `elapsed`, and `held` by Telegram since the last picture, in seconds.
    """
    below = status(progress, elapsed, held)
    text = said(progress)
    if not text:
        return Rich(below)
    above = tail(render(recent(text, SOURCE)), LIMIT - Rich(below).units - 2)
    return Rich(f"{above.text}\n\n{below}", above.entities)


def said(progress: Progress) -> str:
    """The answer so far; while a tool runs, what was said just before."""
    if progress.text.strip():
        return progress.text.strip()
    spoken = [block.text for block in progress.blocks if not block.thinking]
    return spoken[-1].strip() if spoken else ""


def status(progress: Progress, elapsed: float, held: float = 0.0) -> str:
    steps = [line(step) for step in progress.steps[-STEPS:]]
    if (more := len(progress.steps) - STEPS) > 0:
        steps.insert(0, f"… {more} earlier")
    doing = progress.note if progress.phase is Phase.RETRYING else WORDS[progress.phase]
    waiting = f"waiting for Telegram ({clock(held)})" if held > HELD else ""
    parts = [clock(elapsed), doing, waiting, progress.model]
    return "\n".join([*steps, "⏳ " + " · ".join(part for part in parts if part)])


def line(step: Step) -> str:
    argument = shorten(step.argument)
    return f"{MARKS[step.ok]} {step.tool}{f': {argument}' if argument else ''}"


def shorten(text: str, most: int = ARGUMENT) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
