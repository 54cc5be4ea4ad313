"""What a person does on the page: writing, choosing a chat, reading, losing the connection."""

import pytest
from playwright.async_api import Browser, Page, expect

from bridge.simulator.bot_api import telegram
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.unit.simulator.page.driver import (
    ADA,
    BO,
    CHROMIUM,
    GROUP,
    PHONE,
    Bot,
    last,
    messages,
    write,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium package"),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_what_is_written_reaches_the_bot_and_stands_on_my_side(page: Page, bot: Bot) -> None:
    await write(page, "Hello bot")
    assert (await bot.next("message"))["text"] == "Hello bot"
    await expect(messages(page)).to_have_count(1)
    await expect(messages(page)).to_have_attribute("data-from", "user")
    await expect(last(page)).to_have_text("Hello bot")
    await expect(page.get_by_test_id("composer")).to_have_value("")


async def test_enter_sends_and_shift_enter_breaks_the_line(page: Page, bot: Bot) -> None:
    composer = page.get_by_test_id("composer")
    low = await composer.evaluate("field => field.offsetHeight")
    await composer.type("one")
    await composer.press("Shift+Enter")
    await composer.type("two")
    assert await composer.evaluate("field => field.offsetHeight") > low
    await composer.press("Enter")
    assert (await bot.next("message"))["text"] == "one\ntwo"


async def test_the_empty_chat_offers_to_start(page: Page, bot: Bot) -> None:
    await page.get_by_test_id("start").click()
    assert (await bot.next("message"))["text"] == "/start"
    await expect(page.get_by_test_id("empty")).to_be_hidden()


async def test_a_file_is_attached_with_its_caption(page: Page, bot: Bot) -> None:
    await page.get_by_test_id("file-input").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"remember"}
    )
    await expect(page.get_by_test_id("extra")).to_contain_text("notes.txt")
    await write(page, "my notes")
    received = await bot.next("message")
    assert received["document"]["file_name"] == "notes.txt"
    assert received["caption"] == "my notes"


async def test_the_button_beside_a_message_replies_to_it(page: Page, bot: Bot) -> None:
    sent = await bot.say("What shall I do?")
    await messages(page).get_by_role("button", name="Reply").click()
    await expect(page.get_by_test_id("extra")).to_contain_text("What shall I do?")
    await write(page, "Nothing")
    assert (await bot.next("message"))["reply_to_message"]["message_id"] == sent
    await expect(page.get_by_test_id("quote")).to_contain_text("What shall I do?")


async def test_the_slash_lists_the_commands_and_a_tap_sends_one(page: Page, bot: Bot) -> None:
    commands = [{"command": c, "description": f"The {c}"} for c in ("start", "stop", "cost")]
    await bot.call("setMyCommands", commands=commands)
    await page.get_by_test_id("command-button").click()
    await expect(page.get_by_test_id("command")).to_have_count(3)
    await page.get_by_test_id("composer").fill("/st")
    await expect(page.get_by_test_id("command")).to_have_count(2)
    await page.get_by_test_id("command").filter(has_text="The stop").click()
    assert (await bot.next("message"))["text"] == "/stop"
    await expect(page.get_by_test_id("commands")).to_be_hidden()


async def test_each_user_has_their_own_chat_and_all_share_the_group(page: Page, bot: Bot) -> None:
    await bot.say("for Ada")
    await bot.say("for Bo", chat=BO)
    await bot.say("for everyone", chat=GROUP)
    await expect(last(page)).to_have_text("for Ada")
    await page.get_by_test_id("user-switch").select_option(str(BO))
    await expect(last(page)).to_have_text("for Bo")
    await page.get_by_role("button", name="All chats").click()
    await page.locator(f"[data-chat-id='{GROUP}']").click()
    await expect(last(page)).to_have_text("for everyone")
    await write(page, "hello from Bo")
    received = await bot.next("message")
    assert (received["from"]["id"], received["chat"]["id"]) == (BO, GROUP)
    await expect(messages(page)).to_have_count(2)


async def test_a_message_elsewhere_is_counted(page: Page, bot: Bot) -> None:
    await bot.say("for everyone", chat=GROUP)
    await expect(page.get_by_role("button", name="All chats")).to_contain_text("1")


async def test_reading_far_up_is_not_disturbed_by_what_arrives(page: Page, bot: Bot) -> None:
    for number in range(20):
        await bot.say(f"line {number}\n" * 4)
    await expect(messages(page)).to_have_count(20)
    await expect(messages(page).last).to_be_in_viewport()
    await messages(page).nth(5).evaluate("node => node.scrollIntoView({ block: 'start' })")
    newest = page.get_by_role("button", name="To the newest message")
    await expect(newest).to_be_visible()
    await bot.say("news")
    await expect(newest).to_contain_text("1")
    await expect(messages(page).nth(5)).to_be_in_viewport()
    await newest.click()
    await expect(messages(page).last).to_be_in_viewport()
    await expect(newest).to_be_hidden()


async def test_after_a_lost_connection_the_page_catches_up(browser: Browser) -> None:
    world = World()
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    async with serving(telegram(world)) as url:
        await page.goto(url)
        await expect(page.get_by_test_id("empty")).to_be_visible()
        await write(page, "before")
        await expect(messages(page)).to_have_count(1)
    await expect(page.get_by_test_id("offline")).to_be_visible()
    world.say(ADA, "meanwhile")
    async with serving(telegram(world), port=int(url.rpartition(":")[2])):
        await expect(last(page)).to_have_text("meanwhile")
        await expect(page.get_by_test_id("offline")).to_be_hidden()
        await write(page, "after")
        await expect(messages(page)).to_have_count(3)
        await context.close()


async def test_what_could_not_be_sent_stays_in_the_field(browser: Browser) -> None:
    page = await browser.new_page()
    async with serving(telegram(World())) as url:
        await page.goto(url)
        await expect(page.get_by_test_id("empty")).to_be_visible()
    await write(page, "do not lose this")
    await expect(page.get_by_test_id("toast")).to_contain_text("does not answer")
    await expect(page.get_by_test_id("composer")).to_have_value("do not lose this")
    await page.close()


async def test_a_text_beyond_the_limit_goes_as_several_messages(page: Page, bot: Bot) -> None:
    await write(page, "word " * 1000)
    parts = [(await bot.next("message"))["text"], (await bot.next("message"))["text"]]
    assert all(len(part) <= 4096 for part in parts)
    assert " ".join(parts).split() == ["word"] * 1000
