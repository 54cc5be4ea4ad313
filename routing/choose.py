"""Which model answers a request, and why.

The user's own choice comes first, then the rules by priority, then the default. A session with a
warm cache never steps down, because the smaller model would read the whole history anew.
"""

from routing.model import Choice, Policy, Request


def choose(request: Request, policy: Policy) -> Choice:
    if request.pin is None:
        return _keep(_decide(request, policy), request, policy)
    if request.pin in policy.tiers:
        return Choice(request.pin, None, "pinned with /model")
    choice = _keep(_decide(request, policy), request, policy)
    lost = f'the pinned model "{request.pin}" is no longer in the settings'
    return Choice(choice.model, choice.rule, f"{lost}; {choice.why}")


def _decide(request: Request, policy: Policy) -> Choice:
    for rule in policy.rules:
        match = rule.matches(request)
        if match.ok:
            return Choice(rule.use, rule.name, match.why)
    return Choice(policy.default, None, "no rule matched")


def _keep(choice: Choice, request: Request, policy: Policy) -> Choice:
    """The session's last model instead, when it is warm and the choice is a step down."""
    last = request.last_model
    if last is None or not (policy.sticky and request.warm):
        return choice
    if not _rank(last, policy) > _rank(choice.model, policy) >= 0:
        return choice  # not a step down, or one of the two is not on the ladder
    wish = f'rule "{choice.rule}"' if choice.rule else "the default"
    why = f"kept while its cache is warm; {wish} would have chosen {choice.model} ({choice.why})"
    return Choice(last, None, why)


def _rank(name: str, policy: Policy) -> int:
    tier = policy.tiers.get(name)
    return tier.rank if tier else -1
