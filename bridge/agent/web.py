"""What may be fetched from the web. Pure.

Claude Code fetches it itself, outside of the sandbox, so what is only reachable from this machine
is closed here: the toll booth, the router, the metadata of a cloud. A public name that leads to
such an address is not seen here.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

PRIVATE = (".local", ".internal", ".localhost", ".lan", ".home", ".arpa")


def unreachable(url: str, domains: Iterable[str]) -> str:
    """Why this may not be fetched; "": it may. No `domains` at all: any that is public."""
    host = host_of(url)
    if not public(host):
        return f"{host or url} is not a public address."
    if (listed := list(domains)) and not any(covers(domain, host) for domain in listed):
        return f"{host} is not among the domains allowed here."
    return ""


def host_of(url: str) -> str:
    """As it is looked up; "" where there is none."""
    try:
        return (urlsplit(url.strip()).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def public(host: str) -> bool:
    """A number, in whatever spelling, is an address and no name."""
    try:
        return ip_address(host).is_global
    except ValueError:
        last = host.rpartition(".")[2]
        return "." in host and not last[:1].isdigit() and not host.endswith(PRIVATE)


def covers(domain: str, host: str) -> bool:
    if domain.startswith("*."):
        return host.endswith(domain[1:])
    return host == domain
