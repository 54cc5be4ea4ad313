"""What may be fetched: public names, and of those only the listed ones where there is a list."""

import pytest

from bridge.agent.web import unreachable


@pytest.mark.parametrize("url", [
    "http://127.0.0.1:8080/t/x", "http://localhost/", "http://LOCALHOST./", "http://[::1]/",
    "http://0/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://127.1/",
    "http://169.254.169.254/latest", "http://10.0.0.1/", "http://192.168.1.1", "http://router/",
    "http://nas.local/", "http://metadata.google.internal/", "http://user@127.0.0.1/",
    "http://[::ffff:127.0.0.1]/", "file:///etc/shadow", "", "http://[", "None",
])  # fmt: skip
def test_what_only_this_machine_can_reach_is_closed(url: str) -> None:
    assert "not a public address" in unreachable(url, ())


@pytest.mark.parametrize(("url", "domains", "open_"), [
    ("https://example.org/a", [], True),
    ("https://8.8.8.8/", [], True),
    ("https://example.org/a", ["example.org"], True),
    ("https://EXAMPLE.org./a", ["example.org"], True),
    ("https://www.example.org/", ["example.org"], False),
    ("https://www.example.org/", ["*.example.org"], True),
    ("https://example.org.evil.net/", ["example.org", "*.example.org"], False),
    ("https://evilexample.org/", ["*.example.org"], False),
    ("https://example.org@evil.net/", ["example.org"], False),
])  # fmt: skip
def test_a_list_of_domains_is_all_that_is_open(url: str, domains: list[str], open_: bool) -> None:  # noqa: FBT001
    assert (unreachable(url, domains) == "") is open_
