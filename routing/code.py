"""Is there program code in a text? A guess from marks that people leave when they paste it."""

import re
from functools import lru_cache

_MARKED = re.compile(r"```|`[^`\n]+`|^Traceback \(most recent call last\)", re.MULTILINE)
_LINE = re.compile(
    r"""^[ \t]*+(?:
        (?:def|class|import|from|return|function|const|let|var|func|fn|pub|package)\ \S.*[:;{()'"]
        | (?:if|for|while)\b.*[:{]$
        | \#include\b | \#!/ | \$\ \S | </?\w+[^<>\n]*>$
        | .*[;{}]$
    )""",
    re.MULTILINE | re.VERBOSE,
)


@lru_cache(maxsize=8)  # many rules ask it of the same text
def has_code(text: str) -> bool:
    """Marked as code, a Python traceback, or at least two lines that look like code."""
    return bool(_MARKED.search(text)) or len(_LINE.findall(text)) > 1
