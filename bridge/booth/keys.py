"""The credential that the booth puts in, and the one that is none for Claude Code.

An API key goes out as `x-api-key`. A Claude login goes out as its own bearer token: from
CLAUDE_CODE_OAUTH_TOKEN (`claude setup-token` makes one), or from the login that Claude Code
itself keeps in its folder. That file is read anew for each request: it lasts for hours and is
renewed only when somebody uses Claude Code outside the bridge.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge.errors import AgentError

TOKEN = "sk-ant-oat"  # noqa: S105 - how a token of `claude setup-token` begins
NONE = "sk-none-the-booth-has-the-key"


@dataclass(frozen=True, slots=True)
class Credential:
    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    login: Path | None = None

    def headers(self) -> list[tuple[bytes, bytes]]:
        """AgentError: there is no login any more."""
        if self.key:
            return [(b"x-api-key", self.key.encode())]
        return [(b"authorization", f"Bearer {self.token or logged_in(self.login)}".encode())]

    @property
    def environment(self) -> dict[str, str]:
        """What Claude Code is given instead; its kind decides which headers it sends."""
        if self.key:
            return {"ANTHROPIC_API_KEY": NONE}
        return {"CLAUDE_CODE_OAUTH_TOKEN": NONE}


def logged_in(file: Path | None) -> str:
    try:
        fields = json.loads(file.read_text()) if file else {}
        return str(fields["claudeAiOauth"]["accessToken"])
    except (OSError, ValueError, KeyError, TypeError):
        raise AgentError(
            "Claude Code is not logged in. Run `claude login` on the server."
        ) from None


def credential(key: str, environ: Mapping[str, str]) -> Credential | None:
    """The first there is: the key, the token, the login. None: there is none.

    What `claude setup-token` makes may stand in the place of the key.
    """
    if key.startswith(TOKEN):
        return Credential(token=key)
    if key:
        return Credential(key=key)
    if token := environ.get("CLAUDE_CODE_OAUTH_TOKEN"):
        return Credential(token=token)
    home = environ.get("CLAUDE_CONFIG_DIR") or Path(environ.get("HOME", "~")) / ".claude"
    file = Path(home).expanduser() / ".credentials.json"
    return Credential(login=file) if file.is_file() else None
