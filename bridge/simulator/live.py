"""What is in the air: drafts and chat actions, which no history keeps.

A draft belongs to a chat and topic. The same id again changes it, another id replaces it; it goes
when any message arrives there, or 30 seconds after it was last shown.
"""

from dataclasses import dataclass, replace

from bridge.simulator.clock import Clock, Timer
from bridge.simulator.entities import Text
from bridge.simulator.log import Log
from bridge.simulator.wire import Json

DRAFT_SECONDS = 30.0
ACTION_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Draft:
    id: int
    text: Text
    thread: int | None = None
    can_stop: bool = False
    keep_on_stop: bool = False

    def json(self) -> Json:
        return {
            "draft_id": self.id,
            "text": self.text.text,
            "entities": self.text.entities,
            "can_stop": self.can_stop,
            "message_thread_id": self.thread,
        }


class Live:
    def __init__(self, clock: Clock, log: Log) -> None:
        self._clock = clock
        self._log = log
        self._drafts: dict[tuple[int, int | None], tuple[Draft, Timer]] = {}
        self._actions: dict[int, tuple[str, float]] = {}

    def show(self, chat: int, draft: Draft) -> None:
        key = (chat, draft.thread)
        shown = self._drafts.get(key)
        if shown and shown[0].id != draft.id:
            self.end(chat, draft.thread)
        elif shown:
            shown[1].cancel()
        timer = self._clock.call_later(DRAFT_SECONDS, lambda: self.end(chat, draft.thread))
        self._drafts[key] = draft, timer
        self._log.append("draft", chat, draft=draft.json())

    def end(self, chat: int, thread: int | None) -> None:
        shown = self._drafts.pop((chat, thread), None)
        if shown is not None:
            draft, timer = shown
            timer.cancel()
            self._log.append("draft_end", chat, draft_id=draft.id, message_thread_id=thread)

    def arrived(self, chat: int, thread: int | None) -> None:
        """A message came: the draft and the action are over."""
        self.end(chat, thread)
        self._actions.pop(chat, None)

    def stop(self, chat: int, draft_id: int) -> Draft:
        """The user's Stop: only the preview ends, or stays without its button if it said so.

        Raises LookupError when there is no such draft with a button.
        """
        draft = next((d for d in self.drafts(chat) if d.id == draft_id and d.can_stop), None)
        if draft is None:
            raise LookupError(f"There is no draft {draft_id} to stop in chat {chat}.")
        if draft.keep_on_stop:
            self.show(chat, replace(draft, can_stop=False))
        else:
            self.end(chat, draft.thread)
        return draft

    def act(self, chat: int, action: str) -> None:
        self._actions[chat] = action, self._clock.now() + ACTION_SECONDS
        self._log.append("action", chat, action=action, expires=ACTION_SECONDS)

    def drafts(self, chat: int) -> list[Draft]:
        return [draft for (at, _), (draft, _) in self._drafts.items() if at == chat]

    def action(self, chat: int) -> str | None:
        action, ends = self._actions.get(chat, (None, 0.0))
        return action if self._clock.now() < ends else None
