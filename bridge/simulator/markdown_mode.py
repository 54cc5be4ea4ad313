"""parse_mode MarkdownV2, with TDLib's messages. Offsets here count code points.

Compared with TDLib itself over random texts; they differ in corners that no bot means. A fault
raises ValueError with the message; the byte offsets in it are of the UTF-8 text.
"""

import re
from dataclasses import dataclass

from bridge.simulator.wire import Json

RESERVED = set("_*[]()~`>#+-=|{}.!")
PAIRED = {
    "__": "underline",
    "||": "spoiler",
    "_": "italic",
    "*": "bold",
    "~": "strikethrough",
    "![": "custom_emoji",
    "[": "text_link",
    "```": "pre",
    "`": "code",
}
NAMES = {
    "underline": "Underline",
    "spoiler": "Spoiler",
    "italic": "Italic",
    "bold": "Bold",
    "strikethrough": "Strikethrough",
    "custom_emoji": "CustomEmoji",
    "text_link": "TextUrl",
    "pre": "Pre",
    "code": "Code",
}
MARK = re.compile(r"__|\|\||_|\*|~|!\[|\[|```|`")
LANGUAGE = re.compile(r"([^\s`]+)(?=\s)")
EMOJI = re.compile(r"tg://emoji\?id=(\d+)$")


@dataclass(slots=True)
class _Open:
    mark: str
    at: int
    offset: int
    language: str = ""


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.text = ""
        self.open: list[_Open] = []
        self.entities: list[Json] = []
        self.quote: int | None = None  # where in the text the running quotation began
        self.outside = 0  # how many of the open entities began before it

    def parse(self) -> tuple[str, list[Json]]:
        while self.at < len(self.source):
            self._step()
        self._end_quote("blockquote")
        self._none_open()
        return self.text, self.entities

    def _step(self) -> None:
        character = self.source[self.at]
        if character == "\\" and "\0" < self.source[self.at + 1 : self.at + 2] < "\x7f":
            self._copy(self.source[self.at + 1], 2)
        elif self.open and self.open[-1].mark.startswith("`"):
            self._inside_code()
        elif character == "\n" and self.quote is not None:
            self._line_of_quote()
        elif self._at_line_start() and self.source.startswith(("**>", ">"), self.at):
            self._begin_quote()
        elif character in RESERVED:
            self._reserved(character)
        else:
            self._copy(character, 1)

    def _copy(self, text: str, consumed: int) -> None:
        self.text += text
        self.at += consumed

    def _inside_code(self) -> None:
        if self.source.startswith(self.open[-1].mark, self.at):
            self._close()
        elif self.source[self.at] == "`":
            self._begin("`")
        else:
            self._copy(self.source[self.at], 1)

    def _reserved(self, character: str) -> None:
        match = MARK.match(self.source, self.at)
        mark = match[0] if match else character
        top = self.open[-1].mark if len(self.open) > self.outside else ""
        if mark == "||" and self.quote is not None and top != "||" and self._ends_line(2):
            self.at += 2
            self._end_quote("expandable_blockquote")
        elif (character == "]" and top in {"[", "!["}) or (mark == top and mark != "["):
            self._close()
        elif match and mark in PAIRED:
            self._begin(mark)
        else:
            raise ValueError(
                f"Character '{character}' is reserved and must be escaped with the preceding '\\'",
            )

    def _begin(self, mark: str) -> None:
        opened = _Open(mark, self.at, len(self.text))
        self.at += len(mark)
        if mark == "```":
            if language := LANGUAGE.match(self.source, self.at):
                opened.language = language[1]
                self.at = language.end()
            if self.source.startswith("\n", self.at):
                self.at += 1
        self.open.append(opened)

    def _close(self) -> None:
        opened = self.open.pop()
        kind = PAIRED[opened.mark]
        entity: Json = {
            "type": kind,
            "offset": opened.offset,
            "length": len(self.text) - opened.offset,
        }
        if opened.language:
            entity["language"] = opened.language
        if kind in {"text_link", "custom_emoji"}:
            self.at += 1
            url = self._url() or self.text[opened.offset :]
            entity.update(self._target(kind, url))
        else:
            self.at += len(opened.mark)
        self.entities.append(entity)

    def _target(self, kind: str, url: str) -> Json:
        if kind == "text_link":
            return {"url": url}
        emoji = EMOJI.match(url)
        if emoji is None:
            raise ValueError("The entity must contain a tg://emoji or tg://time URL")
        return {"custom_emoji_id": emoji[1]}

    def _url(self) -> str:
        """What stands in the round brackets; empty without them."""
        if not self.source.startswith("(", self.at):
            return ""
        begin = self.at
        match = re.compile(r"\(((?:\\.|[^)\\])*)\)", re.DOTALL).match(self.source, begin)
        if match is None:
            raise self._fault("Can't find end of a URL", begin + 1)
        self.at = match.end()
        return re.sub(r"\\([\x01-\x7e])", r"\1", match[1])

    def _at_line_start(self) -> bool:
        return not self.text or self.text.endswith("\n")

    def _ends_line(self, ahead: int) -> bool:
        return self.source[self.at + ahead : self.at + ahead + 1] in {"", "\n"}

    def _begin_quote(self) -> None:
        if self.source.startswith("**>", self.at):
            self._end_quote("blockquote")
        self.at = self.source.index(">", self.at) + 1
        if self.quote is None:
            self.quote, self.outside = len(self.text), len(self.open)

    def _line_of_quote(self) -> None:
        self._copy("\n", 1)
        if not self.source.startswith(">", self.at):
            self._end_quote("blockquote")

    def _end_quote(self, kind: str) -> None:
        if self.quote is not None:
            self._none_open()
            length = len(self.text) - self.quote
            self.entities.append({"type": kind, "offset": self.quote, "length": length})
            self.quote, self.outside = None, 0

    def _none_open(self) -> None:
        if len(self.open) > self.outside:
            last = self.open[-1]
            name = "PreCode" if last.language else NAMES[PAIRED[last.mark]]
            raise self._fault(f"Can't find end of {name} entity", last.at)

    def _fault(self, message: str, at: int) -> ValueError:
        return ValueError(f"{message} at byte offset {len(self.source[:at].encode())}")


def parse(source: str) -> tuple[str, list[Json]]:
    return _Parser(source).parse()
