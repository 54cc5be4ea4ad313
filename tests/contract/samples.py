"""Values that the tests of the store put in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bridge.model import (
    Answer,
    Arrival,
    Ask,
    Kind,
    Outcome,
    Place,
    Session,
    SessionKey,
    Turn,
)
from budgets.model import Hold, Limit, Scope, Window

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PLACE = Place(111)
MAIN = SessionKey(111, 0, "main")
FOLDER = Path("/srv/sessions/111/main")
UGLY = "NUL \x00, half a smile \ud83d, escape \x1b[0m \x1b0000, 😀 ü"


def arrival(update_id: int, kind: Kind = Kind.MESSAGE, **changes: Any) -> Arrival:
    values: dict[str, Any] = {
        "place": PLACE,
        "user": 111,
        "raw": f'{{"update_id": {update_id}}}',
        "text": f"message {update_id}",
        "message_id": update_id + 1000,
        "sent_at": NOON,
    }
    return Arrival(update_id, kind, **(values | changes))


def session(name: str = "fix", place: Place = PLACE, **changes: Any) -> Session:
    values: dict[str, Any] = {
        "user": 111,
        "folder": Path("/srv/sessions/111") / name,
        "started_at": NOON,
        "active_at": NOON,
    }
    return Session(key=SessionKey(place.chat, place.thread, name), **(values | changes))


def turn(update_id: int, key: SessionKey = MAIN) -> Turn:
    return Turn(update_id, key, 111, update_id + 1000, "haiku", NOON, "a1b2")


def answer(
    update_id: int,
    text: str = "An answer.",
    key: SessionKey = MAIN,
    outcome: Outcome = Outcome.DONE,
) -> Answer:
    return Answer(update_id, key, update_id + 1000, text, outcome, "haiku · $0.01")


def ask(nonce: str, update_id: int = 1, key: SessionKey = MAIN) -> Ask:
    return Ask(nonce, key, update_id, 111, "Bash", "rm -r build", ("Allow", "Deny"))


def limit(
    amount: int | None, scope: Scope = Scope.MONTH, at: datetime = NOON, hours: float = 24
) -> Limit:
    """A window that begins at `at`."""
    return Limit(Window(scope, at, at + timedelta(hours=hours)), amount)


def hold(request_id: str, amount: int = 100, **changes: Any) -> Hold:
    values: dict[str, Any] = {
        "update_id": 1,
        "user": 111,
        "session": "main",
        "model": "claude-haiku-5-5",
        "at": NOON,
    }
    return Hold(request_id=request_id, amount=amount, **(values | changes))
