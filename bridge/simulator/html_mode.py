"""parse_mode HTML, as strict as TDLib, with its messages. Offsets here count code points.

A fault raises ValueError with the message; the byte offsets in it are of the UTF-8 text.
"""

import re
from dataclasses import dataclass, field

from bridge.simulator.wire import Json

KINDS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("span", "tg-spoiler"), "spoiler"),
    "a": "text_link",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
CHARACTER = re.compile(
    r"&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(lt|gt|amp|quot))(?:;|(?![A-Za-z0-9;]))"
)
NAME = re.compile(r"[^\s>]*")
ATTRIBUTE = re.compile(r"\s*([^\s=>]*)\s*(?:(=)\s*(?:\"([^\"]*)\"|'([^']*)'|([\w.-]*)))?")
SPACES = re.compile(r"\s*")


@dataclass(slots=True)
class _Open:
    tag: str
    offset: int
    attributes: dict[str, str] = field(default_factory=dict)


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.text = ""
        self.open: list[_Open] = []
        self.entities: list[Json] = []

    def parse(self) -> tuple[str, list[Json]]:
        while self.at < len(self.source):
            self._step()
        if self.open:
            raise ValueError(
                f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"'
            )
        return self.text, self.entities

    def _step(self) -> None:
        if self.source.startswith("</", self.at):
            self._end_tag()
        elif self.source[self.at] == "<":
            self._start_tag()
        elif match := CHARACTER.match(self.source, self.at):
            self.text += _character(match)
            self.at = match.end()
        else:
            self.text += self.source[self.at]
            self.at += 1

    def _start_tag(self) -> None:
        begin = self.at
        tag = self._match(NAME, begin + 1)[0].lower()
        if self.at >= len(self.source):
            raise self._fault("Unclosed start tag", begin)
        if tag not in KINDS:
            raise self._fault(f'Unsupported start tag "{tag}"', begin)
        attributes = self._attributes(tag, begin)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise self._fault('Tag "span" must have class "tg-spoiler"', begin)
        self.open.append(_Open(tag, len(self.text), attributes))

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while True:
            self._match(SPACES, self.at)
            if self.source.startswith(">", self.at):
                self.at += 1
                return attributes
            match = self._match(ATTRIBUTE, self.at)
            if self.at >= len(self.source):
                raise self._fault(f'Unclosed start tag "{tag}"', begin)
            if not match[1]:
                raise self._fault(f'Empty attribute name in the tag "{tag}"', begin)
            if match[5] and not re.match(r"[\s>]", self.source[self.at]):
                raise self._fault("Unexpected end of name token", match.start(5))
            attributes[match[1].lower()] = match[3] or match[4] or match[5] or ""

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise self._fault("Unexpected end tag", begin)
        tag = self._match(NAME, begin + 2)[0].lower()
        self._match(SPACES, self.at)
        if not self.source.startswith(">", self.at):
            raise self._fault("Unclosed end tag", begin)
        self.at += 1
        opened = self.open.pop()
        if tag not in {"", opened.tag}:
            raise self._fault(
                f"Unmatched end tag at byte offset {self._byte(begin)}, "
                f'expected "</{opened.tag}>", found "</{tag}>"',
            )
        self._close(opened)

    def _close(self, opened: _Open) -> None:
        entity: Json = {
            "type": KINDS[opened.tag],
            "offset": opened.offset,
            "length": len(self.text) - opened.offset,
        }
        if opened.tag == "a":
            entity["url"] = opened.attributes.get("href") or self.text[opened.offset :]
        elif opened.tag == "tg-emoji":
            entity["custom_emoji_id"] = opened.attributes.get("emoji-id", "")
        elif opened.tag == "tg-time":
            entity["unix_time"] = int(opened.attributes.get("unix") or 0)
        elif opened.tag == "blockquote" and "expandable" in opened.attributes:
            entity["type"] = "expandable_blockquote"
        elif opened.tag == "pre":
            self._take_language(entity)
        elif opened.tag == "code" and self.open and self.open[-1].tag == "pre":
            entity["language"] = opened.attributes.get("class", "")
        self.entities.append(entity)

    def _take_language(self, pre: Json) -> None:
        """`<pre><code class="language-x">` is one entity when both cover the same text."""
        code = self.entities[-1] if self.entities else {}
        name = str(code.get("language", ""))
        same = all(code.get(f) == pre[f] for f in ("offset", "length"))
        if code.get("type") == "code" and same and name.startswith("language-"):
            self.entities.pop()
            pre["language"] = name.removeprefix("language-")
        elif code.get("type") == "code":
            code.pop("language", None)

    def _match(self, pattern: re.Pattern[str], at: int) -> re.Match[str]:
        """The patterns used here match the empty text too."""
        match = pattern.match(self.source, at)
        if match is None:
            raise self._fault("Unclosed start tag", at)
        self.at = match.end()
        return match

    def _byte(self, at: int) -> int:
        return len(self.source[:at].encode())

    def _fault(self, message: str, at: int | None = None) -> ValueError:
        return ValueError(message if at is None else f"{message} at byte offset {self._byte(at)}")


def _character(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    if name:
        return NAMED[name]
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    valid = 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if valid else match[0]


def parse(source: str) -> tuple[str, list[Json]]:
    return _Parser(source).parse()
