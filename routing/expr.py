"""The expert condition: `expr = "chars > 500 and role == 'owner'"`.

Names, texts, numbers, lists, comparisons, `in`, `and`, `or`, `not`, and the two functions below:
nothing else. There is no arithmetic, no attribute, no loop, so an evaluation can do no more than
compare each part of a short expression once with the text.
"""

import ast
import math
from collections.abc import Callable
from datetime import UTC, datetime

from simpleeval import (  # type: ignore[import-untyped]
    DEFAULT_OPERATORS,
    EvalWithCompoundTypes,
    InvalidExpression,
)

from routing.code import has_code
from routing.model import Match, Matcher, Request
from routing.values import DAYS

LONGEST = 500

NAMES: dict[str, Callable[[Request], object]] = {
    "text": lambda request: request.text,
    "chars": lambda request: len(request.text),
    "words": lambda request: len(request.text.split()),
    "role": lambda request: request.role,
    "user": lambda request: request.user,
    "session": lambda request: request.session,
    "group": lambda request: request.group,
    "hour": lambda request: request.now.hour,
    "weekday": lambda request: DAYS[request.now.weekday()],
    "context_tokens": lambda request: request.context_tokens,
    "budget_left": lambda request: _usd(request.headroom),
    "has_code": lambda request: has_code(request.text),
    "has_image": lambda request: request.image,
    "has_file": lambda request: request.file,
}
FUNCTIONS = {"len": len, "lower": str.lower}
NODES = (
    ast.Constant,
    ast.Name,
    ast.List,
    ast.Tuple,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.Call,
)
OPERATORS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Not)

# Any request will do: the types of the names are the same in all of them.
_SAMPLE = Request(text="hi", user=1, role="member", now=datetime(2000, 1, 1, tzinfo=UTC))
_FAILURES = (InvalidExpression, KeyError, TypeError, ValueError, RecursionError)


def holds(source: str) -> Matcher:
    """The expression as a predicate. ValueError: it cannot be used, and why."""
    tree = _parse(source)
    _rehearse(tree)

    def match(request: Request) -> Match:
        try:
            return Match(bool(_evaluate(tree, request)), f"{source} holds")
        except _FAILURES as error:
            return Match(ok=False, why=f"{source} failed: {error}")

    return match


def _parse(source: str) -> ast.expr:
    if len(source) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    try:
        return ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"cannot be read: {error}") from error


def _rehearse(tree: ast.expr) -> None:
    """Evaluate each part once, also those that `and` and `or` would pass over."""
    known = [*NAMES, *FUNCTIONS]
    for part in ast.walk(tree):
        if isinstance(part, ast.Name):
            if part.id not in known:
                raise ValueError(f'unknown name "{part.id}"; allowed: {", ".join(known)}')
        elif isinstance(part, ast.expr):
            _try(part)


def _try(part: ast.expr) -> None:
    try:
        _evaluate(part, _SAMPLE)
    except _FAILURES as error:
        raise ValueError(
            f'"{ast.unparse(part)}" cannot be used; allowed: comparisons of like with like, in, '
            f"and, or, not, lists, {', '.join(f'{name}()' for name in FUNCTIONS)}"
        ) from error


def _evaluate(tree: ast.expr, request: Request) -> object:
    evaluator = EvalWithCompoundTypes(
        operators={kind: DEFAULT_OPERATORS[kind] for kind in OPERATORS},
        names=lambda node: NAMES[node.id](request),
    )
    evaluator.functions = FUNCTIONS  # here, because the class adds its own to those it is given
    evaluator.nodes = {kind: evaluator.nodes[kind] for kind in NODES}
    return evaluator.eval("", previously_parsed=tree)


def _usd(headroom: int | None) -> float:
    return math.inf if headroom is None else headroom / 1_000_000
