"""What is sent as one call: a message or a file. Pure, and the same every time it is made."""

from dataclasses import dataclass

from bridge.telegram.params import Params, Upload, caption, message
from bridge.telegram.render import render
from bridge.telegram.rich import Rich
from bridge.telegram.split import Limits, split

CAPTION = Limits(units=1024)


@dataclass(frozen=True, slots=True)
class Parcel:
    """`params` are without the place."""

    method: str
    params: Params

    def having(self, more: Params) -> "Parcel":
        return Parcel(self.method, self.params | more)


def text(part: Rich) -> Parcel:
    return Parcel("sendMessage", message(part))


def texts(markdown: str) -> list[Parcel]:
    """At least one, though some Markdown shows nothing."""
    return [text(part) for part in split(render(markdown)) or [Rich(markdown.strip() or "…")]]


def document(name: str, data: bytes, words: str = "") -> list[Parcel]:
    """`words`: the caption, in Markdown. One that is too long goes before as messages."""
    return titled(Parcel("sendDocument", {"document": Upload(name, data)}), words)


def photo(png: bytes, words: str = "") -> list[Parcel]:
    return titled(Parcel("sendPhoto", {"photo": Upload("picture.png", png)}), words)


def titled(parcel: Parcel, words: str) -> list[Parcel]:
    parts = split(render(words), CAPTION)
    if len(parts) > 1:
        return [*texts(words), parcel]
    return [parcel.having(caption(parts[0]))] if parts else [parcel]
