"""The kinds of values in the settings: numbers that are finite, addresses, names, amounts.

Each one refuses what would fail later, with a sentence that says what is allowed. A sentence never
repeats an address, because addresses may carry a password.
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from bridge.settings.problem import near, shown

MOST_USD = 1_000_000_000


def _usd(value: object) -> Decimal | None:
    """Dollars, of which micro-USD are the smallest part counted."""
    if value is None:
        return None
    amount = Decimal("nan")
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        amount = Decimal(value) if isinstance(value, int) else Decimal(str(value))
    if not amount.is_finite() or not Decimal("0.000001") <= amount <= MOST_USD:
        raise ValueError(f"must be an amount of dollars above 0, such as 1.50, not {shown(value)}")
    return amount


def _user_id(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{0,15}", value):
        return int(value)
    raise ValueError("is no user id; allowed: the number Telegram gives a user, such as 123456789")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder, such as "Europe"
        raise ValueError(
            f"unknown time zone {shown(value)}{near(value, available_timezones())} "
            "allowed: names such as Europe/Copenhagen or UTC"
        ) from None
    return value


def _web(value: str) -> str:
    """An address without a slash at its end."""
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or re.search(r"[\s?#]", value):
        raise ValueError("must be an address that begins with http:// or https:// and a host")
    return value.rstrip("/")


def _web_or_none(value: str) -> str:
    return value and _web(value)


def _store(value: str) -> str:
    """`~` is expanded here, because SQLAlchemy does not."""
    scheme, _, rest = value.partition("://")
    if scheme == "postgresql" and rest.strip("/"):
        return value
    if scheme == "sqlite" and len(rest) > 1 and rest[0] == "/" and rest[1:] != ":memory:":
        return f"sqlite:///{_home(rest[1:])}"
    raise ValueError("is not supported; allowed: sqlite:///PATH or postgresql://USER@HOST/NAME")


def _folder(value: object) -> Path:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be a path in quotes, not {shown(value)}")
    return _home(value).absolute()


def _home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ValueError("has a ~ whose home folder is unknown; write the whole path") from None


def _secret(value: SecretStr) -> SecretStr:
    if re.search(r"\s", value.get_secret_value()):
        raise ValueError("must not have a space or line break in it")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[\w.-]{1,64}", value):
        raise ValueError("is no name; allowed: letters, digits, - _ and . without spaces")
    return value


def _variable(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError(f"must be the name of a variable, such as LANG, not {shown(value)}")
    return value


Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Part = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Minutes = Annotated[float, Field(gt=0, le=525_600, allow_inf_nan=False)]  # up to a year
Count = Annotated[int, Field(gt=0, le=1_000_000_000)]
Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Amount = Annotated[int, Field(ge=0, le=1_000_000)]
Steps = Annotated[int, Field(ge=0, le=100)]
Filled = Annotated[str, Field(min_length=1)]
Usd = Annotated[Decimal | None, BeforeValidator(_usd)]
UserId = Annotated[int, BeforeValidator(_user_id)]
Zone = Annotated[str, AfterValidator(_zone)]
Web = Annotated[str, AfterValidator(_web)]
WebOrNone = Annotated[str, AfterValidator(_web_or_none)]
StoreUrl = Annotated[str, AfterValidator(_store)]
Directory = Annotated[Path, BeforeValidator(_folder)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Name = Annotated[str, AfterValidator(_name)]
Variable = Annotated[str, AfterValidator(_variable)]
