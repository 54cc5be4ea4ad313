"""What the page's tests share: a bot that speaks plain Bot API, and where things are."""

from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Locator, Page, ViewportSize

CHROMIUM = Path("/usr/bin/chromium")
PHONE: ViewportSize = {"width": 390, "height": 844}
ADA, BO, GROUP = 111, 222, -1001
KINDS = ["message", "callback_query", "stopped_message_generation"]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000"
    "01f15c4890000000d49444154789c6360f8cfc000000301010018dd8db00000000049454e44ae426082"
)


class Bot:
    """The other end: a few calls of the Bot API."""

    def __init__(self, http: httpx.AsyncClient, api: str) -> None:
        self._http = http
        self._api = api
        self._offset = 0

    async def call(self, method: str, **params: Any) -> Any:
        answer = (await self._http.post(f"{self._api}/{method}", json=params)).json()
        assert answer["ok"], answer
        return answer["result"]

    async def say(self, text: str, chat: int = ADA, **params: Any) -> int:
        sent = await self.call("sendMessage", chat_id=chat, text=text, **params)
        return int(sent["message_id"])

    async def upload(self, method: str, kind: str, name: str, data: bytes, **params: Any) -> None:
        answer = await self._http.post(
            f"{self._api}/{method}", data={"chat_id": ADA, **params}, files={kind: (name, data)}
        )
        assert answer.json()["ok"], answer.text

    async def next(self, kind: str) -> Any:
        """The next update of this kind; others are confirmed and passed over."""
        for _ in range(3):
            updates = await self.call(
                "getUpdates", offset=self._offset, timeout=10, allowed_updates=KINDS
            )
            for update in updates:
                self._offset = update["update_id"] + 1
                if kind in update:
                    return update[kind]
        raise AssertionError(f"The bot was told of no {kind}.")


def entity(text: str, part: str, kind: str, **more: str) -> dict[str, Any]:
    """An entity over `part`, counted in UTF-16 units as Telegram does."""
    before, _, _ = text.partition(part)
    return {"type": kind, "offset": units(before), "length": units(part), **more}


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def keyboard(*labels: str) -> dict[str, Any]:
    return {
        "inline_keyboard": [[{"text": label, "callback_data": label.lower()}] for label in labels]
    }


def messages(page: Page) -> Locator:
    return page.get_by_test_id("message")


def last(page: Page) -> Locator:
    return messages(page).last.get_by_test_id("text")


async def write(page: Page, text: str) -> None:
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("send").click()
