"""The methods about the bot itself and what it may know: itself, commands, chats, files, taps."""

import re

from bridge.simulator import targets
from bridge.simulator.params import Params
from bridge.simulator.wire import Json, bad_request
from bridge.simulator.world import World

MOST_COMMANDS = 100
LONGEST_ANSWER = 200


def get_me(world: World, _: Params) -> Json:
    return {
        **world.bot.json(),
        "can_join_groups": True,
        "can_read_all_group_messages": True,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def set_my_commands(world: World, given: Params) -> bool:
    """Scopes and languages are accepted; the last list given is the one shown."""
    commands = given.objects("commands")
    if len(commands) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command", ""))):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    world.set_commands(commands)
    return True


def get_my_commands(world: World, _: Params) -> list[Json]:
    return world.commands


def delete_my_commands(world: World, _: Params) -> bool:
    world.set_commands([])
    return True


def get_chat(world: World, given: Params) -> Json:
    return {
        **targets.chat(world, given).json(),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            (
                *("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"),
                "gifts_from_channels",
            ),
            False,
        ),
    }


def get_chat_member(world: World, given: Params) -> Json:
    chat = targets.chat(world, given)
    user = world.users.get(given.integer("user_id"))
    if user is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return {"status": "member" if user.id in chat.members else "left", "user": user.json()}


def get_file(world: World, given: Params) -> Json:
    file = world.files.downloadable(given.text("file_id"))
    return {**file.json(), "file_path": file.path}


def answer_callback_query(world: World, given: Params) -> bool:
    text = given.text("text")
    if len(text) > LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    world.taps.answer(given.text("callback_query_id"), text, show_alert=given.flag("show_alert"))
    return True
