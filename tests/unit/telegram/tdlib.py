"""Telegram's own parser (TDLib, through `tdjson`): no login, no network.

It judges what the renderer made: whether Telegram would take it, and what it would link.
"""

import json
from typing import Any

import tdjson

from bridge.telegram.rich import Entity, Rich

TYPES = {
    "blockquote": "BlockQuote",
    "bold": "Bold",
    "code": "Code",
    "italic": "Italic",
    "pre": "Pre",
    "strikethrough": "Strikethrough",
    "text_link": "TextUrl",
    "underline": "Underline",
}


def execute(request: dict[str, Any]) -> dict[str, Any]:
    answer = tdjson.td_execute(json.dumps(request).encode())
    assert answer is not None, f"TDLib does not know {request['@type']}"
    result: dict[str, Any] = json.loads(answer)
    return result


execute({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})


def refusal(rich: Rich) -> str:
    """Why Telegram would refuse it; "" when it would not."""
    if not rich.text.strip():
        return "text must be non-empty"
    text = {"@type": "formattedText", "text": rich.text, "entities": entities(rich)}
    answer = execute({"@type": "getMarkdownText", "text": text})
    return str(answer["message"]) if answer["@type"] == "error" else ""


def kept(rich: Rich) -> list[dict[str, Any]]:
    """The entities as Telegram would keep them. Only for texts without Markdown characters."""
    text = {"@type": "formattedText", "text": rich.text, "entities": entities(rich)}
    answer = execute({"@type": "parseMarkdown", "text": text})
    found: list[dict[str, Any]] = answer["entities"]
    return found


def links(text: str) -> list[tuple[int, int]]:
    """What Telegram would make a link of its own: start and end, in UTF-16 units."""
    found = execute({"@type": "getTextEntities", "text": text})["entities"]
    return [
        (one["offset"], one["offset"] + one["length"])
        for one in found
        if one["type"]["@type"] == "textEntityTypeUrl"
    ]


def entities(rich: Rich) -> list[dict[str, Any]]:
    return [
        {"@type": "textEntity", "offset": e.offset, "length": e.length, "type": kind(e)}
        for e in rich.entities
    ]


def kind(entity: Entity) -> dict[str, Any]:
    name = f"textEntityType{TYPES[entity.type]}"
    if entity.language:
        return {"@type": "textEntityTypePreCode", "language": entity.language}
    return {"@type": name, "url": entity.url} if entity.url else {"@type": name}
