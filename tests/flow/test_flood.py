"""The whole app under a strict model of Telegram's limits.

The true rates would take minutes; here the limits and the settings are both five times as fast.
tests/unit/telegram/test_flood.py has the true ones, in virtual time.
"""

import asyncio
from functools import partial
from pathlib import Path

from bridge.simulator.cast import User
from bridge.simulator.flood import Limits
from bridge.simulator.script import Say, Script, Stall, When
from bridge.simulator.world import World
from tests.flow.stage import ADA, Stage, staged

FASTER = 5
LIMITS = Limits(
    chat_per_second=1.0 * FASTER,
    chat_burst=3,
    overall_per_second=30 * FASTER,
    light=((20, 5.0 / FASTER), (40, 30.0 / FASTER)),
    least=5,
    extension=5,
)
PEOPLE = [User(number, f"User {number}", f"user{number}") for number in range(101, 111)]
USERS = "".join(f'[users.{user.id}]\nname = "{user.name}"\nrole = "member"\n' for user in PEOPLE)
RATES = f"""
[telegram]
chat_per_second = {FASTER}
overall_per_second = {25 * FASTER}
"""
RICH = {
    "TOLLBRIDGE_BUDGETS__DEFAULT": "{ day_usd = 1000.0, month_usd = 1000.0 }",
    "TOLLBRIDGE_MODELS__HAIKU__OUTPUT_TOKENS": "64000",
    "TOLLBRIDGE_SESSIONS__MAX_LIVE": "10",
}
LONG = "\n\n".join(f"w{n} " + "word " * 90 for n in range(220))  # 100 KB
WORDS = LONG.split()


def whole(stage: Stage, chat: int) -> bool:
    """Every word of the answer is there, in order and once."""
    said = " ".join(stage.texts(chat)).split()
    return [word for word in said if word.startswith("w")] == WORDS


def refusals(stage: Stage) -> list[tuple[str, int | None]]:
    """Of calls to a chat: what a server can do is asked without one."""
    calls = [call for call in stage.world.calls if call.chat is not None]
    return [(call.method, call.status) for call in calls if call.status != 200]


async def test_ten_chats_get_100_kb_each_at_once_and_no_limit_is_broken(tmp_path: Path) -> None:
    world = World(PEOPLE, ())
    script = Script([Say(LONG, chunk=2000, pace=0.02)])
    async with staged(tmp_path, script, USERS + RATES, world, RICH, LIMITS) as stage:
        for user in PEOPLE:
            stage.say("go", user.id)
        for user in PEOPLE:
            await stage.until(partial(whole, stage, user.id))
        assert refusals(stage) == []


async def test_stop_and_status_are_answered_within_a_second_of_a_hundred_messages(
    tmp_path: Path,
) -> None:
    """At the true rates: ten are waiting in the queue, the others are refused with a sentence."""
    script = Script(When("first", [Say("One two three. " * 20), Stall(60)]))
    async with staged(tmp_path, script, limits=Limits(chat_burst=3, least=5)) as stage:
        stage.say("first")
        await stage.draft("One two")
        for n in range(100):
            stage.say(f"message {n}")
            await asyncio.sleep(0.1)
        assert await seconds(stage, "/status", "main") <= 1.0
        assert await seconds(stage, "/stop", "Stopping.") <= 1.0
        await stage.answer("Stopped.")


async def seconds(stage: Stage, command: str, words: str) -> float:
    """From the command to the message that answers it."""
    number = stage.say(command)
    asked = stage.world.clock.now()

    def replied() -> bool:
        found = [m for m in stage.heard(ADA) if words in m.get("text", "")]
        return any(m.get("reply_to_message", {}).get("message_id") == number for m in found)

    await stage.until(replied)
    return stage.world.clock.now() - asked
