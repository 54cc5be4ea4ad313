"""What no value can tell by itself: names that must exist elsewhere, rules that must not collide.

Each check is one small generator of problems.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bridge.settings.layers import Layers
from bridge.settings.policy import policy
from bridge.settings.problem import Key, Problem, shown, unknown
from bridge.settings.schema import Example, Settings
from budgets import prices
from routing.choose import choose
from routing.match import CONDITIONS, BadCondition, matcher
from routing.model import Request

UNWRITABLE = "may not be written to by the user that runs the bot"
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)  # a Monday; routing tests do not depend on the day


def check(
    settings: Settings, layers: Layers, known: Sequence[Problem], *, token_needed: bool
) -> list[Problem]:
    """Problems beyond those `known`; a name whose entry is faulty counts as existing."""
    data = layers.data
    found = [
        *_models(settings, set(data["models"])),
        *_names(settings),
        *_priorities(settings, layers),
        *_conditions(settings),
        *_prices(settings),
        *_advisor(settings),
        *_users(settings, set(data["users"])),
        *_folders(settings),
        *_root(settings),
        *_servers(settings, known),
    ]
    if token_needed:
        found += _token(settings, known)
    if not any(problem.key[0] in {"routing", "models", "users"} for problem in (*known, *found)):
        found += _examples(settings)
    return found


def _models(settings: Settings, names: set[str]) -> Iterator[Problem]:
    """Whatever names a model names one that exists."""
    routing = settings.routing
    uses: list[tuple[Key, str]] = [(("routing", "default"), routing.default)]
    uses += [(("routing", "rules", name, "use"), rule.use) for name, rule in routing.rules.items()]
    uses += [(("routing", "escalate", "ladder"), name) for name in routing.escalate.ladder]
    uses += [(("routing", "expect", name), name) for name in routing.expect.shares]
    uses += [(("routing", "tests", at, "expect"), t.expect) for at, t in enumerate(routing.tests)]
    for key, name in uses:
        if name not in names:
            yield Problem(key, unknown(f"model {shown(name)}", name, names))
    ladder = routing.escalate.ladder
    if len(set(ladder)) < len(ladder):
        yield Problem(("routing", "escalate", "ladder"), "names a model twice")


def _priorities(settings: Settings, layers: Layers) -> Iterator[Problem]:
    """The second of two equal ones is the one that stands later."""
    first: dict[int, str] = {}
    keys: dict[str, Key] = {n: ("routing", "rules", n, "priority") for n in settings.routing.rules}
    for name in sorted(keys, key=lambda name: layers.place(keys[name])):
        priority = settings.routing.rules[name].priority
        if priority in first:
            text = f'{priority} is taken by rule "{first[priority]}"; each rule needs its own'
            yield Problem(keys[name], text)
        first.setdefault(priority, name)


def _conditions(settings: Settings) -> Iterator[Problem]:
    for name, rule in settings.routing.rules.items():
        for condition, value in rule.when.items():
            try:
                matcher({condition: list(value) if isinstance(value, tuple) else value})
            except BadCondition as error:
                known = condition in CONDITIONS
                text = error.problem if known else unknown("condition", condition, CONDITIONS)
                yield Problem(("routing", "rules", name, "when", condition), text)


def _names(settings: Settings) -> Iterator[Problem]:
    if "auto" in settings.models:
        text = "is no name for a model: /model auto lets the rules decide"
        yield Problem(("models", "auto"), text)


def _prices(settings: Settings) -> Iterator[Problem]:
    """Each model has a price; each price is of a model, of ours or of those that are listed."""
    for name, model in settings.models.items():
        if prices.find(model.id, settings.prices) is None:
            text = f"no price is known for {shown(model.id)}, so its cost could not be limited"
            own = f'[prices."{model.id}"] with input and output'
            yield Problem(
                ("models", name, "id"), f"{text}; allowed: ids of Claude models, or {own}"
            )
    ids = {model.id for model in settings.models.values()}
    for named in settings.prices:
        if prices.find(named) is None and prices.plain(named) not in map(prices.plain, ids):
            yield Problem(("prices", named), unknown(f"model {shown(named)}", named, ids))


def _advisor(settings: Settings) -> Iterator[Problem]:
    """Measured: Claude Code's request for advice has no limit that a hold could be made for."""
    if settings.routing.escalate.how == "advisor":
        text = (
            '"advisor" cannot be paid for yet: Claude Code sets no limit on how often and how long '
            'the larger model advises; use "switch"'
        )
        yield Problem(("routing", "escalate", "how"), text)


