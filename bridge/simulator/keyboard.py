"""reply_markup: the rules for inline keyboards."""

from typing import Any

from bridge.simulator.params import Params
from bridge.simulator.wire import Json, bad_request

LONGEST_DATA = 64  # bytes
MOST_BUTTONS = 100
ACTIONS = {
    *("callback_data", "url", "web_app", "login_url", "switch_inline_query", "copy_text"),
    *("switch_inline_query_current_chat", "switch_inline_query_chosen_chat", "pay", "disabled"),
}
STYLES = {"danger", "success", "primary"}


def read(given: Params) -> Json | None:
    """The inline keyboard; None for none, and for the other kinds, which no message shows."""
    markup = given.nested("reply_markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if not rows:
        return None
    if not (isinstance(rows, list) and all(isinstance(row, list) for row in rows)):
        raise bad_request('field "inline_keyboard" must be an Array of Arrays')
    buttons = [button for row in rows for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    for button in buttons:
        _check(button)
    return {"inline_keyboard": [row for row in rows if row]}


def _check(button: Any) -> None:
    if not isinstance(button, dict) or not button.get("text"):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be non-empty')
    if not ACTIONS & button.keys():
        raise bad_request("text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= LONGEST_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
    if button.get("style", "primary") not in STYLES:
        raise bad_request("invalid button style specified")
