"""Serving: ready when it yields, gone when it ends, whatever is still open."""

import asyncio
import signal
import socket

import httpx
import pytest

from bridge.simulator.bot_api import telegram
from bridge.simulator.serve import serving
from bridge.simulator.world import World
from tests.unit.simulator.phone import TOKEN


async def test_it_answers_at_once_and_no_longer_afterwards() -> None:
    async with httpx.AsyncClient() as http:
        async with serving(telegram(World(), TOKEN)) as url:
            assert (await http.get(f"{url}/bot{TOKEN}/getMe")).status_code == 200
        with pytest.raises(httpx.TransportError):
            await http.get(f"{url}/bot{TOKEN}/getMe")


async def test_a_taken_port_is_an_os_error() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="in use"),
    ):
        async with serving(telegram(World(), TOKEN), port=taken.getsockname()[1]):
            pass


async def test_open_polls_and_streams_do_not_hold_it_up() -> None:
    """None of them would end by itself within 15 seconds."""
    world = World()
    async with httpx.AsyncClient(timeout=60) as http, asyncio.timeout(10):
        async with serving(telegram(world, TOKEN)) as url:
            poll = asyncio.create_task(http.get(f"{url}/bot{TOKEN}/getUpdates?timeout=50"))
            stream = asyncio.create_task(http.get(f"{url}/sim/events?after=0"))
            world.say(111, "hi")
            await poll
            waiting = asyncio.create_task(
                http.get(f"{url}/bot{TOKEN}/getUpdates?timeout=50&offset=9"),
            )
            await http.get(f"{url}/bot{TOKEN}/getMe")
        for open_request in (stream, waiting):
            with pytest.raises(httpx.TransportError):
                await open_request


async def test_signals_stay_with_the_program() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with serving(telegram(World(), TOKEN)):
        assert signal.getsignal(signal.SIGTERM) is before
