"""The parameters that calls have in common."""

from dataclasses import dataclass
from typing import Any

from bridge.model import Place
from bridge.telegram.rich import Rich

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as the value of a parameter."""

    name: str
    data: bytes


def target(place: Place) -> Params:
    thread = {"message_thread_id": place.thread} if place.thread else {}
    return {"chat_id": place.chat, **thread}


def plain(text: Rich) -> Params:
    """The text with its entities, none left out."""
    return {"text": text.text, **({"entities": text.to_api()} if text.entities else {})}


def message(text: Rich) -> Params:
    """A link preview would fetch what the model wrote, and show it large."""
    return plain(text) | {"link_preview_options": {"is_disabled": True}}


def caption(text: Rich) -> Params:
    if not text.text:
        return {}
    entities = {"caption_entities": text.to_api()} if text.entities else {}
    return {"caption": text.text, **entities}


def bare(params: Params) -> Params:
    """The same without formatting."""
    return {name: v for name, v in params.items() if name not in {"entities", "caption_entities"}}


def reply_to(message_id: int) -> Params:
    if not message_id:
        return {}
    return {"reply_parameters": {"message_id": message_id, "allow_sending_without_reply": True}}
