"""A call of a tool as a row of the audit trail: what it would do in a few words, and its seal."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bridge.agent.asking import Asker, argument, visible
from bridge.agent.guard import FILE_TOOLS
from bridge.model import Deed

SHOWN = 200  # characters
TARGETS = ("url", "query", "pattern")


def deed(asker: Asker, tool: str, given: Mapping[str, Any], *, allowed: bool, why: str) -> Deed:
    return Deed(
        key=asker.key,
        update_id=asker.update_id,
        user=asker.user,
        tool=tool,
        what=visible(what(tool, given))[:SHOWN],
        digest=digest(given),
        allowed=allowed,
        why=why,
    )


def what(tool: str, given: Mapping[str, Any]) -> str:
    """What it is about; for a file tool the file, since what is written may be private."""
    for name in (FILE_TOOLS.get(tool, ""), *TARGETS):
        if given.get(name):
            return str(given[name])
    return argument(tool, given).text


def digest(given: Mapping[str, Any]) -> str:
    """The same for the same argument."""
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()
