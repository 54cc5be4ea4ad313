"""Which headers pass the booth: all that are meant for the other end."""

from collections.abc import Iterable

Headers = list[tuple[bytes, bytes]]

# For one connection only (RFC 9110, 7.6.1). The booth reads a body whole, so it expects nothing.
HOP = {b"connection", b"expect", b"keep-alive", b"proxy-authenticate", b"proxy-authorization",
       b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}  # fmt: skip
# What the booth sets itself.
OURS = {b"accept-encoding", b"authorization", b"content-length", b"host", b"x-api-key"}


def passing(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """In their order, duplicates included."""
    lower = [(name.lower(), value) for name, value in headers]
    named = {
        option.strip().lower()
        for name, value in lower
        if name == b"connection"
        for option in value.split(b",")
    }
    return [(name, value) for name, value in lower if name not in HOP | named]


def outgoing(headers: Iterable[tuple[bytes, bytes]], credential: Headers) -> Headers:
    """Uncompressed is asked for: what cannot be read cannot be charged."""
    kept = [(name, value) for name, value in passing(headers) if name not in OURS]
    return [*kept, (b"accept-encoding", b"identity"), *credential]
