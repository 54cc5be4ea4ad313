"""The door to Telegram's library: one method call in, its raw JSON result out.

Raw calls reach methods that are newer than the library. The transport below hands the
server's own words up unchanged, because the library rewrites them, warns on some and cannot
tell a refused token from an unknown method. Nothing that leaves here contains the token:
it is part of every URL, so the libraries that log URLs are silenced, and no foreign error is
kept as a cause.
"""

import asyncio
import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self
from urllib.parse import quote, unquote, urlsplit

import httpx
import structlog
import telegram
from telegram import InputFile
from telegram.error import NetworkError, TelegramError
from telegram.request import HTTPXRequest, RequestData

from bridge.errors import BridgeError, ChatBusy, ChatError, ChatGone
from bridge.telegram.params import Upload

log = structlog.get_logger()

# A proxy in the environment is for the world, not for a Bot API server on this machine.
DIRECT: dict[str, Any] = {"mounts": {"all://127.0.0.1": None, "all://localhost": None}}
PUBLIC = "https://api.telegram.org"
POLL_GRACE = 15.0  # seconds a long poll may overrun before it counts as lost
DIGEST = 120.0  # seconds Telegram may take over a file that it has received
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
GONE = (
    "chat not found",
    "message thread not found",
    "peer_id_invalid",
    "chat_write_forbidden",
    "not enough rights to send",
    "have no rights to send",
    "group chat was upgraded",
)


class TokenRefused(ChatError):
    """The token is wrong or was revoked."""


class NoSuchMethod(ChatError):
    """This Bot API server does not know the method."""


class BadCall(ChatError):
    """Telegram refused what was asked (400); repeating it changes nothing."""


class PollConflict(ChatError):
    """Somebody else polls with the same token, or a webhook is set (409)."""


class ChatUnreachable(ChatError):
    """No proper answer. `perhaps_done`: the call may have been carried out all the same."""

    def __init__(self, message: str, *, perhaps_done: bool) -> None:
        super().__init__(message)
        self.perhaps_done = perhaps_done


class Api(Protocol):
    async def call(self, method: str, /, **params: Any) -> Any:
        """The `result` of one Bot API method. An `Upload` among the `params` goes as a file.

        ChatBusy, ChatGone, TokenRefused, NoSuchMethod, BadCall, PollConflict, ChatUnreachable.
        """
        ...


class Refused(TelegramError):
    """The server's answer to a call that failed, in its own words."""

    __slots__ = ("code", "parameters")

    def __init__(self, code: int, description: str, parameters: Mapping[str, Any]) -> None:
        super().__init__(description)
        self.message = description
        self.code = code
        self.parameters = parameters


