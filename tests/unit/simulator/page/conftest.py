"""A phone with the chat page open, and a bot behind it; a fresh simulator for each test."""

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bridge.simulator.bot_api import TOKEN, telegram
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.unit.simulator.page.driver import ADA, CHROMIUM, PHONE, Bot


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--no-first-run",
            ],
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def site() -> AsyncIterator[str]:
    async with serving(telegram(World(), limits=None)) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def bot(site: str) -> AsyncIterator[Bot]:
    async with httpx.AsyncClient(timeout=20) as http:
        yield Bot(http, f"{site}/bot{TOKEN}")


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, site: str) -> AsyncIterator[Page]:
    """Ada's chat on a phone. Nothing may fail on the page or be asked of another host."""
    context = await browser.new_context(viewport=PHONE)
    context.set_default_timeout(10_000)
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda request: faults.extend([] if own(request.url, site) else [request.url])
    )
    await page.goto(f"{site}/#user={ADA}")
    await expect(page.get_by_test_id("empty")).to_be_visible()
    yield page
    await context.close()
    assert faults == []


def own(url: str, site: str) -> bool:
    return url.startswith((site, "data:", "blob:"))
