"""What the bot does shows on the page: drafts, buttons, edits, reactions, files."""

import pytest
from playwright.async_api import Page, expect

from tests.unit.simulator.page.driver import (
    ADA,
    CHROMIUM,
    KINDS,
    PNG,
    Bot,
    keyboard,
    last,
    messages,
    write,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium package"),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_a_draft_grows_in_one_bubble_and_the_message_takes_its_place(
    page: Page, bot: Bot
) -> None:
    draft = page.get_by_test_id("draft")
    for text in ("Once", "Once upon", "Once upon a time"):
        await bot.call("sendMessageDraft", chat_id=ADA, draft_id=5, text=text)
        await expect(draft.get_by_test_id("text")).to_have_text(text)
    await expect(draft.get_by_test_id("stop")).to_be_hidden()
    await bot.say("Once upon a time, the end")
    await expect(draft).to_have_count(0)
    await expect(last(page)).to_have_text("Once upon a time, the end")


async def test_stop_tells_the_bot_which_draft(page: Page, bot: Bot) -> None:
    await bot.call("getUpdates", allowed_updates=KINDS)
    await bot.call("sendMessageDraft", chat_id=ADA, draft_id=5, text="Once", can_stop=True)
    await page.get_by_test_id("stop").click()
    assert (await bot.next("stopped_message_generation"))["draft_id"] == 5
    await expect(page.get_by_test_id("draft")).to_have_count(0)


async def test_typing_shows_until_the_message_comes(page: Page, bot: Bot) -> None:
    await bot.call("sendChatAction", chat_id=ADA, action="typing")
    await expect(page.get_by_test_id("typing")).to_be_visible()
    await expect(page.get_by_test_id("status")).to_have_text("typing…")
    await bot.say("here")
    await expect(page.get_by_test_id("typing")).to_have_count(0)


async def test_a_tap_reaches_the_bot_and_its_answer_is_shown(page: Page, bot: Bot) -> None:
    await bot.say("Run it?", reply_markup=keyboard("Allow", "Deny"))
    await page.get_by_test_id("button").filter(has_text="Allow").click()
    query = await bot.next("callback_query")
    assert query["data"] == "allow"
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Allowed")
    await expect(page.get_by_test_id("toast")).to_have_text("Allowed")


async def test_an_alert_stays_until_it_is_closed(page: Page, bot: Bot) -> None:
    await bot.say("Run it?", reply_markup=keyboard("Allow"))
    await page.get_by_test_id("button").click()
    query = await bot.next("callback_query")
    await bot.call(
        "answerCallbackQuery", callback_query_id=query["id"], text="Not yours", show_alert=True
    )
    await expect(page.get_by_test_id("alert")).to_contain_text("Not yours")
    await page.get_by_role("button", name="OK").click()
    await expect(page.get_by_test_id("alert")).to_have_count(0)


async def test_an_edit_is_marked_and_takes_the_buttons_away(page: Page, bot: Bot) -> None:
    sent = await bot.say("Run it?", reply_markup=keyboard("Allow"))
    await expect(page.get_by_test_id("button")).to_have_count(1)
    await bot.call("editMessageText", chat_id=ADA, message_id=sent, text="Allowed by Ada")
    await expect(last(page)).to_have_text("Allowed by Ada")
    await expect(messages(page)).to_contain_text("edited")
    await expect(page.get_by_test_id("button")).to_have_count(0)


async def test_a_deleted_message_is_gone(page: Page, bot: Bot) -> None:
    await bot.say("stays")
    sent = await bot.say("goes")
    await expect(messages(page)).to_have_count(2)
    await bot.call("deleteMessage", chat_id=ADA, message_id=sent)
    await expect(messages(page)).to_have_count(1)
    await expect(last(page)).to_have_text("stays")


async def test_a_reaction_stands_by_its_message(page: Page, bot: Bot) -> None:
    await write(page, "look at this")
    sent = await bot.next("message")
    await bot.call(
        "setMessageReaction",
        chat_id=ADA,
        message_id=sent["message_id"],
        reaction=[{"type": "emoji", "emoji": "👀"}],
    )
    await expect(messages(page).get_by_test_id("reaction")).to_have_text("👀")


async def test_documents_have_a_size_and_download_under_their_name(page: Page, bot: Bot) -> None:
    await bot.upload("sendDocument", "document", "report.md", b"# Report" * 1000)
    link = page.get_by_test_id("file")
    await expect(link).to_contain_text("8.0 KB")
    async with page.expect_download() as started:
        await link.click()
    download = await started.value
    assert download.suggested_filename == "report.md"


async def test_photos_are_shown_and_open_in_full(page: Page, bot: Bot) -> None:
    await bot.upload("sendPhoto", "photo", "dot.png", PNG, caption="A dot")
    picture = messages(page).get_by_role("img", name="Photo")
    await expect(picture).to_have_js_property("complete", value=True)
    assert await picture.evaluate("image => image.naturalWidth") == 1
    await page.get_by_role("button", name="Open photo").click()
    await expect(page.get_by_role("dialog", name="Photo")).to_be_visible()