class Transport(HTTPXRequest):
    """HTTP as the library does it, except that refusals keep their code and wording."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **kw: Any
    ) -> tuple[int, bytes]:
        code, payload = await super().do_request(url, method, request_data, *args, **kw)
        if not 200 <= code <= 299:
            raise refused(code, payload)
        return code, payload


def refused(code: int, payload: bytes) -> Refused:
    try:
        body = json.loads(payload)
        return Refused(code, str(body.get("description", "")), body.get("parameters") or {})
    except (ValueError, AttributeError):
        return Refused(code, f"HTTP {code} without an explanation", {})


class Bot:
    """One bot, named by its token, at one Bot API server."""

    def __init__(self, token: str, base_url: str = PUBLIC) -> None:
        quiet()
        base = base_url.rstrip("/")
        # Kept for a minute, so that the sign after a pause needs no new handshake.
        kept = httpx.Limits(max_connections=64, keepalive_expiry=60)
        given = DIRECT | {"limits": kept}
        self._calls = Transport(64, read_timeout=30.0, pool_timeout=30.0, httpx_kwargs=given)
        self._polls = Transport(2, read_timeout=30.0, httpx_kwargs=DIRECT)
        self._files = f"{base}/file/bot{token}"
        self._near = base != PUBLIC
        self._bot = telegram.Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._calls,
            get_updates_request=self._polls,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._calls.shutdown()
        await self._polls.shutdown()

    async def call(self, method: str, /, **params: Any) -> Any:
        problem: BridgeError
        try:
            return await self._post(method, params)
        except Refused as error:
            if "message is not modified" in error.message.lower():
                return True
            problem = explain(error, method)
        except NetworkError as error:
            problem = unreachable(error)
        except TelegramError as error:  # not JSON, for instance
            log.warning("strange_answer", method=method, error=type(error).__name__)
            problem = ChatUnreachable("Telegram gave no proper answer.", perhaps_done=True)
        raise problem  # here, so that no foreign error with a URL hangs on it

    async def save(self, file_id: str, into: BinaryIO) -> None:
        """Write the content of a file that somebody sent. As `call`.

        A Bot API server of one's own may name a file on this machine's disk.
        """
        found = await self.call("getFile", file_id=file_id)
        path = str(found.get("file_path", ""))
        if self._near and (there := on_disk(path)):
            await asyncio.to_thread(copy, there, into)
        else:
            into.write(await self._downloaded(path))

    async def _downloaded(self, path: str) -> bytes:
        problem: BridgeError
        try:
            return await self._calls.retrieve(f"{self._files}/{quote(path)}", read_timeout=DIGEST)
        except Refused as error:
            gone = error.code == 404
            problem = BadCall("There is no such file.") if gone else explain(error, "getFile")
        except NetworkError as error:
            problem = unreachable(error)
        raise problem  # see `call`

    async def _post(self, method: str, params: dict[str, Any]) -> Any:
        # The trailing "_" is dropped again by the library; without it, it warns that it has a
        # method of its own for this.
        if method == "getUpdates":
            patience = float(params.get("timeout", 0)) + POLL_GRACE
            return await self._bot.do_api_request("getUpdates_", params, read_timeout=patience)
        files = {name: v for name, v in params.items() if isinstance(v, Upload)}
        if files:
            params |= {name: InputFile(file.data, file.name) for name, file in files.items()}
            return await self._bot.do_api_request(f"{method}_", params, read_timeout=DIGEST)
        return await self._bot.do_api_request(f"{method}_", params)


def on_disk(path: str) -> Path | None:
    """The file itself, where the server has it on this machine."""
    if path.startswith("file://"):
        path = unquote(urlsplit(path).path)
    return Path(path) if path.startswith("/") else None


def copy(path: Path, into: BinaryIO) -> None:
    try:
        with path.open("rb") as file:
            shutil.copyfileobj(file, into)
    except OSError as error:
        raise BadCall(f"The Bot API server's file cannot be read: {error.strerror}.") from error


def quiet() -> None:
    """Below WARNING these write URLs, and with them the token, or the text of messages."""
    for name in ("httpx", "httpcore", "telegram"):
        logging.getLogger(name).setLevel(logging.WARNING)


def unreachable(error: NetworkError) -> ChatUnreachable:
    sent = not isinstance(error.__cause__, NOT_SENT)
    kind = type(error.__cause__ or error).__name__
    return ChatUnreachable(f"Telegram cannot be reached ({kind}).", perhaps_done=sent)


def explain(error: Refused, method: str) -> ChatError:
    """What a refusal means, by its code and its words (which change their case at will)."""
    words = error.message.lower()
    match error.code:
        case 401:
            return token_refused()
        case 404:
            # A malformed token is "not found" as well; getMe exists everywhere.
            if method == "getMe" or "method" not in words:
                return token_refused()
            return NoSuchMethod(f"This Bot API server has no {method}.")
        case 403:
            return ChatGone(f"Telegram does not let me write there: {error.message}")
        case 409:
            return PollConflict(f"Another program receives this bot's messages: {error.message}")
        case 429:
            pause = float(error.parameters.get("retry_after") or 5)
            return ChatBusy(f"Telegram asks for a pause of {pause:.0f} seconds.", pause)
        case 400 | 413:
            if "migrate_to_chat_id" in error.parameters or any(gone in words for gone in GONE):
                return ChatGone(f"That chat cannot be written to: {error.message}")
            return BadCall(f"Telegram refused {method}: {error.message}")
        case code:
            # Neither a server in trouble nor a gateway before it says what came of the call.
            return ChatUnreachable(f"Telegram has trouble ({code}).", perhaps_done=code >= 500)


def token_refused() -> TokenRefused:
    return TokenRefused(
        "Telegram refused the bot token. Copy it again from @BotFather (/mybots, API Token) "
        "into telegram.token."
    )
