"""Whether a message in a group is meant for us. Pure.

A mention, a reply to one of our messages, a command of ours. In a topic that we have made for a
session all is: there each message replies to the topic, and that is ours.
"""

import re

from bridge.telegram import bodies
from bridge.telegram.bodies import Body

PLAN = "plan"  # no command of the table: the router and Claude see the whole text


def addressed(body: Body, text: str, username: str, *, command: bool) -> bool:
    """`command`: it is one of the table."""
    if int(body["chat"]["id"]) > 0 or command:
        return True
    above = body.get("reply_to_message")
    if above is not None and bodies.ours(above, username):
        return True
    return mentioned(text, username) or begins(text, username)


def mentioned(text: str, username: str) -> bool:
    return bool(username) and re.search(rf"(?<!\w)@{username}\b", text, re.IGNORECASE) is not None


def begins(text: str, username: str) -> bool:
    """Whether its first word is /plan, or any /word of ours."""
    if not text.startswith("/"):
        return False
    name, _, addressee = text.split(maxsplit=1)[0][1:].partition("@")
    return bodies.same(addressee, username) if addressee else bodies.same(name, PLAN)


def without(text: str, username: str) -> str:
    """The words without our name before or after them; a name alone stays."""
    if not username:
        return text
    ours = rf"@{username}\b"
    bare = re.sub(rf"\A\s*{ours}[,:]?\s*|\s+{ours}\s*\Z", "", text, flags=re.IGNORECASE)
    return bare or text
