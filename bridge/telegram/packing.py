"""An answer as the parts it is sent in. Pure.

Made from the same answer and settings it is always the same, so it can go on after any part.
"""

from bridge.model import Answer, Mode, Outcome
from bridge.settings.schema import Telegram
from bridge.telegram import buttons, parcels
from bridge.telegram.params import Params, reply_to
from bridge.telegram.parcels import Parcel
from bridge.telegram.render import render
from bridge.telegram.rich import Rich
from bridge.telegram.smart import Package, package
from bridge.telegram.split import numbered, split


def packed(answer: Answer, given: Telegram) -> list[Parcel]:
    """The first part replies to the question, the last message has the footer and the buttons.

    Files come behind it.
    """
    found = packaged(answer, given)
    first, *rest = messages(found.text, answer.footer)
    *before, last = [first.having(reply_to(answer.message_id)), *rest]
    files = [part for file in found.files for part in parcels.document(file.name, file.data)]
    return [*before, last.having(below(answer)), *files]


def packaged(answer: Answer, given: Telegram) -> Package:
    if answer.mode is not Mode.SMART:
        return Package(answer.text)
    return package(answer.text, given.smart_chars, given.smart_code_lines)


def messages(markdown: str, footer: str) -> list[Parcel]:
    parts = split(render(markdown), footer=footer) or [Rich(markdown.strip() or "Done.")]
    return [parcels.text(part) for part in numbered(parts)]


def below(answer: Answer) -> Params:
    """What a crash cut off is continued with one tap, what is not good enough asked again."""
    if answer.outcome is Outcome.LOST:
        return {"reply_markup": buttons.onward(answer.update_id)}
    return {"reply_markup": buttons.better(answer.update_id)} if answer.better else {}
