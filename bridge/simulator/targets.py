"""Which chat and which message a call means."""

from bridge.simulator.cast import Chat
from bridge.simulator.params import Params
from bridge.simulator.wire import ApiError, Json, bad_request
from bridge.simulator.world import World, without_reply


def chat(world: World, given: Params) -> Chat:
    """Raises ApiError when it is unknown, or closed to the bot."""
    name = given.text("chat_id")
    if not name:
        raise bad_request("chat_id is empty")
    found = next((c for c in world.chats.values() if name in _names(c)), None)
    if found is None:
        raise bad_request("chat not found")
    if found.id in world.blocked:
        raise ApiError(403, "Forbidden: bot was blocked by the user")
    return found


def message(world: World, given: Params, otherwise: str) -> Json:
    """Raises ApiError with the sentence `otherwise` when it is not there."""
    place = chat(world, given)
    if "message_id" not in given:
        raise bad_request("message identifier is not specified")
    found = world.message(place.id, given.integer("message_id"))
    if found is None:
        raise bad_request(otherwise)
    return found


def replied(world: World, given: Params, place: Chat) -> Json | None:
    """The message that is answered; None when the call answers none."""
    wish = given.nested("reply_parameters")
    if not isinstance(wish, dict):
        wish = {
            "message_id": given.integer("reply_to_message_id"),
            "allow_sending_without_reply": given.flag("allow_sending_without_reply"),
        }
    if not wish.get("message_id"):
        return None
    found = world.message(place.id, wish["message_id"])
    if found is None and not wish.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return None if found is None else without_reply(found)


def _names(place: Chat) -> set[str]:
    public = place.type != "private" and place.username
    return {str(place.id), f"@{place.username}"} if public else {str(place.id)}
