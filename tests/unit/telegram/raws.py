"""Raw updates as Telegram sends them."""

from typing import Any

Raw = dict[str, Any]


def message(number: int, text: str = "hi", *, user: int = 1, chat: int = 0, **more: Any) -> Raw:
    chat = chat or user
    return {
        "update_id": number,
        "message": {
            "message_id": number + 1000,
            "date": 1_793_620_800,
            "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup"},
            "from": {"id": user, "is_bot": False, "first_name": "Ada"},
            "text": text,
            **more,
        },
    }


def edit(number: int, message_id: int, text: str, **more: Any) -> Raw:
    body = message(number, text, **more)["message"] | {"message_id": message_id}
    return {"update_id": number, "edited_message": body}


def tap(number: int, data: str, *, user: int = 1, chat: int = 0, markup: Raw | None = None) -> Raw:
    body = message(number, "the question", user=99, chat=chat or user)["message"]
    query = {"id": f"q{number}", "from": {"id": user}, "message": body, "data": data}
    if markup:
        body["reply_markup"] = markup
    return {"update_id": number, "callback_query": query}


def stop(number: int, draft: int, *, user: int = 1) -> Raw:
    return {
        "update_id": number,
        "stopped_message_generation": {"chat": {"id": user}, "draft_id": draft},
    }
