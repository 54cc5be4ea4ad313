"""What people send beside words arrives as the Bot API tells it."""

from bridge.simulator import sharing
from bridge.simulator.cast import USERS, Chat
from bridge.simulator.world import World
from tests.unit.simulator.phone import HandClock, calling

FORUM = Chat(-5, "supergroup", "Forum", (111,), is_forum=True)
CLOSED = Chat(-6, "supergroup", "Closed", (111,), is_forum=True, manages_topics=False)
KITCHEN = Chat(-7, "supergroup", "Kitchen", (111,))


def world() -> World:
    return World(groups=[FORUM, CLOSED, KITCHEN], clock=HandClock())


def test_each_part_of_an_album_is_an_update_of_its_own() -> None:
    there = world()
    parts = [sharing.file(there, "photo", "a.png", "image/png", b"x") for _ in range(2)]
    updates = sharing.album(there, 111, parts)
    assert len({update["update_id"] for update in updates}) == 2
    assert {update["message"]["media_group_id"] for update in updates} == {"a1"}


def test_a_voice_message_has_no_name_and_an_animation_is_a_document_too() -> None:
    voice = sharing.file(world(), "voice", "a.ogg", "audio/ogg", b"x")["voice"]
    assert "file_name" not in voice
    animation = sharing.file(world(), "animation", "a.mp4", "video/mp4", b"x")
    assert animation["animation"] == animation["document"]


def test_a_forwarded_message_says_whose_it_was() -> None:
    origin = sharing.forwarded({"text": "x"}, USERS[1])["forward_origin"]
    assert origin["sender_user"]["first_name"] == "Bo"


async def test_what_is_written_in_a_topic_replies_to_it() -> None:
    async with calling(world()) as bot:
        topic = await bot.call("createForumTopic", chat_id=-5, name="Shed")
        message = bot.world.say(111, "hi", -5, thread=topic["message_thread_id"])["message"]
    assert message["is_topic_message"]
    assert message["reply_to_message"]["forum_topic_created"]["name"] == "Shed"


async def test_a_topic_is_refused_where_there_can_be_none() -> None:
    async with calling(world()) as bot:
        refusals = [await bot.refused("createForumTopic", chat_id=c, name="x") for c in (-6, -7)]
    assert refusals == [
        "400 Bad Request: not enough rights to create a topic",
        "400 Bad Request: the chat is not a forum",
    ]
