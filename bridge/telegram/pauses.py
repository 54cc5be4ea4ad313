"""Growing pauses between tries."""


class Pauses:
    """From `first` seconds, doubling, to `most`."""

    def __init__(self, first: float, most: float) -> None:
        self._first = self._next = first
        self._most = most

    def reset(self) -> None:
        self._next = self._first

    def take(self) -> float:
        pause, self._next = self._next, min(self._next * 2, self._most)
        return pause
