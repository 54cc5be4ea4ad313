"""Reading the values of a `when` table.

Each function takes what the settings hold. ValueError: what is wrong and what is allowed.
"""

import re
from decimal import Decimal

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def items(value: object) -> list[object]:
    several = list(value) if isinstance(value, list | tuple) else [value]
    if not several:
        raise ValueError("is empty; name at least one")
    return several


def texts(value: object) -> list[str]:
    found = [item for item in items(value) if isinstance(item, str) and item.strip()]
    if len(found) < len(items(value)):
        raise ValueError(f"must be a text or a list of texts, none of them empty, not {value!r}")
    return found


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")  # noqa: TRY004
    return value


def whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"must be a whole number of 0 or more, not {value!r}")
    return value


def user_id(value: object) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
        return int(value)
    raise ValueError(f"must be a Telegram user id such as 111, or a list of them, not {value!r}")


def amount(value: object) -> Decimal:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        usd = Decimal(str(value))
        if usd.is_finite() and usd > 0:
            return usd
    raise ValueError(f"must be an amount of dollars above 0, not {value!r}")


def hours(value: object) -> tuple[int, int]:
    numbers = [item for item in items(value) if type(item) is int and 0 <= item <= 24]
    if len(numbers) != 2 or len(items(value)) != 2:
        raise ValueError(f"must be two whole hours such as [22, 6], not {value!r}")
    if numbers[0] == numbers[1]:
        raise ValueError(f"from {numbers[0]} to {numbers[1]} is no time at all")
    return numbers[0], numbers[1]


def day(text: str) -> int:
    """The number of a weekday, Monday is 0; its name may be short or whole."""
    given = text.strip().casefold()
    for number, name in enumerate(_FULL):
        if given in {name, DAYS[number]}:
            return number
    raise ValueError(f'"{text}" is no weekday; allowed: {", ".join(DAYS)}')
