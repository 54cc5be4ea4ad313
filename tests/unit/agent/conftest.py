"""These tests run on virtual time: no second of theirs is waited for."""

from collections.abc import Callable, Mapping

from tests.fakes import VirtualLoop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], VirtualLoop]]:
    return {"virtual": VirtualLoop}
