"""Asks for what is missing, one line each, on a terminal or from options.

On a terminal a wrong answer is asked for again, with what is wrong. Elsewhere nobody can be asked:
what has no answer and no default is collected, to be told all at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import click

from bridge.errors import BridgeError

T = TypeVar("T")


class Wrong(BridgeError):
    """The answer cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """`read` makes a value of an answer, or raises `Wrong`. A `default` of None: there is none."""

    option: str
    text: str
    read: Callable[[str], T]
    default: str | None = None
    hidden: bool = False
    shown: str = ""  # of the default, where that is not its own text


@dataclass(frozen=True, slots=True)
class Asker:
    """`given`: answers by option; `terminal`: whether somebody is there to be asked."""

    given: Mapping[str, str | None]
    terminal: bool
    missing: list[str] = field(default_factory=list)

    def ask(self, question: Question[T]) -> T | None:
        """None: it is missing, and nobody is there. UsageError: what an option says is wrong."""
        given = self.given.get(question.option)
        while True:
            answer = given if given is not None else self._answer(question)
            try:
                if answer is not None:
                    return question.read(answer.strip())
            except Wrong as why:
                if given is not None and not self.terminal:
                    raise click.UsageError(f"{question.option}: {why}") from None
                if self.terminal:
                    click.echo(why)
            if not self.terminal:
                self.missing.append(question.option)
                return None
            given = None

    def _answer(self, question: Question[T]) -> str | None:
        return _prompt(question) if self.terminal else question.default

    def finish(self) -> None:
        """UsageError: what is missing."""
        if self.missing:
            options = ", ".join(self.missing)
            raise click.UsageError(f"Nobody is here to be asked. Give: {options}")


def _prompt(question: Question[T]) -> str:
    shown = question.shown or question.default
    text = f"{question.text} [{shown}]" if shown else question.text
    default, hidden = question.default, question.hidden
    return str(click.prompt(text, default=default, hide_input=hidden, show_default=False))
