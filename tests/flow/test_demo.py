"""The README's first command, and a person in front of the page."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.flow.program import REPO, started
from tests.unit.simulator.page.driver import CHROMIUM, PHONE

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--no-first-run"]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    demo = [str(REPO / "scripts" / "demo"), "--no-open", "--port", "0"]
    async with started(*demo, folder=tmp_path) as process, async_playwright() as playwright:
        assert process.stdout
        async for line in process.stdout:
            if address := re.search(r"http://[\d.]+:\d+", line.decode()):
                break
        else:
            pytest.fail("the demo ended without an address")
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport=PHONE)
        page.set_default_timeout(20_000)
        await page.goto(address.group())
        yield page
        await browser.close()
        process.terminate()
        assert await process.wait() == 0


async def say(page: Page, text: str) -> None:
    await page.get_by_test_id("composer").fill(text)
    await page.get_by_test_id("send").click()


async def test_a_person_writes_reads_taps_and_stops(page: Page) -> None:
    from_bot = page.locator('[data-testid="message"][data-from="bot"]')

    await say(page, "hi")
    await expect(page.get_by_test_id("draft")).to_be_visible(timeout=20_000)
    await expect(from_bot.last).to_contain_text("haiku", timeout=20_000)

    await say(page, "ask me something")
    await page.get_by_test_id("button").filter(has_text="Bridge").click(timeout=20_000)
    await expect(page.get_by_test_id("toast")).to_be_visible()
    await expect(from_bot.last).to_contain_text("haiku", timeout=20_000)

    await say(page, "long answer")
    await expect(page.get_by_test_id("draft")).to_contain_text("bridge", timeout=20_000)
    await page.get_by_test_id("stop").click()
    await expect(from_bot.last).to_contain_text("Stopped.", timeout=20_000)
