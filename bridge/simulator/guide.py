"""What the simulated model says in the demo: a guide that shows what the bot can do.

Each trick is a function from the conversation to the steps of a turn. It runs again at every
request of the turn, so the later steps can quote what the tools have brought by then.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from bridge.simulator import showpiece
from bridge.simulator.script import Fail, Say, Scenario, Step, Think, UseTool
from bridge.simulator.talk import Result, Talk
from bridge.simulator.usage import BYTES_PER_TOKEN

Trick: TypeAlias = Callable[[Talk], Sequence[Step]]

_CHUNK = 3 * BYTES_PER_TOKEN
_QUOTED = 1200  # characters of a tool's output that are quoted back

_SUGGESTIONS = """\
- **list files**: I look around in our folder
- **write a poem**: I make a file
- **send me the file**: I make one, and you get it here
- **ask me something**: you answer with a button
- **run something**: I want your permission first
- **think hard**: I think before I speak
- **too hard**: I call a larger model
- **long answer**: headings, a table, code; tap Stop whenever you like
- **error**: the model is overloaded for a moment"""


def guide(tokens_per_second: float | None = 45) -> Scenario:
    """The scenario of the demo; None: as fast as it goes."""

    def answer(talk: Talk) -> Sequence[Step]:
        steps = _choose(talk)(talk)
        return [_paced(step, tokens_per_second) for step in steps]

    return answer


def welcome(_: Talk) -> Sequence[Step]:
    hello = "Hello, and welcome to Tollbridge! I am a *simulated* model, here to show you around."
    return [Say(f"{hello} Try one of these:\n\n{_SUGGESTIONS}")]


def list_files(talk: Talk) -> Sequence[Step]:
    look = _look(talk)
    if look is None:
        return [Say("I would look around in our folder, but I was given no tool for that.")]
    return [Say("Let me look around."), look, _report(talk, "This is what I see:")]


def write_file(talk: Talk) -> Sequence[Step]:
    if not talk.tool("Write"):
        return [Say("I would write you a poem, but I was given no tool to write files.")]
    name = f"poem-{talk.turn + 1}.txt"
    path = f"{talk.folder}/{name}" if talk.folder else name
    write = UseTool("Write", {"file_path": path, "content": showpiece.POEM}, pace=0.02)
    if (refused := _refused(talk)) is not None:
        return [Say("A poem, then."), write, Say(refused)]
    summary = f"Done: `{name}` is in our folder. It begins:\n\n> {showpiece.POEM.splitlines()[0]}"
    return [Say("A poem, then."), write, Say(f"{summary}\n\nSay **list files** to see it there.")]


def send_file(talk: Talk) -> Sequence[Step]:
    """Two tools in a row: the file is sent when it was written."""
    send = talk.tool("send_file")
    if not (send and talk.tool("Write")):
        return [Say("I would send you a poem as a file, but I was given no tool for that.")]
    name = f"poem-{talk.turn + 1}.txt"
    path = f"{talk.folder}/{name}" if talk.folder else name
    write = UseTool("Write", {"file_path": path, "content": showpiece.POEM}, pace=0.02)
    first = Say("A file for you: first I write it.")
    if talk.results and talk.results[0].is_error:
        return [first, write, Say(_refused(talk) or "")]
    give = UseTool(send, {"path": name, "caption": "A poem about a bridge"})
    return [first, write, give, Say(_refused(talk) or "There it is. I can send any file of ours.")]


def ask(talk: Talk) -> Sequence[Step]:
    if not talk.tool("AskUserQuestion"):
        return [Say("I would ask you with buttons, but I was not given that tool.")]
    reaction = "No answer is fine too." if _refused(talk) else _reaction(talk)
    return [Say("Gladly."), UseTool("AskUserQuestion", _QUESTION), Say(reaction)]


def run(talk: Talk) -> Sequence[Step]:
    if not talk.tool("Bash"):
        return [Say("I would run a command, but I was given no shell.")]
    command = {
        "command": "python3 --version; date",
        "description": "Show the Python version and the time",
    }
    return [
        Say("I would like to run a small command. You decide."),
        UseTool("Bash", command),
        _report(talk, "It says:"),
    ]


def long_answer(_: Talk) -> Sequence[Step]:
    return [Say(showpiece.LONG)]


def think(_: Talk) -> Sequence[Step]:
    return [Think(showpiece.THOUGHT), Say(showpiece.CONCLUSION)]


def escalate(talk: Talk) -> Sequence[Step]:
    tool = talk.tool("escalate")
    if tool is None:
        would = "This is where a small model calls a larger one and hands over the whole talk."
        return [Say(f"{would} I was not offered that here, so I would simply do my best.")]
    why = {"reason": "The person says it is too hard for me.", "tried": "I only know a few tricks."}
    after = f"Now `{talk.model}` is speaking, and it has read everything that we said before."
    return [Say("Let me get help."), UseTool(tool, why), Say(_refused(talk) or after)]


def stumble(_: Talk) -> Sequence[Step]:
    told = "The model was overloaded twice. Claude Code tried again, and here I am."
    return [Fail(529, "overloaded_error", "Overloaded", times=2), Say(told)]


def confess(talk: Talk) -> Sequence[Step]:
    words = " ".join(talk.said.split())
    echo = f"You said: “{words[:80]}{'…' if len(words) > 80 else ''}”. " if words else ""
    seen = "I see that you sent a file. " if talk.attached else ""
    honest = "I am a simulated model and only know a few tricks, so I cannot really answer that."
    three = "- **list files**\n- **ask me something**\n- **long answer**"
    return [Say(f"{echo}{seen}{honest} Try one of these, or **help** for all of them:\n\n{three}")]


def _choose(talk: Talk) -> Trick:
    return next((trick for words, trick in _TRICKS if words.search(talk.said)), confess)


def _look(talk: Talk) -> UseTool | None:
    if talk.tool("Bash"):
        return UseTool("Bash", {"command": "ls -la", "description": "List the files here"})
    return UseTool("Glob", {"pattern": "**/*"}) if talk.tool("Glob") else None


def _report(talk: Talk, head: str) -> Say:
    """The last tool's result in a code block."""
    if not talk.results:
        return Say(head)
    if (refused := _refused(talk)) is not None:
        return Say(refused)
    text = talk.results[-1].text.strip().replace("```", "'''") or "(nothing)"
    cut = "\n…" if len(text) > _QUOTED else ""
    return Say(f"{head}\n\n```\n{text[:_QUOTED]}{cut}\n```")


