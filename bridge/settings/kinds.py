"""The kinds of values in the settings: numbers that are finite, addresses, names, amounts.

Each one refuses what would fail later, with a sentence that says what is allowed. A sentence never
repeats an address, because addresses may carry a password.
"""

import re
from dataclasses import dataclass
from datetime import datetime
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
    if re.search(r"[\s?#]", value):
        raise ValueError("must be an address without spaces, ? and #")
    if not good:
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


def _moment(value: str) -> str:
    try:
        aware = not value or datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise ValueError(f"must be a time such as 2026-11-23T20:15:00Z, not {shown(value)}")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[\w.-]{1,64}", value):
        raise ValueError("is no name; allowed: letters, digits, - _ and . without spaces")
    return value


def _variable(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError(f"must be the name of a variable, such as LANG, not {shown(value)}")
    return value


def _domain(value: str) -> str:
    if not re.fullmatch(r"(\*\.)?([a-z0-9-]+\.)+[a-z0-9-]+", value):
        raise ValueError(f"must be a domain such as example.com, not {shown(value)}")
    return value


@dataclass(frozen=True, slots=True)
class Words:
    """What the pages call a kind."""

    text: str


Rate = Annotated[float, Field(gt=0, allow_inf_nan=False), Words("a number above 0")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), Words("a number from 0 to 1")]
Part = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False), Words("a number above 0, up to 1")]
Minutes = Annotated[
    float, Field(gt=0, le=525_600, allow_inf_nan=False), Words("minutes above 0, up to a year")
]
Count = Annotated[int, Field(gt=0, le=1_000_000_000), Words("a whole number from 1")]
Person = Annotated[int, Field(gt=0, le=10**15), Words("a user id")]
Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000), Words("a whole number")]
Amount = Annotated[int, Field(ge=0, le=1_000_000), Words("a whole number from 0")]
Steps = Annotated[int, Field(ge=0, le=100), Words("a whole number from 0")]
Moment = Annotated[
    str, AfterValidator(_moment), Words("a time such as 2026-11-23T20:15:00Z, or empty")
]
Filled = Annotated[str, Field(min_length=1), Words("a text")]
Usd = Annotated[Decimal | None, BeforeValidator(_usd), Words("dollars above 0")]
UserId = Annotated[int, BeforeValidator(_user_id), Words("a user id")]
Zone = Annotated[str, AfterValidator(_zone), Words("a time zone such as Europe/Copenhagen")]
Web = Annotated[str, AfterValidator(_web), Words("an address with http:// or https://")]
WebOrNone = Annotated[str, AfterValidator(_web_or_none), Words("an address, or empty")]
StoreUrl = Annotated[
    str, AfterValidator(_store), Words("sqlite:///PATH or postgresql://USER@HOST/NAME")
]
Directory = Annotated[Path, BeforeValidator(_folder), Words("the path of a folder")]
Secret = Annotated[SecretStr, AfterValidator(_secret), Words("a secret")]
Name = Annotated[str, AfterValidator(_name), Words("a name")]
Domain = Annotated[str, AfterValidator(_domain), Words("a domain")]
Variable = Annotated[str, AfterValidator(_variable), Words("the name of a variable")]
