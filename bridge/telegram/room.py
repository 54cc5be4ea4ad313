"""How far a message may go before it holds more formatting than Telegram takes.

Telegram cuts bold, italic and the like wherever other formatting begins or ends within them,
and counts the pieces. So the text is seen as segments between such places, and each costs
the pieces that lie in it. Links, code and quotes are not cut: they cost once.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

from bridge.telegram.rich import Rich
from bridge.telegram.spans import Span

PIECEMEAL = frozenset(("bold", "italic", "strikethrough", "underline"))
Edge = Callable[[Span], int]  # the segment in which formatting that is not cut is paid for


class Room:
    """Room for at most `most` pieces whose JSON has at most `size` bytes."""

    def __init__(self, whole: Rich, spans: Sequence[Span], most: int, size: int) -> None:
        self._spans = spans
        self._most, self._size = most, size
        self._sizes = [len(json.dumps(api)) + 2 for api in whole.to_api()]
        self._bounds = sorted({bound for span in spans for bound in span[:2]})
        self._costs = self._pay(self._first)

    def end(self, start: int, stop: int, carried: Iterable[int]) -> int:
        """Where to stop at the latest. `carried`: spans, by number, that began before `start`."""
        whole = [index for index in carried if self._spans[index].type not in PIECEMEAL]
        pieces, size = len(whole), sum(self._sizes[index] for index in whole)
        first = max(bisect_right(self._bounds, start) - 1, 0)
        for segment in range(first, bisect_left(self._bounds, stop)):
            pieces += self._costs[segment][0]
            size += self._costs[segment][1]
            if pieces > self._most or size > self._size:
                return max(self._bounds[segment], start + 1)
        return stop

    def start(self) -> int:
        """From where on everything to the end of the text fits."""
        costs = self._pay(self._last)
        pieces = size = 0
        for segment in range(len(costs) - 1, -1, -1):
            pieces += costs[segment][0]
            size += costs[segment][1]
            if pieces > self._most or size > self._size:
                return self._bounds[segment + 1]
        return 0

    def _pay(self, edge: Edge) -> list[tuple[int, int]]:
        """What each segment costs: pieces and bytes."""
        pieces = [0] * len(self._bounds)
        sizes = [0] * len(self._bounds)
        for span, size in zip(self._spans, self._sizes, strict=True):
            if span.type in PIECEMEAL:
                segments = range(self._first(span), self._last(span) + 1)
            else:
                segments = range(edge(span), edge(span) + 1)
            for segment in segments:
                pieces[segment] += 1
                sizes[segment] += size
        return list(zip(pieces, sizes, strict=True))

    def _first(self, span: Span) -> int:
        return bisect_left(self._bounds, span.start)

    def _last(self, span: Span) -> int:
        return bisect_left(self._bounds, span.end) - 1
