"""How much may leave when. Telegram counts messages and edits of a chat together, drafts and
chat actions apart, and the rest seems to be free within reason.

A leaky bucket of n per period lets nearly 2n through in an unlucky period. Where Telegram
counts in periods, the bucket is therefore smaller than the limit: burst + refill <= limit. It
also refills a little slower than allowed, since the network delays some calls more than others
and Telegram counts when they arrive.
"""

from dataclasses import dataclass
from enum import Enum, auto

from aiolimiter import AsyncLimiter

BURST = 3
MARGIN = 1.1


class Family(Enum):
    """Calls that Telegram counts together."""

    MESSAGE = auto()
    TYPING = auto()
    REST = auto()


FAMILIES = {
    "sendMessageDraft": Family.TYPING,
    "sendChatAction": Family.TYPING,
    "setMessageReaction": Family.REST,
    "deleteMessage": Family.REST,
}


def family(method: str) -> Family:
    return FAMILIES.get(method, Family.MESSAGE)


@dataclass(frozen=True, slots=True)
class Rates:
    """As in [telegram] of the settings."""

    chat_per_second: float = 1.0
    group_per_minute: float = 18.0
    overall_per_second: float = 25.0


def limiters(kind: Family, chat: int, rates: Rates) -> list[AsyncLimiter]:
    match kind:
        case Family.MESSAGE:
            return [messages(chat, rates)]
        case Family.TYPING:
            return [AsyncLimiter(10, MARGIN * 5.0), AsyncLimiter(20, MARGIN * 30.0)]
        case Family.REST:
            return [AsyncLimiter(10, MARGIN * 10.0 / rates.chat_per_second)]


def messages(chat: int, rates: Rates) -> AsyncLimiter:
    """Private chats by the second; groups (negative ids) have a budget by the minute."""
    if chat > 0:
        return AsyncLimiter(BURST, MARGIN * BURST / rates.chat_per_second)
    burst = min(BURST, max(1.0, rates.group_per_minute / 2))
    refill = max(rates.group_per_minute - burst, 1.0)  # per minute
    return AsyncLimiter(burst, MARGIN * 60.0 * burst / refill)
