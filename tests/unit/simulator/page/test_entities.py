"""How the page draws a text: entities, code, quotes, links."""

import pytest
from playwright.async_api import Page, expect

from tests.unit.simulator.page.driver import CHROMIUM, PHONE, Bot, entity, last, messages

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium package"),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_entities_are_applied_by_utf16_units_and_nest(page: Page, bot: Bot) -> None:
    text = "🎉👩‍👩‍👧 bold and italic, more"
    await bot.say(
        text,
        entities=[entity(text, "bold and italic", "bold"), entity(text, "italic", "italic")],
    )
    await expect(last(page).locator("strong")).to_have_text("bold and italic")
    await expect(last(page).locator("strong em")).to_have_text("italic")
    await expect(last(page)).to_have_text(text)


async def test_markup_in_a_text_stays_text(page: Page, bot: Bot) -> None:
    text = "<img src=x onerror=alert(1)> <b>no</b>"
    await bot.say(text, entities=[entity(text, "<b>no</b>", "code")])
    await expect(last(page)).to_have_text(text)
    await expect(last(page).locator("img, b")).to_have_count(0)
    await expect(last(page).locator("code")).to_have_text("<b>no</b>")


OVERLAP = """async () => {
  const { render } = await import("/web/entities.js");
  const box = document.createElement("div");
  const entities = [
    { type: "bold", offset: 0, length: 4 },
    { type: "italic", offset: 2, length: 4 },
    { type: "underline", offset: 5, length: 99 },
    { type: "surprise", offset: -3, length: 4 },
  ];
  box.append(render("abcdefgh", entities));
  return box.innerHTML;
}"""


async def test_entities_that_overlap_or_run_over_the_end_are_cut(page: Page) -> None:
    assert await page.evaluate(OVERLAP) == (
        "<strong><span>a</span>b<em>cd</em></strong><em>e<u>f</u></em><u>gh</u>"
    )


LINK = """async (url) => {
  const { render } = await import("/web/entities.js");
  const box = document.createElement("div");
  box.append(render("here", [{ type: "text_link", offset: 0, length: 4, url }]));
  return box.querySelector("a")?.getAttribute("href") ?? null;
}"""


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("https://example.com/a", "https://example.com/a"),
        ("tg://user?id=1", "tg://user?id=1"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("not a url", None),
    ],
)
async def test_only_harmless_addresses_become_links(page: Page, url: str, href: str | None) -> None:
    assert await page.evaluate(LINK, url) == href


async def test_code_names_its_language_scrolls_inside_and_can_be_copied(
    page: Page, bot: Bot
) -> None:
    code = "print('" + "long " * 60 + "')\nprint(2)"
    text = f"Look:\n{code}\nDone."
    await bot.say(text, entities=[entity(text, code, "pre", language="python")])
    block = last(page).locator(".code")
    await expect(block.locator(".language")).to_have_text("python")
    assert await block.locator("pre").evaluate("pre => pre.scrollWidth > pre.clientWidth")
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await block.get_by_role("button", name="Copy code").click()
    await expect(block.locator("use")).to_have_attribute("href", "#i-check")
    assert await page.evaluate("navigator.clipboard.readText()") == code


async def test_long_words_wrap(page: Page, bot: Bot) -> None:
    await bot.say("x" * 2000)
    await expect(messages(page)).to_have_count(1)
    assert await page.locator("#scroller").evaluate("s => s.scrollWidth <= s.clientWidth")


async def test_a_spoiler_opens_by_a_tap(page: Page, bot: Bot) -> None:
    await bot.say("it was the cat", entities=[entity("it was the cat", "the cat", "spoiler")])
    cover = page.get_by_role("button", name="Hidden text")
    await cover.click()
    await expect(cover).to_have_count(0)
    await expect(last(page).locator(".spoiler")).to_have_text("the cat")


async def test_a_long_expandable_quote_unfolds(page: Page, bot: Bot) -> None:
    text = "\n".join(f"step {n}" for n in range(12))
    await bot.say(text, entities=[entity(text, text, "expandable_blockquote")])
    slot = last(page).locator("blockquote > div")
    low = await slot.evaluate("node => node.clientHeight")
    await last(page).get_by_role("button", name="Show more").click()
    assert await slot.evaluate("node => node.clientHeight") > 2 * low
    await expect(last(page).get_by_role("button", name="Show less")).to_be_visible()


async def test_a_command_in_a_text_is_sent_by_a_tap(page: Page, bot: Bot) -> None:
    await bot.say("Try /help now", entities=[entity("Try /help now", "/help", "bot_command")])
    await last(page).get_by_role("button", name="/help").click()
    assert (await bot.next("message"))["text"] == "/help"
