"""Pushing updates to the URL that setWebhook named.

Updates of one chat keep their order, and so do the taps of one user; between them there is none.
What is not taken with a 2xx comes again, after a delay that doubles up to a minute.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable

import httpx

from bridge.simulator.params import Params
from bridge.simulator.updates import Pending
from bridge.simulator.wire import ApiError, Json, bad_request
from bridge.simulator.world import World

LONGEST_DELAY = 60.0
LONGEST_RETRY_AFTER = 3600.0
GIVE_UP_ON_410 = 23 * 3600.0
ANSWER_SECONDS = 60.0
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name


class Webhook:
    def __init__(self, world: World, act: Callable[[str, Params], Awaitable[object]]) -> None:
        """`act` runs a method that an answer's body asks for."""
        self._world = world
        self._act = act
        self._task: asyncio.Task[None] | None = None
        self._lanes: set[tuple[str, int]] = set()
        self._secret = ""
        self._error: Json = {}
        self._gone_since: float | None = None
        self.url = ""

    async def install(self, given: Params) -> bool:
        """An empty URL takes the webhook away. Raises ApiError."""
        url, secret = given.text("url"), given.text("secret_token")
        if url and not re.match(r"https?://[^/\s]+", url):
            raise bad_request("invalid webhook URL specified")
        if len(secret) > 256:
            raise bad_request("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad_request("secret token contains unallowed characters")
        if "allowed_updates" in given:
            self._world.updates.allow(given.strings("allowed_updates"))
        await self.remove(given)
        if url:
            self.url, self._secret = url, secret
            self._task = asyncio.create_task(self._run())
        return True

    async def remove(self, given: Params) -> bool:
        if given.flag("drop_pending_updates"):
            self._world.updates.clear()
        await self.close()
        self.url, self._error, self._gone_since = "", {}, None
        return True

    def info(self) -> Json:
        info: Json = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._world.updates.pending()),
            **self._error,
        }
        if self._world.updates.allowed:
            info["allowed_updates"] = list(self._world.updates.allowed)
        return info

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
            self._lanes.clear()

    async def _run(self) -> None:
        async with (
            httpx.AsyncClient(timeout=ANSWER_SECONDS) as client,
            asyncio.TaskGroup() as tasks,
        ):
            while True:
                for lane in await self._world.bell.until(self._idle_lanes):
                    self._lanes.add(lane)
                    tasks.create_task(self._serve(client, lane))

    def _idle_lanes(self) -> set[tuple[str, int]]:
        return {_lane(p.update) for p in self._world.updates.pending()} - self._lanes

    async def _serve(self, client: httpx.AsyncClient, lane: tuple[str, int]) -> None:
        delay = 1.0
        while (head := self._head(lane)) is not None:
            pause = await self._deliver(client, head, delay)
            if pause is None:
                delay = 1.0
            else:
                await self._world.clock.sleep(pause)
                delay = min(delay * 2, LONGEST_DELAY)
        self._lanes.discard(lane)

    def _head(self, lane: tuple[str, int]) -> Pending | None:
        return next((p for p in self._world.updates.pending() if _lane(p.update) == lane), None)

    async def _deliver(
        self,
        client: httpx.AsyncClient,
        head: Pending,
        delay: float,
    ) -> float | None:
        """Seconds until the next attempt; None when it was taken."""
        try:
            headers = {SECRET_HEADER: self._secret} if self._secret else {}
            response = await client.post(self.url, json=head.update, headers=headers)
        except httpx.HTTPError as error:
            self._failed(f"Connection failed: {type(error).__name__}")
            return delay
        if response.is_success:
            self._gone_since = None
            self._world.updates.confirm(head)
            await self._obey(response)
            return None
        self._failed(
            f"Wrong response from the webhook: {response.status_code} {response.reason_phrase}",
        )
        self._note_gone(response.status_code)
        wished = response.headers.get("retry-after", "")
        return min(float(wished), LONGEST_RETRY_AFTER) if wished.isdigit() else delay

    def _failed(self, message: str) -> None:
        now = int(self._world.clock.now())
        self._error = {"last_error_date": now, "last_error_message": message}
        self._world.bell.ring()

    def _note_gone(self, status: int) -> None:
        """410 for 23 hours: the bot's owner does not want it any more."""
        now = self._world.clock.now()
        since = now if self._gone_since is None else self._gone_since
        self._gone_since = since if status == 410 else None
        if status == 410 and now - since >= GIVE_UP_ON_410 and self._task is not None:
            self.url = ""
            self._task.cancel()

    async def _obey(self, response: httpx.Response) -> None:
        """A method call in the answer is executed; nobody learns how it went."""
        try:
            body = response.json()
        except ValueError:
            return
        if isinstance(body, dict) and isinstance(body.get("method"), str):
            try:
                await self._act(body.pop("method"), Params(body))
            except ApiError:
                return  # Telegram tells nobody either; the call is on record


def _lane(update: Json) -> tuple[str, int]:
    query = update.get("callback_query")
    if isinstance(query, dict):
        return "taps", query["from"]["id"]
    for payload in update.values():
        if isinstance(payload, dict) and isinstance(payload.get("chat"), dict):
            return "chat", payload["chat"].get("id", 0)
    return "chat", 0