def _refused(talk: Talk) -> str | None:
    """What to say when the last tool was not allowed or did not work."""
    last: Result | None = talk.results[-1] if talk.results else None
    if last is None or not last.is_error:
        return None
    return f"That was not to be, and that is fine. I was told:\n\n> {_first_line(last.text)}"


def _reaction(talk: Talk) -> str:
    answer = talk.results[-1].text if talk.results else ""
    chosen = next((kind for kind in _REMARKS if f'"{kind}"' in answer), None)
    remark = _REMARKS[chosen] if chosen else "An answer of your own, even better!"
    return f"{remark}\n\nWhat I received was this:\n\n> {_first_line(answer)}"


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:200]


def _paced(step: Step, tokens_per_second: float | None) -> Step:
    if isinstance(step, Say | Think):
        pace = _CHUNK / BYTES_PER_TOKEN / tokens_per_second if tokens_per_second else 0.0
        return replace(step, chunk=_CHUNK, pace=pace)
    if isinstance(step, UseTool) and not tokens_per_second:
        return replace(step, pace=0.0)
    return step


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_REMARKS = {
    "Bridge": "A bridge! Solid, and somebody always collects a toll.",
    "Ferry": "A ferry! Slow, but the view is good.",
    "Swim": "Swimming! Brave. And free of charge.",
}
_QUESTION = {
    "questions": [
        {
            "question": "How would you like to cross the river?",
            "header": "Crossing",
            "options": [
                {"label": "Bridge", "description": "Dry feet, small toll"},
                {"label": "Ferry", "description": "Takes a while"},
                {"label": "Swim", "description": "Cold but free"},
            ],
            "multiSelect": False,
        }
    ]
}
_TRICKS: Sequence[tuple[re.Pattern[str], Trick]] = (
    (_words(r"^\W*(hi|hello|hey|hallo|start|help|good (morning|day|evening))\b"), welcome),
    (_words(r"\b(list|show|see)\b.*\bfiles?\b|what.?s here|look around|\bls\b"), list_files),
    (_words(r"\bsend\b.*\b(file|poem|it)\b"), send_file),
    (_words(r"\bwrite\b.*\b(file|poem)|\bpoem\b"), write_file),
    (_words(r"\bask (me|a question)\b"), ask),
    (_words(r"\brun\b|\bcommand\b"), run),
    (_words(r"\blong\b|\beverything\b|\bmarkdown\b"), long_answer),
    (_words(r"\bthink\b"), think),
    (_words(r"\bescalate\b|\btoo hard\b|\blarger model\b"), escalate),
    (_words(r"\berror\b|\boverload"), stumble),
)
