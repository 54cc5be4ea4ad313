"""Which model answers a request, and why.

The user's own choice comes first, then the rules by priority, then the default. A session with a
warm cache never steps down, because the smaller model would read the whole history anew. A rule
that observes is asked like any other but decides nothing.
"""

from dataclasses import replace

from routing.model import Choice, Policy, Request, Seen


def choose(request: Request, policy: Policy) -> Choice:
    choice = _chosen(request, policy)
    return replace(
        choice, effort=request.effort or choice.effort, seen=tuple(_observed(request, policy))
    )


def _chosen(request: Request, policy: Policy) -> Choice:
    if request.small and policy.smallest:
        return Choice(policy.smallest.name, None, "only the smallest model may answer just now")
    if request.pin and request.pin in policy.tiers:
        return Choice(request.pin, None, "pinned with /model")
    choice = _judged(_keep(_decide(request, policy), request, policy), request, policy)
    if request.pin is None:
        return choice
    lost = f'the pinned model "{request.pin}" is no longer in the settings'
    return replace(choice, why=f"{lost}; {choice.why}")


def _decide(request: Request, policy: Policy) -> Choice:
    for rule in policy.rules:
        if not rule.observe and (match := rule.matches(request)).ok:
            return Choice(rule.use, rule.name, match.why, rule.effort)
    return Choice(policy.default, None, "no rule matched")


def _observed(request: Request, policy: Policy) -> list[Seen]:
    watching = [rule for rule in policy.rules if rule.observe]
    matches = [(rule, rule.matches(request)) for rule in watching]
    return [Seen(rule.name, rule.use, match.why) for rule, match in matches if match.ok]


def _keep(choice: Choice, request: Request, policy: Policy) -> Choice:
    """The session's last model instead, when it is warm and the choice is a step down."""
    last = request.last_model
    if last is None or not (policy.sticky and request.warm):
        return choice
    if not _rank(last, policy) > _rank(choice.model, policy) >= 0:
        return choice  # not a step down, or one of the two is not on the ladder
    wish = f'rule "{choice.rule}"' if choice.rule else "the default"
    why = f"{wish} would have chosen {choice.model} ({choice.why})"
    return Choice(
        last, None, f"kept while its cache is warm{_reread(choice, request, policy)}; {why}"
    )


def _reread(choice: Choice, request: Request, policy: Policy) -> str:
    """What the step down would have cost at once."""
    micro = request.context_tokens * policy.tiers[choice.model].reading // 1_000_000
    if not micro:
        return ""
    tokens = f"{request.context_tokens:,} tokens of history"
    return f", because {choice.model} would read {tokens} anew for ${micro / 1_000_000:.4f}"


def _judged(choice: Choice, request: Request, policy: Policy) -> Choice:
    """An answer that was not good enough is asked of the next model up, or a still larger one."""
    if request.judged is None:
        return choice
    better = policy.larger(request.judged)
    if better is None or _rank(choice.model, policy) >= better.rank:
        return choice
    return Choice(better.name, None, f"the answer of {request.judged} was not good enough")


def _rank(name: str, policy: Policy) -> int:
    tier = policy.tiers.get(name)
    return tier.rank if tier else -1
