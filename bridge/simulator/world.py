"""The state of the simulated Telegram, and what its people do in it.

The bot's side (`post`, `edit`, `delete`, `react`, …) is called by the Bot API, the people's side
(`say`, `upload`, `tap`, …) by the chat page or directly by a test. Messages are Bot API objects and
are never changed in place, so that an event shows what was seen at its time.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from bridge.simulator import cast, files
from bridge.simulator.bell import Bell
from bridge.simulator.calls import Call
from bridge.simulator.cast import Chat, User
from bridge.simulator.clock import Clock
from bridge.simulator.entities import Text, spotted
from bridge.simulator.faults import Faults
from bridge.simulator.live import Live
from bridge.simulator.log import Log
from bridge.simulator.taps import Taps
from bridge.simulator.updates import Updates
from bridge.simulator.wire import Json

T = TypeVar("T")


class World:
    """People's acts raise LookupError when what they touch is not there."""

    def __init__(
        self,
        users: Iterable[User] = cast.USERS,
        groups: Iterable[Chat] = cast.GROUPS,
        bot: User = cast.BOT,
        clock: Clock | None = None,
        note: str = "",
    ) -> None:
        self.note = note  # what the page says about itself, instead of its own words
        self.clock = clock or Clock()
        self.bell = Bell(self.clock)
        self.log = Log(self.clock, self.bell)
        self.updates = Updates(self.clock, self.bell)
        self.live = Live(self.clock, self.log)
        self.taps = Taps(self.clock, self.log)
        self.files = files.Files()
        self.faults = Faults()
        self.calls: list[Call] = []
        self.bot = bot
        self.users = {user.id: user for user in users}
        self.chats = {c.id: c for c in (*map(cast.private, self.users.values()), *groups)}
        self.blocked: set[int] = set()  # people who blocked the bot
        self.commands: list[Json] = []
        self._messages: dict[int, dict[int, Json]] = {chat: {} for chat in self.chats}
        self._last_id = dict.fromkeys(self.chats, 0)
        self._reactions: dict[tuple[int, int], list[Json]] = {}

    async def wait(self, predicate: Callable[[], T], timeout: float = 10.0) -> T:  # noqa: ASYNC109 - on our own clock
        """The first truthy value of `predicate`, asked again after every change.

        Raises TimeoutError after `timeout` seconds.
        """
        return await self.bell.until(predicate, timeout)

    # what is there

    def message(self, chat: int, message_id: int) -> Json | None:
        return self._messages[chat].get(message_id)

    def messages(self, chat: int) -> list[Json]:
        """What is visible in a chat, in order, with `reactions` added."""
        if chat not in self.chats:
            raise LookupError(f"There is no chat {chat}.")
        return [self.shown(message) for message in self._messages[chat].values()]

    def shown(self, message: Json) -> Json:
        key = message["chat"]["id"], message["message_id"]
        return {**message, "reactions": self._reactions.get(key, [])}

    # what the bot does

    def post(
        self,
        chat: Chat,
        content: Json,
        *,
        sender: User | None = None,
        thread: int | None = None,
    ) -> Json:
        """A new message, of the bot unless someone else sends it."""
        self._last_id[chat.id] += 1
        message: Json = {
            "message_id": self._last_id[chat.id],
            "from": (sender or self.bot).json(),
            "chat": chat.json(),
            "date": int(self.clock.now()),
            **content,
        }
        if thread:
            message |= {"message_thread_id": thread, "is_topic_message": True}
        self.live.arrived(chat.id, thread)
        self._keep(message)
        self.log.append("message", chat.id, message=self.shown(message))
        return message

    def edit(self, message: Json, **changes: Any) -> Json:
        """The message with these fields; None or an empty value takes a field away."""
        merged = {**message, **changes, "edit_date": int(self.clock.now())}
        edited = {name: value for name, value in merged.items() if value or name not in changes}
        self._keep(edited)
        self.log.append("edit", edited["chat"]["id"], message=self.shown(edited))
        return edited

    def delete(self, message: Json) -> None:
        chat, message_id = message["chat"]["id"], message["message_id"]
        del self._messages[chat][message_id]
        self._reactions.pop((chat, message_id), None)
        self.log.append("delete", chat, message_id=message_id)

    def react(self, message: Json, emoji: list[str]) -> None:
        chat, message_id = message["chat"]["id"], message["message_id"]
        reactions = [{"emoji": e} for e in emoji]
        self._reactions[chat, message_id] = reactions
        self.log.append("reaction", chat, message_id=message_id, reactions=reactions)

    def set_commands(self, commands: list[Json]) -> None:
        self.commands = commands
        self.log.append("commands", None, commands=commands)

    def record(self, call: Call) -> None:
        self.calls.append(call)
        self.bell.ring()

    # what people do

    def say(
        self,
        user: int,
        text: str,
        chat: int | None = None,
        *,
        reply_to: int | None = None,
        thread: int | None = None,
    ) -> Json:
        """The update that tells the bot, with its `update_id` (None: it does not want to know)."""
        content = _content("text", spotted(Text(text, [])))
        return self._send(user, chat, content, reply_to=reply_to, thread=thread)

    def upload(
        self,
        user: int,
        name: str,
        mime: str,
        data: bytes,
        chat: int | None = None,
        *,
        caption: str = "",
        reply_to: int | None = None,
        thread: int | None = None,
    ) -> Json:
        """A picture when `mime` is image/*, else a document."""
        picture = mime.startswith("image/")
        file = self.files.add(name, mime, data, "photos" if picture else "documents")
        content = files.as_photo(file) if picture else files.as_document(file)
        if caption:
            content |= _content("caption", spotted(Text(caption, [])))
        return self._send(user, chat, content, reply_to=reply_to, thread=thread)

    def share(
        self,
        user: int,
        content: Json,
        chat: int | None = None,
        *,
        reply_to: int | None = None,
        thread: int | None = None,
    ) -> Json:
        """A message of any kind; `content` as in the Bot API: see `sharing`."""
        return self._send(user, chat, content, reply_to=reply_to, thread=thread)

    def rewrite(self, user: int, chat: int, message_id: int, text: str) -> Json:
        """Someone edits their own message."""
        sender, place = self._in_chat(user, chat)
        message = self.message(place.id, message_id)
        if message is None or message["from"]["id"] != sender.id or "text" not in message:
            raise LookupError(f"User {user} has no text message {message_id} in chat {chat}.")
        plain = {name: value for name, value in message.items() if name != "entities"}
        edited = self.edit(plain, **_content("text", spotted(Text(text, []))))
        return {
            "update_id": self.updates.push("edited_message", edited),
            "edited_message": edited,
        }

    def tap(self, user: int, chat: int, message_id: int, data: str) -> str:
        """The id of the callback query; `taps.answered` knows what came of it."""
        sender, place = self._in_chat(user, chat)
        message = self.message(place.id, message_id)
        if message is None or data not in _buttons(message):
            raise LookupError(f"Message {message_id} in chat {chat} has no such button.")
        callback_id = self.taps.open(chat)
        query = {
            "id": callback_id,
            "from": sender.json(),
            "message": message,
            "chat_instance": str(chat),
            "data": data,
        }
        self.updates.push("callback_query", query)
        return callback_id

    def stop_draft(self, user: int, chat: int, draft_id: int) -> None:
        _, place = self._in_chat(user, chat)
        draft = self.live.stop(place.id, draft_id)
        stopped: Json = {"chat": place.json(), "draft_id": draft_id}
        if draft.thread:
            stopped["message_thread_id"] = draft.thread
        self.updates.push("stopped_message_generation", stopped)

    # the rest

    def _send(
        self,
        user: int,
        chat: int | None,
        content: Json,
        *,
        reply_to: int | None,
        thread: int | None,
    ) -> Json:
        sender, place = self._in_chat(user, user if chat is None else chat)
        if reply_to is not None:
            target = self.message(place.id, reply_to)
            if target is None:
                raise LookupError(f"There is no message {reply_to} in chat {place.id}.")
            content = {**content, "reply_to_message": without_reply(target)}
        elif thread and (root := self.message(place.id, thread)):
            content = {**content, "reply_to_message": root}
        message = self.post(place, content, sender=sender, thread=thread)
        return {"update_id": self.updates.push("message", message), "message": message}

    def _in_chat(self, user: int, chat: int) -> tuple[User, Chat]:
        if user not in self.users:
            raise LookupError(f"There is no user {user}.")
        if chat not in self.chats or user not in self.chats[chat].members:
            raise LookupError(f"User {user} is in no chat {chat}.")
        return self.users[user], self.chats[chat]

    def _keep(self, message: Json) -> None:
        self._messages[message["chat"]["id"]][message["message_id"]] = message


def without_reply(message: Json) -> Json:
    """A message inside another carries no third one."""
    return {name: value for name, value in message.items() if name != "reply_to_message"}


def _content(name: str, text: Text) -> Json:
    entities = "caption_entities" if name == "caption" else "entities"
    return {name: text.text, **({entities: text.entities} if text.entities else {})}


def _buttons(message: Json) -> set[str]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return {b["callback_data"] for row in rows for b in row if "callback_data" in b}
