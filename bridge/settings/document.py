"""docs/settings.md, written from the model: what a setting is called, may be, is and means."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bridge.settings.change import AT_START
from bridge.settings.kinds import Words
from bridge.settings.load import defaults
from bridge.settings.problem import Key
from bridge.settings.schema import Settings
from bridge.settings.show import written

INTRODUCTION = """\
# Settings

Written by `scripts/settings` from the model in `bridge/settings/schema.py`; not to be edited.
`settings.toml` says the same by example.

The files are read in this order, from the folder that the bot is started in, and what comes later
wins: the packaged defaults, `settings.toml`, `settings.local.toml` (this machine only),
`.secrets.toml` (for its owner alone: `chmod 600 .secrets.toml`), variables. Tables are merged key
by key; a list replaces the whole list. A variable is called by table and key, joined by two
underscores: `TOLLBRIDGE_BUDGETS__DEFAULT__DAY_USD=2`. Other files in place of these are named by
`TOLLBRIDGE_SETTINGS=/path/a.toml;/path/b.toml`.

The files may be edited while the bot runs. What is saved counts from the next turn on; a turn that
runs goes on as it began. What is marked ⟳ counts from the next start. Of a file with a fault
nothing counts: the old settings stay in force, and the owners read in the chat what is wrong.

- `tollbridge check` names every fault with file and line.
- `tollbridge config show` prints what is in force and where it comes from.
"""

NAMES: dict[Key, str] = {("users",): "ID", ("budgets", "users"): "ID", ("prices",): '"MODEL-ID"'}

ABOUT: dict[Key, str] = {
    ("users",): "Who may use the bot, by Telegram user id. Nobody else gets an answer.",
    ("access",): "How others get in.",
    ("access", "pairing"): "Written by `tollbridge init`; it goes when the code has been used.",
    ("models",): "The models, by a name of your choice for rules and for /model.",
    ("prices",): (
        "Prices of your own, in dollars per million tokens. What is left out is as in the price "
        "list; a model that is not in it needs input and output."
    ),
    ("routing",): "Which model answers.",
    ("routing", "rules"): (
        "The first rule whose conditions all hold decides. `settings.toml` lists the conditions."
    ),
    ("routing", "escalate"): "When a model is not up to it, the next one takes over.",
    ("routing", "expect"): (
        "The expected share of each model, by its name, from 0 to 1: `haiku = 0.8`."
    ),
    ("routing", "tests"): "Messages and the model they must go to, tried at each reading.",
    ("budgets",): "Hard limits. What has no limit is refused.",
    ("budgets", "shares"): "The largest part of a subscription's windows that may be used.",
    ("budgets", "default"): "For each user without an own entry.",
    ("budgets", "users"): "For one user; what is left out is taken from the default.",
    ("budgets", "everyone"): "For all users together.",
    ("folders",): "Existing folders that sessions may live in: /new NAME FOLDER.",
    ("anthropic",): "What the toll booth talks to. Claude Code talks to the booth only.",
    ("claude", "mcp"): "MCP servers: a command with its arguments, or a url.",
}

LONG = 200  # characters of a default


def page() -> str:
    return "\n".join([INTRODUCTION, *_sections(Settings, (), defaults())])


def _sections(table: type[BaseModel], key: Key, packaged: Any) -> Iterator[str]:
    """Its own keys first, then the tables in it. `packaged`: what defaults.toml says of it."""
    inner: list[tuple[Key, type[BaseModel], Any]] = []
    rows: list[str] = []
    for name, field in table.model_fields.items():
        here = (*key, name)
        kind = _table(field.annotation)
        given = packaged.get(name) if packaged else None
        if kind is None:
            rows.append(_row(here, field, given))
        else:
            inner.append((here, kind, given if kind is field.annotation else None))
    if rows:
        yield f"## `{_header(key)}`\n"
        yield from [ABOUT[key] + "\n"] if key in ABOUT else []
        yield "| key | value | default | meaning |\n|---|---|---|---|"
        yield from rows
        yield ""
    for here, kind, given in inner:
        yield from _sections(kind, here, given)


def _table(annotation: Any) -> type[BaseModel] | None:
    """The model of a table, of the entries of a keyed one, or of an array's elements."""
    kinds = [annotation, *get_args(annotation)]
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)


def _header(key: Key) -> str:
    """As it stands in the file."""
    field = _field(key)
    name = ".".join(map(str, key))
    if get_origin(field) is tuple:
        return f"[[{name}]]"
    return f"[{name}.{NAMES.get(key, 'NAME')}]" if _keyed(field) else f"[{name}]"


def _field(key: Key) -> Any:
    kind: Any = Settings
    for part in key:
        kind = (_table(kind) or Settings).model_fields[str(part)].annotation
    return kind


def _keyed(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _row(key: Key, field: FieldInfo, given: Any) -> str:
    mark = " ⟳" if key in AT_START else ""
    kind = _words(field.annotation, field.metadata)
    return f"| `{key[-1]}`{mark} | {kind} | {_default(field, given)} | {field.description} |"


def _default(field: FieldInfo, given: Any) -> str:
    """As defaults.toml has it, or the model, for what an entry of a keyed table may leave out."""
    if given is None and field.is_required():
        return "must be given"
    value = field.default if given is None else given
    if value is None:
        return "none"
    text = written(list(value) if isinstance(value, tuple) else value)
    return f"`{text}`" if len(text) <= LONG else "a longer text, in `bridge/settings/defaults.toml`"


def _words(annotation: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> str:
    if found := next((each.text for each in metadata if isinstance(each, Words)), None):
        return str(found)
    arguments = get_args(annotation)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{written(option)}`" for option in arguments)
    if get_origin(annotation) is tuple:
        return f"a list: {_words(arguments[0])}"
    if hasattr(annotation, "__metadata__"):
        return _words(arguments[0], annotation.__metadata__)
    if type(None) in arguments:
        return _words(arguments[0])
    return PLAIN.get(annotation, "a table")


PLAIN = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
