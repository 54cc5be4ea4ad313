"""Who is there: the bot, people, chats. By default a small household."""

from dataclasses import dataclass

from bridge.simulator.wire import Json


@dataclass(frozen=True, slots=True)
class User:
    id: int
    name: str
    username: str
    is_bot: bool = False

    def json(self) -> Json:
        """A User object of the Bot API."""
        user: Json = {
            "id": self.id,
            "is_bot": self.is_bot,
            "first_name": self.name,
            "username": self.username,
        }
        return user if self.is_bot else {**user, "language_code": "en"}


@dataclass(frozen=True, slots=True)
class Chat:
    """`members` are people's ids; with `is_forum` it has topics.

    A private chat has its person's id, a group a negative one.
    """

    id: int
    type: str
    title: str
    members: tuple[int, ...]
    username: str = ""
    is_forum: bool = False
    manages_topics: bool = True  # the bot may make topics

    def json(self) -> Json:
        """A Chat object of the Bot API."""
        if self.type == "private":
            return {
                "id": self.id,
                "type": self.type,
                "first_name": self.title,
                "username": self.username,
            }
        forum = {"is_forum": True} if self.is_forum else {}
        return {"id": self.id, "type": self.type, "title": self.title, **forum}


def private(user: User) -> Chat:
    return Chat(user.id, "private", user.name, (user.id,), user.username)


BOT = User(4242, "Tollbridge", "tollbridge_bot", is_bot=True)
USERS = (User(111, "Ada", "ada"), User(222, "Bo", "bo"), User(333, "Cy", "cy"))
GROUPS = (Chat(-1001, "supergroup", "Kitchen table", (111, 222)),)
