"""The methods that put something into a chat: messages, files, drafts, chat actions."""

from bridge.simulator import entities, files, keyboard, targets
from bridge.simulator.cast import Chat
from bridge.simulator.files import File
from bridge.simulator.live import Draft
from bridge.simulator.params import Params
from bridge.simulator.wire import Json, bad_request
from bridge.simulator.world import World

CHAT_ACTIONS = {
    *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"),
    *("upload_document", "choose_sticker", "find_location", "record_video_note"),
    "upload_video_note",
}


def send_message(world: World, given: Params) -> Json:
    text = entities.required(given)
    content: Json = {"text": text.text}
    if text.entities:
        content["entities"] = text.entities
    if preview := given.nested("link_preview_options"):
        content["link_preview_options"] = preview
    return _post(world, given, targets.chat(world, given), content)


def send_document(world: World, given: Params) -> Json:
    place = targets.chat(world, given)
    file = _file(world, given, "document")
    return _post(world, given, place, {**files.as_document(file), **_caption(given)})


def send_photo(world: World, given: Params) -> Json:
    place = targets.chat(world, given)
    file = _file(world, given, "photo")
    if not files.is_image(file.data):
        raise bad_request("IMAGE_PROCESS_FAILED")
    return _post(world, given, place, {**files.as_photo(file), **_caption(given)})


def send_message_draft(world: World, given: Params) -> bool:
    """Private chats only. The sentence for a draft_id of 0 is ours: Telegram's is not known."""
    text = entities.read(given)
    place = targets.chat(world, given)
    if place.type != "private":
        raise bad_request("TEXTDRAFT_PEER_INVALID")
    if not given.integer("draft_id"):
        raise bad_request("draft_id must be non-zero")
    draft = Draft(
        id=given.integer("draft_id"),
        text=text,
        thread=given.integer("message_thread_id") or None,
        can_stop=given.flag("can_stop"),
        keep_on_stop=given.flag("keep_on_stop"),
    )
    world.live.show(place.id, draft)
    return True


def send_chat_action(world: World, given: Params) -> bool:
    place = targets.chat(world, given)
    if given.text("action") not in CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    world.live.act(place.id, given.text("action"))
    return True


def _post(world: World, given: Params, place: Chat, content: Json) -> Json:
    if markup := keyboard.read(given):
        content["reply_markup"] = markup
    if answered := targets.replied(world, given, place):
        content["reply_to_message"] = answered
    return world.post(place, content, thread=given.integer("message_thread_id") or None)


def _caption(given: Params) -> Json:
    text = entities.read(given, "caption", "caption_entities")
    if not text.text:
        return {}
    return {"caption": text.text, **({"caption_entities": text.entities} if text.entities else {})}


def _file(world: World, given: Params, field: str) -> File:
    """What was uploaded under this name or as `attach://…`, or a file sent before, by its id."""
    wanted = given.text(field)
    upload = given.uploads.get(wanted.removeprefix("attach://") or field)
    if upload is not None:
        if not upload.data:
            raise bad_request("file must be non-empty")
        return world.files.add(upload.name, upload.mime, upload.data, f"{field}s")
    if not wanted:
        raise bad_request(f"there is no {field} in the request")
    known = world.files.get(wanted)
    if known is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return known
