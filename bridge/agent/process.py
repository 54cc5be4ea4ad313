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

from bridge.agent.leftovers import MARK
from bridge.agent.options import QUIET

BASIC = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TERM", "TMPDIR",
         "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy",
         "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
         "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_AGENT_SDK_VERSION", "IS_SANDBOX")  # fmt: skip


# What `options` sets, and so has to pass.
PASSED = ("ANTHROPIC_BASE_URL", "NO_PROXY", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
          MARK, *QUIET)  # fmt: skip


def binary() -> Path:
    """The Claude Code that came with the SDK."""
    return Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"


def wrapper(names: Iterable[str], claude: Path) -> str:
    """A shell script that passes on only these variables, and the parent's death."""
    passed = " ".join(f'${{{name}+"{name}=${name}"}}' for name in names)
    leash = f"{setpriv} --pdeathsig TERM -- " if (setpriv := shutil.which("setpriv")) else ""
    return f'#!/bin/sh\nexec env -i {passed} {leash}{shlex.quote(str(claude))} "$@"\n'


def install(folder: Path, names: Iterable[str]) -> Path:
    """Write the wrapper into a private folder; its path."""
    script = folder / "claude"
    script.write_text(wrapper([*BASIC, *names], binary()))
    script.chmod(0o700)
    return script
