"""The methods that change what is already in a chat: edits, deletions, reactions."""

from typing import Any

from bridge.simulator import entities, keyboard, targets
from bridge.simulator.params import Params
from bridge.simulator.wire import Json, bad_request
from bridge.simulator.world import World

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
DELETABLE_SECONDS = 48 * 3600
REACTIONS = {
    emoji
    for line in (
        "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳",
        "❤\u200d🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨\u200d💻 👀 🎃 🙈",
        "😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d♂ 🤷 🤷\u200d♀ 😡",
    )
    for emoji in line.split()
}


def edit_message_text(world: World, given: Params) -> Json:
    text = entities.required(given)
    message = _own(world, given)
    if "text" not in message:
        raise bad_request("there is no text in the message to edit")
    return _change(world, message, given, text=text.text, entities=text.entities)


def edit_message_caption(world: World, given: Params) -> Json:
    text = entities.read(given, "caption", "caption_entities")
    message = _own(world, given)
    if "text" in message:
        raise bad_request("there is no caption in the message to edit")
    return _change(world, message, given, caption=text.text, caption_entities=text.entities)


def edit_message_reply_markup(world: World, given: Params) -> Json:
    return _change(world, _own(world, given), given)


def delete_message(world: World, given: Params) -> bool:
    message = targets.message(world, given, "message to delete not found")
    if not _deletable(world, message):
        raise bad_request("message can't be deleted")
    world.delete(message)
    return True


def delete_messages(world: World, given: Params) -> bool:
    """Those that are not there, or cannot be deleted, are skipped."""
    chat = targets.chat(world, given)
    wanted = given.nested("message_ids")
    if not isinstance(wanted, list):
        raise bad_request("message identifiers are not specified")
    for message_id in wanted:
        message = world.message(chat.id, message_id)
        if message is not None and _deletable(world, message):
            world.delete(message)
    return True


def set_message_reaction(world: World, given: Params) -> bool:
    """A bot may set one, from Telegram's list."""
    message = targets.message(world, given, "message to react not found")
    emoji = [str(wish.get("emoji", "")) for wish in given.objects("reaction")]
    if len(emoji) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    if not {e.replace("\ufe0f", "") for e in emoji} <= REACTIONS:
        raise bad_request("REACTION_INVALID")
    world.react(message, emoji)
    return True


def _own(world: World, given: Params) -> Json:
    message = targets.message(world, given, "message to edit not found")
    if message["from"]["id"] != world.bot.id:
        raise bad_request("message can't be edited")
    return message


def _change(world: World, message: Json, given: Params, **content: Any) -> Json:
    """A keyboard that is not given again is taken away."""
    changes = {**content, "reply_markup": keyboard.read(given)}
    if all((message.get(name) or None) == (value or None) for name, value in changes.items()):
        raise bad_request(NOT_MODIFIED)
    return world.edit(message, **changes)


def _deletable(world: World, message: Json) -> bool:
    """In a private chat everything, in a group what is the bot's own; for 48 hours."""
    young: bool = world.clock.now() - message["date"] < DELETABLE_SECONDS
    ours: bool = message["from"]["id"] == world.bot.id
    private: bool = message["chat"]["type"] == "private"
    return young and (ours or private)
