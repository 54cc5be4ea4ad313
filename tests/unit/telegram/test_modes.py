"""/default, /verbose and /smart."""

import pytest

from bridge.model import Mode, SessionKey
from tests.unit.telegram.fakes_sessions import Bot

MAIN = SessionKey(1, 0, "main")


@pytest.mark.parametrize("mode", list(Mode))
async def test_a_mode_is_chosen_and_shown_before_the_first_message_too(
    bot: Bot, mode: Mode
) -> None:
    await bot.says("/verbose")
    told = await bot.says(f"/{mode}")
    assert bot.sessions.known[MAIN].mode is mode
    assert ("/default goes back" in told) is (mode is not Mode.DEFAULT)
    assert f"Mode: {mode}" in await bot.says("/status")


async def test_each_session_has_its_own(bot: Bot) -> None:
    bot.add("main")
    bot.add("docs")
    await bot.says("/session docs")
    await bot.says("/smart")
    assert bot.sessions.known[MAIN].mode is None
    assert bot.sessions.known[SessionKey(1, 0, "docs")].mode is Mode.SMART
