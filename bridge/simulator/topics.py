"""Topics of a forum. The message that says one was made is its id; all in it reply to that."""

from bridge.simulator import targets
from bridge.simulator.params import Params
from bridge.simulator.wire import Json, bad_request
from bridge.simulator.world import World

LONGEST = 128  # characters of a name
BLUE = 0x6FB9F0


def create_forum_topic(world: World, given: Params) -> Json:
    place = targets.chat(world, given)
    name = given.text("name").strip()
    if not place.is_forum:
        raise bad_request("the chat is not a forum")
    if not place.manages_topics:
        raise bad_request("not enough rights to create a topic")
    if not 1 <= len(name) <= LONGEST:
        raise bad_request("topic name is invalid")
    topic = {"name": name, "icon_color": BLUE}
    made = world.post(place, {"forum_topic_created": topic})
    root = made["message_id"]
    world.edit(made, message_thread_id=root, is_topic_message=True)
    return {"message_thread_id": root, **topic}
