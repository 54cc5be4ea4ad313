"""What a turn did, as entries of a log in the order in which it happened. Pure.

A snapshot says which texts and tools there are, but not which came first; that is known when the
snapshots are seen one after the other. An entry is told once it cannot change any more: a text
when a tool follows it, since otherwise it is the answer; a thought when anything follows it; a
tool when it has ended.
"""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from bridge.progress import Block, Progress, Step, joined
from bridge.telegram.frame import MARKS
from bridge.telegram.params import Params
from bridge.telegram.render import render
from bridge.telegram.rich import Entity, Rich
from bridge.telegram.split import TELEGRAM, split

Key = tuple[str, ...]
THOUGHT, SAID, TOOL = "thought", "said", "tool"
GAP = "\n"
QUOTE = {"type": "expandable_blockquote"}  # collapsed, where it is longer than three lines
PIECE = TELEGRAM.less(units=1, text_bytes=1, entities=1)


def noted(order: Sequence[Key], progress: Progress) -> tuple[Key, ...]:
    """The order with what is new at its end. What has become void is out of it."""
    there = dict.fromkeys([*map(of_block, progress.blocks), *map(of_step, progress.steps)])
    kept = dict.fromkeys(key for key in order if key in there)
    return tuple(kept | there)


def of_block(block: Block) -> Key:
    return THOUGHT if block.thinking else SAID, block.message, str(block.number)


def of_step(step: Step) -> Key:
    return TOOL, step.id


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry. `key` is its own; nothing else of the turn has it."""

    key: Key
    text: Rich


def happened(
    order: Sequence[Key], progress: Progress, told: Container[Key] = (), *, over: bool
) -> Iterator[Happening]:
    """What can be told by now and was not. `over`: nothing more will happen."""
    blocks = {of_block(block): block for block in progress.blocks}
    steps = {of_step(step): step for step in progress.steps}
    for key, *more in settled(order, steps, over=over):
        if key in told:
            continue
        match key[0]:
            case "tool":
                yield Happening(key, called(steps[key]))
            case "thought":
                yield Happening(key, render(f"💭 *Thinking*\n\n{blocks[key].text}"))
            case _:
                yield Happening(key, render(joined(tuple(blocks[k] for k in (key, *more)))))


def settled(
    order: Sequence[Key], steps: Mapping[Key, Step], *, over: bool
) -> Iterator[Sequence[Key]]:
    """The entries that cannot change any more, up to one that can: texts in a row are one."""
    runs = [list(run) for _, run in groupby(order, lambda key: SAID if key[0] == SAID else key)]
    last_tool = max((place for place, run in enumerate(runs) if run[0] in steps), default=-1)
    for place, run in enumerate(runs):
        done = {
            SAID: place < last_tool,
            THOUGHT: over or place < len(runs) - 1,
            TOOL: over or (run[0] in steps and steps[run[0]].ok is not None),
        }
        if done[run[0][0]]:
            yield run
        elif not over:
            return


def called(step: Step) -> Rich:
    """The argument as code, so that Telegram makes no links of it."""
    head = f"{MARKS[step.ok]} {step.tool}"
    if not step.argument:
        return Rich(head)
    start = Rich(f"{head}\n").units
    return Rich(f"{head}\n{step.argument}", (Entity("code", start, Rich(step.argument).units),))


@dataclass(frozen=True, slots=True)
class Page:
    """One message of the log: quotes below each other."""

    quotes: tuple[Rich, ...] = ()

    def params(self) -> Params:
        text, entities = "", []
        for quote in self.quotes:
            text += GAP if text else ""
            start = Rich(text).units
            entities.append({**QUOTE, "offset": start, "length": quote.units})
            entities += [moved(entity, start) for entity in quote.entities if nests(entity)]
            text += quote.text
        return {"text": text, "entities": entities}

    def fits(self) -> bool:
        found = self.params()
        return (
            Rich(found["text"]).units <= TELEGRAM.units
            and len(found["text"].encode()) <= TELEGRAM.text_bytes
            and len(found["entities"]) <= TELEGRAM.entities
            and len(json.dumps(found["entities"])) <= TELEGRAM.entity_bytes
        )


def filled(page: Page, waiting: Sequence[Rich]) -> tuple[Page, Sequence[Rich]]:
    """With as many of those that wait as there is room for; and those that still wait."""
    for place, quote in enumerate(waiting):
        more = Page((*page.quotes, quote))
        if not more.fits():
            return page, waiting[place:]
        page = more
    return page, ()


def quotable(text: Rich) -> list[Rich]:
    """In parts that each fit on a page of their own."""
    return split(text, PIECE)


def nests(entity: Entity) -> bool:
    """Telegram has no quotes within quotes."""
    return entity.type != "blockquote"


def moved(entity: Entity, start: int) -> dict[str, Any]:
    return {**entity.to_api(), "offset": entity.offset + start}
