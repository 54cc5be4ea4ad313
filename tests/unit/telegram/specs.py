"""The examples of the CommonMark and GFM specifications, which `scripts/spec` fetches."""

import re
import sys
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(sys.prefix) / "share/spec"
EXAMPLE = re.compile(r"^`{32} example.*\n((?:.*\n)*?)^\.\n((?:.*\n)*?)^`{32}$", re.MULTILINE)


class Example(NamedTuple):
    name: str  # of the specification, and its number there
    markdown: str
    html: str


def examples(spec: str) -> list[Example]:
    file = FOLDER / f"{spec}.txt"
    assert file.exists(), f"{file} is missing: run scripts/spec, which fetches it."
    found = EXAMPLE.findall(file.read_text().replace("→", "\t"))
    return [Example(f"{spec} {number}", *pair) for number, pair in enumerate(found, 1)]
