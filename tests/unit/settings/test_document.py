"""docs/settings.md: written from the model, and current."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bridge.settings.change import AT_START
from bridge.settings.document import page
from bridge.settings.schema import Settings

PAGE = Path(__file__).parents[3] / "docs/settings.md"


def tables(annotation: object) -> list[type[BaseModel]]:
    kinds = [annotation, *get_args(annotation)]
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]


def keys(table: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Of a table and all tables in it."""
    for name, field in table.model_fields.items():
        inner = tables(field.annotation)
        for kind in inner:
            yield from keys(kind)
        if not inner:
            yield name, field


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run scripts/settings"


def test_every_key_is_on_it_with_its_meaning() -> None:
    text = page()
    for name, field in keys(Settings):
        assert field.description
        assert f"| `{name}`" in text
        assert f" {field.description} |" in text


def test_a_row_says_what_is_allowed_and_what_is_so_anyway() -> None:
    lines = page().splitlines()
    assert (
        '| `busy` | `"queue"`, `"steer"` | `"queue"` '
        "| a message while Claude works: waits, or joins |" in lines
    )
    assert (
        "| `max_live` ⟳ | a whole number from 1 | `8` | sessions that are awake at once |" in lines
    )


def test_what_counts_from_the_next_start_is_marked() -> None:
    marked = [line for line in page().splitlines() if line.startswith("| ") and "⟳" in line]
    assert len(marked) == len(AT_START)
