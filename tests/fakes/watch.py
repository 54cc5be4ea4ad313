"""Sees every call on a desk."""

from dataclasses import dataclass, field, fields
from typing import Any

from bridge.ports import Desk


@dataclass
class Watch:
    """Stands before every port of a desk: notes the calls, and raises what is planned for one.

    A call is named like "turns.close". A planned exception is raised instead of the call.
    """

    calls: list[str] = field(default_factory=list)
    faults: dict[str, list[BaseException]] = field(default_factory=dict)

    def over(self, desk: Desk) -> Desk:
        watched = {f.name: _Watched(f.name, getattr(desk, f.name), self) for f in fields(desk)}
        return Desk(**watched)

    def of(self, *calls: str) -> list[str]:
        return [call for call in self.calls if call in calls]


class _Watched:
    def __init__(self, name: str, port: object, watch: Watch) -> None:
        self._name, self._port, self._watch = name, port, watch

    def __getattr__(self, method: str) -> Any:
        call = f"{self._name}.{method}"

        def noted(*given: Any, **named: Any) -> Any:
            self._watch.calls.append(call)
            if planned := self._watch.faults.get(call):
                raise planned.pop(0)
            return getattr(self._port, method)(*given, **named)

        return noted
