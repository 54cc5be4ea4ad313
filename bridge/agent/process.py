"""How the Claude Code process is started: a wrapper that the SDK runs in its place.

- `setpriv --pdeathsig TERM`: when the bridge is killed, Claude Code and what it started end
  too. Without it a process in the middle of a turn lives on and goes on working.
- `env -i`: the SDK hands down the whole environment of the bridge, the bot's token and the
  API key included. Only the names listed here pass.

The signal fires when the thread that started the process ends, so clients are connected
from the main thread's loop, never from a worker thread.
"""

import shlex
import shutil
from collections.abc import Iterable
from pathlib import Path

import claude_agent_sdk

from bridge.agent.account import Account
from bridge.agent.leftovers import MARK
from bridge.agent.options import QUIET
from bridge.errors import AgentError

BASIC = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TERM", "TMPDIR",
         "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy",
         "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
         "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_AGENT_SDK_VERSION", "IS_SANDBOX")  # fmt: skip


# What `options` sets, and so has to pass.
PASSED = ("ANTHROPIC_BASE_URL", "NO_PROXY", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_TMPDIR",
          "CLAUDE_CODE_MAX_OUTPUT_TOKENS", "CLAUDE_CODE_AUTO_COMPACT_WINDOW", MARK,
          *QUIET)  # fmt: skip


def binary() -> Path:
    """The Claude Code that came with the SDK."""
    return Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"


def wrapper(names: Iterable[str], claude: Path, user: Account | None = None) -> str:
    """A shell script that passes on only these variables, and the parent's death.

    AgentError: there is no program that changes the user.
    """
    passed = " ".join(f'${{{name}+"{name}=${name}"}}' for name in names)
    if user:
        passed += f" HOME={shlex.quote(str(user.home))}"
    return f'#!/bin/sh\nexec env -i {passed} {leash(user)}{shlex.quote(str(claude))} "$@"\n'


def leash(user: Account | None) -> str:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        if user:
            raise AgentError("claude.user needs setpriv. Install it: apt-get install util-linux")
        return ""
    # The change of the user would clear the signal, so it comes first.
    return f"{setpriv} {user.switch if user else ''} --pdeathsig TERM -- "


def install(folder: Path, names: Iterable[str], user: Account | None = None) -> Path:
    """Write the wrapper into a private folder; its path. AgentError: as `wrapper`."""
    script = folder / "claude"
    script.write_text(wrapper([*BASIC, *names], binary(), user))
    script.chmod(0o700)
    return script
