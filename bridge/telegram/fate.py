"""Whether a message is there whose sending got no answer.

The Bot API shows no history. But the messages of a chat leave one at a time, so one that was
lost on the way can only have an id above the last one known when it left. To give a message
the very buttons that it has changes nothing and is seen by nobody: "not modified" means that
it is there, a refusal that this id is nothing of ours.

Private chats and small groups of a bot share one sequence of ids, supergroups have their own,
and some servers count in each chat; so both kinds of next ids are tried. Ids of other messages
that are known by now are left out. All this holds as long as one process writes into a chat.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from bridge.telegram.params import Params

SUPERGROUPS = -1_000_000_000_000  # their ids lie below
TRIED = 3  # ids of each sequence
KEPT = 256  # known ids


@dataclass(frozen=True, slots=True)
class Mark:
    """The last ids that were known when a message left; 0 = none."""

    own: int
    shared: int


class Ids:
    """The newest ids that are known of one sequence."""

    def __init__(self) -> None:
        self.last = 0
        self._known: deque[int] = deque(maxlen=KEPT)

    def note(self, number: int) -> None:
        self.last = max(self.last, number)
        self._known.append(number)

    def after(self, last: int) -> list[int]:
        """The next ones that are not known; none where the last one is not known either."""
        free = (number for number in count(last + 1) if number not in self._known)
        return list(islice(free, TRIED)) if last else []


class Register:
    """The ids of messages, as far as calls and their results have named them."""

    def __init__(self) -> None:
        self._chats: defaultdict[int, Ids] = defaultdict(Ids)
        self._shared = Ids()

    def call(self, chat: int, method: str, params: Mapping[str, Any]) -> None:
        """People's messages, as our calls name them.

        An edit may name the lost message itself: somebody has tapped on it.
        """
        replied = params.get("reply_parameters") or {}
        self.note(chat, replied.get("message_id"))
        if method == "setMessageReaction":
            self.note(chat, params.get("message_id"))

    def result(self, chat: int, result: Any) -> None:
        """Our messages."""
        if isinstance(result, Mapping):
            self.note(chat, result.get("message_id"))

    def note(self, chat: int, number: int | None) -> None:
        if number:
            self._chats[chat].note(number)
        if number and chat > SUPERGROUPS:
            self._shared.note(number)

    def mark(self, chat: int) -> Mark:
        return Mark(self._chats[chat].last, self._shared.last if chat > SUPERGROUPS else 0)

    def suspects(self, chat: int, mark: Mark) -> list[int]:
        """The ids that a message may have which left at that mark."""
        found = [*self._chats[chat].after(mark.own), *self._shared.after(mark.shared)]
        return list(dict.fromkeys(found))


def probe(lost: Mapping[str, Any], number: int) -> Params:
    """For `editMessageReplyMarkup`: it changes nothing if that is the lost message."""
    return {
        "chat_id": lost["chat_id"],
        "message_id": number,
        "reply_markup": lost.get("reply_markup"),
    }


def there(lost: Mapping[str, Any], result: Any) -> bool:
    """What a probe that was not refused has found. True stands for "not modified".

    A server that does not mind shows the message instead.
    """
    return result is True or words(result) == words(lost)


def words(content: Mapping[str, Any]) -> str:
    return str(content.get("text") or content.get("caption") or "").strip()
