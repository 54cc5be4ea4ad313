"""A `when` table of the settings, turned into a predicate.

Each condition reads one value of the table and returns its own predicate; what is wrong with the
value is found here, when the settings are loaded, and never when a message is decided. Texts are
compared without regard to case. A single value may stand where a list is allowed.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from routing import expr, pattern, values
from routing.code import has_code
from routing.model import Match, Matcher, Request
from routing.words import Word

ROLES = ("owner", "member", "guest")
NO = Match(ok=False)


class BadCondition(ValueError):
    """A condition that cannot be used: its key, and what is wrong and what is allowed."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.problem = problem


def matcher(when: Mapping[str, object]) -> Matcher:
    """All conditions of `when` together; an empty one always holds.

    BadCondition: the first condition that cannot be used. Whoever wants all faults at once
    builds each condition by itself.
    """
    parts = [_condition(key, value) for key, value in when.items()]

    def match(request: Request) -> Match:
        reasons = []
        for part in parts:
            found = part(request)
            if not found.ok:
                return found
            reasons.append(found.why)
        return Match(ok=True, why=" and ".join(reasons) or "it has no conditions")

    return match


def _condition(key: str, value: object) -> Matcher:
    if key not in CONDITIONS:
        raise BadCondition(key, f"unknown condition; allowed: {', '.join(CONDITIONS)}")
    try:
        return CONDITIONS[key](value)
    except ValueError as error:
        raise BadCondition(key, str(error)) from error


# The conditions, in the order of the interface.


def _starts_with(value: object) -> Matcher:
    starts = [(text, text.casefold()) for text in values.texts(value)]
    longest = max(len(start) for _, start in starts)

    def match(request: Request) -> Match:
        text = request.text.lstrip()[:longest].casefold()
        first = next((shown for shown, start in starts if text.startswith(start)), None)
        return NO if first is None else Match(ok=True, why=f'it starts with "{first}"')

    return match


def _words_any(value: object) -> Matcher:
    words = [Word(text) for text in values.texts(value)]

    def match(request: Request) -> Match:
        text = request.text.casefold()
        first = next((word for word in words if word.inside(text)), None)
        return NO if first is None else Match(ok=True, why=f"it has {first}")

    return match


def _words_all(value: object) -> Matcher:
    words = [Word(text) for text in values.texts(value)]
    why = f"it has {', '.join(map(str, words))}"

    def match(request: Request) -> Match:
        text = request.text.casefold()
        return Match(ok=True, why=why) if all(word.inside(text) for word in words) else NO

    return match


def _regex(value: object) -> Matcher:
    patterns = [(text, pattern.search(text)) for text in values.texts(value)]

    def match(request: Request) -> Match:
        first = next((shown for shown, found in patterns if found(request.text)), None)
        return NO if first is None else Match(ok=True, why=f'it matches "{first}"')

    return match


def _chars_over(value: object) -> Matcher:
    limit = values.whole(value)
    return _over(limit, lambda request: len(request.text), "characters")


def _context_over(value: object) -> Matcher:
    limit = values.whole(value)
    return _over(limit, lambda request: request.context_tokens, "tokens of context")


def _over(limit: int, read: Callable[[Request], int], unit: str) -> Matcher:
    def match(request: Request) -> Match:
        number = read(request)
        return Match(number > limit, f"{number} {unit}, more than {limit}")

    return match


def _chars_under(value: object) -> Matcher:
    limit = values.whole(value)

    def match(request: Request) -> Match:
        number = len(request.text)
        return Match(number < limit, f"{number} characters, fewer than {limit}")

    return match


def _has(thing: str, read: Callable[[Request], bool]) -> Callable[[object], Matcher]:
    def build(value: object) -> Matcher:
        wanted = values.flag(value)
        why = f"it has {'' if wanted else 'no '}{thing}"
        return lambda request: Match(read(request) is wanted, why)

    return build


def _group(value: object) -> Matcher:
    wanted = values.flag(value)
    why = "it is in a group" if wanted else "it is in a private chat"
    return lambda request: Match(request.group is wanted, why)


def _role(value: object) -> Matcher:
    roles = values.texts(value)
    if unknown := [role for role in roles if role not in ROLES]:
        raise ValueError(f'"{unknown[0]}" is no role; allowed: {", ".join(ROLES)}')
    return lambda request: Match(request.role in roles, f"the role is {request.role}")


def _user(value: object) -> Matcher:
    users = [values.user_id(item) for item in values.items(value)]
    return lambda request: Match(request.user in users, f"the user is {request.user}")


def _session(value: object) -> Matcher:
    names = [name.casefold() for name in values.texts(value)]
    return lambda request: Match(
        request.session.casefold() in names, f'the session is "{request.session}"'
    )


def _hour_between(value: object) -> Matcher:
    """`[22, 6]` is the night: from 22:00 up to, but without, 6:00."""
    first, last = values.hours(value)

    def inside(now: datetime) -> bool:
        after, before = now.hour >= first, now.hour < last
        return (after and before) if first < last else (after or before)

    why = f"is between {first}:00 and {last}:00"
    return lambda request: Match(inside(request.now), f"{request.now:%H:%M} {why}")


def _weekday(value: object) -> Matcher:
    days = {values.day(text) for text in values.texts(value)}
    return lambda request: Match(
        request.now.weekday() in days, f"it is {values.DAYS[request.now.weekday()]}"
    )


def _budget_left_below(value: object) -> Matcher:
    """USD in the settings, micro-USD in the request."""
    limit = values.amount(value)
    why = f"less than ${limit:f} of the budget is left"

    def match(request: Request) -> Match:
        known = request.headroom is not None
        return Match(ok=True, why=why) if known and _usd(request) < limit else NO

    return match


def _usd(request: Request) -> Decimal:
    return Decimal(request.headroom or 0) / 1_000_000


def _expr(value: object) -> Matcher:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be an expression in quotes, not {value!r}")
    return expr.holds(value)


CONDITIONS: Mapping[str, Callable[[object], Matcher]] = {
    "starts_with": _starts_with,
    "words_any": _words_any,
    "words_all": _words_all,
    "regex": _regex,
    "chars_over": _chars_over,
    "chars_under": _chars_under,
    "has_code": _has("code", lambda request: has_code(request.text)),
    "has_image": _has("an image", lambda request: request.image),
    "has_file": _has("a file", lambda request: request.file),
    "role": _role,
    "user": _user,
    "session": _session,
    "group": _group,
    "hour_between": _hour_between,
    "weekday": _weekday,
    "budget_left_below": _budget_left_below,
    "context_over": _context_over,
    "expr": _expr,
}