def _users(settings: Settings, names: set[str]) -> Iterator[Problem]:
    """Whatever names a user names one that exists."""
    uses: list[tuple[Key, int]] = [
        (("budgets", "users", str(u)), u) for u in settings.budgets.users
    ]
    for at, example in enumerate(settings.routing.tests):
        if example.user is not None:
            uses.append((("routing", "tests", at, "user"), example.user))
    for key, user in uses:
        if str(user) not in names:
            yield Problem(key, unknown(f"user {user}", str(user), names))


def _folders(settings: Settings) -> Iterator[Problem]:
    for name, folder in settings.folders.items():
        key = ("folders", name, "path")
        if not os.path.isdir(folder.path):  # noqa: PTH112 - Path.is_dir raises where we may not look
            yield Problem(key, f"{folder.path} is no folder; make it, or name one that exists")
        elif not _writable(folder.path):
            yield Problem(key, f"{folder.path} {UNWRITABLE}")


def _root(settings: Settings) -> Iterator[Problem]:
    """It is made when it is first needed, so what there is of the path must let us."""
    root = settings.sessions.root
    there = next(path for path in (root, *root.parents) if os.path.lexists(path))
    key = ("sessions", "root")
    if not os.path.isdir(there):  # noqa: PTH112 - as above
        yield Problem(key, f"{root} cannot be made, because {there} is no folder")
    elif not _writable(there):
        yield Problem(key, f"{root} cannot be used, because {there} {UNWRITABLE}")


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK, effective_ids=True)


def _servers(settings: Settings, known: Sequence[Problem]) -> Iterator[Problem]:
    for name, server in settings.claude.mcp.items():
        if any(problem.key[:3] == ("claude", "mcp", name) for problem in known):
            continue
        if bool(server.command) == bool(server.url):
            have = "both command and url" if server.url else "neither command nor url"
            text = f"has {have}; allowed: command (with args), or url"
            yield Problem(("claude", "mcp", name), text)


def _token(settings: Settings, known: Sequence[Problem]) -> Iterator[Problem]:
    if settings.telegram.token.get_secret_value():
        return
    causes = {("telegram",), ("telegram", "token"), ("telegram", "token_file")}
    if not any(problem.key in causes for problem in known):
        text = (
            "missing; get one from @BotFather and put it into .secrets.toml, "
            "TOLLBRIDGE_TELEGRAM__TOKEN or a token_file"
        )
        yield Problem(("telegram", "token"), text)


def _examples(settings: Settings) -> Iterator[Problem]:
    rules = policy(settings)
    for at, example in enumerate(settings.routing.tests):
        choice = choose(_request(example, settings), rules)
        if choice.model != example.expect:
            by = f"rule {choice.rule}" if choice.rule else "the default"
            text = f"{shown(example.text)} goes to {choice.model} by {by} ({choice.why})"
            yield Problem(("routing", "tests", at), f"{text}, expected {example.expect}")


def _request(example: Example, settings: Settings) -> Request:
    """As the owner, unless the test names a role or a user."""
    user = settings.users.get(example.user) if example.user else None
    return Request(
        text=example.text,
        user=example.user or 0,
        role=example.role or (user.role if user else "owner"),
        now=NOON.astimezone(ZoneInfo(user.timezone)) if user else NOON,
    )
