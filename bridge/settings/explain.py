"""Values against the schema: pydantic finds the faults, we say them in words for the owner.

A fault must not hide the others, and a rule that names a missing model is found only in a whole
`Settings`. So what is faulty is put back to its default or left out, for the checks to go on with;
the settings themselves stay refused.
"""

from collections.abc import Mapping
from typing import Any, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bridge.settings.layers import Layers
from bridge.settings.problem import Key, Problem, near, shown, unknown
from bridge.settings.schema import SECRETS, Settings

ROUNDS = 5  # of repair; a fault in a fault in an entry takes three


def validate(layers: Layers, defaults: Mapping[str, Any]) -> tuple[Settings | None, list[Problem]]:
    """The settings, and what is wrong with them. None: not even a part of them can be used."""
    data = _tuples(layers.data)
    found: list[Problem] | None = None
    for _ in range(ROUNDS):
        try:
            return Settings.model_validate(data), found or []
        except ValidationError as error:
            faults = error.errors(include_url=False)
            if _take_texts(data, faults, layers):
                continue
            found = [_problem(fault) for fault in faults] if found is None else found
            for fault in faults:
                _repair(data, fault, defaults)
    return None, found or []


def _tuples(value: Any) -> Any:
    """Lists frozen, and everything copied."""
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _take_texts(data: dict[str, Any], faults: list[ErrorDetails], layers: Layers) -> bool:
    """A variable has no quotes: where a text is wanted, 12345 is one. True: some were taken."""
    taken = False
    for fault in faults:
        key = _key(fault)
        raw = layers.raw(key) if fault["type"] == "string_type" and fault["loc"] == key else None
        if raw is not None and not isinstance(fault["input"], list | tuple | dict):
            _table(data, key[:-1])[key[-1]] = raw
            taken = True
    return taken


def _key(fault: ErrorDetails) -> Key:
    """The key that is faulty. pydantic marks the name of an entry itself with "[key]"."""
    loc = fault["loc"]
    return loc[:-1] if loc[-1] == "[key]" else loc


def _table(data: Any, key: Key) -> Any:
    for part in key:
        data = data[part]
    return data


def _repair(data: dict[str, Any], fault: ErrorDetails, defaults: Mapping[str, Any]) -> None:
    key = _key(fault)
    numbers = [at for at, part in enumerate(key) if isinstance(part, int)]
    if numbers:
        key = key[: numbers[0]]  # an element of a list: the whole list
    elif fault["type"] == "missing":
        key = key[:-1]  # the entry cannot be used without it
    try:
        table = _table(data, key[:-1])
        table.pop(key[-1], None)
        table[key[-1]] = _tuples(_table(defaults, key))
    except (KeyError, TypeError):
        return  # it has no default, or another fault has taken its table away


def _problem(fault: ErrorDetails) -> Problem:
    return Problem(_key(fault), _sentence(fault))


def _sentence(fault: ErrorDetails) -> str:
    key, context = fault["loc"], fault.get("ctx", {})
    match fault["type"]:
        case "extra_forbidden":
            what = "key" if len(key) > 1 else "table"
            return unknown(what, str(key[-1]), _allowed(key[:-1]))
        case "missing":
            return f"missing; it must be {_meaning(key)}"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return _choice(fault["input"], _options(context["expected"]))
        case "string_too_short":
            return "must not be empty"
    bounds = {name: int(value) for name, value in context.items() if isinstance(value, int | float)}
    wanted = WANTED.get(fault["type"], fault["msg"]).format(**bounds)
    return f"must be {wanted}" + _instead(fault)


WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "a text in quotes",
    "bool_type": "true or false",
    "tuple_type": 'a list such as ["one", "two"]',
    "dict_type": "a table",
    "mapping_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "greater_than": "more than {gt:,}",
    "greater_than_equal": "{ge:,} or more",
    "less_than_equal": "at most {le:,}",
}


def _instead(fault: ErrorDetails) -> str:
    secret = fault["loc"][-1] in {name for names in SECRETS.values() for name in names}
    return "" if secret else f", not {shown(fault['input'])}"


def _options(expected: str) -> list[str]:
    """From pydantic's "'a', 'b' or 'c'"."""
    return expected.split("'")[1::2]


def _choice(value: object, options: list[str]) -> str:
    listed = ", ".join(option or '""' for option in options)
    if not isinstance(value, str):
        return f"must be one of {listed}, not {shown(value)}"
    return f"unknown value {shown(value)}{near(value, options)} allowed: {listed}"


def _allowed(key: Key) -> list[str]:
    """The names that the table of this key may have."""
    return list(_kind(key).model_fields)


def _meaning(key: Key) -> str:
    field = _kind(key[:-1]).model_fields[str(key[-1])]
    options = get_args(field.annotation)
    return f"one of {', '.join(options)}" if options else str(field.description)


def _kind(key: Key) -> type[BaseModel]:
    """The model of the table at this key."""
    kind: Any = Settings
    for part in key:
        if get_origin(kind) is None:
            kind = kind.model_fields[str(part)].annotation
        else:  # a mapping of names to a model, or a tuple of models
            kind = next(arg for arg in reversed(get_args(kind)) if arg is not Ellipsis)
    return cast("type[BaseModel]", kind)
