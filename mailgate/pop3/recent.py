"""A bounded memory for what can be made again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps what was used last. When all together weigh more than `limit`, what was not used for longest goes."""

    def __init__(self, limit: int, weigh: Callable[[V], int]) -> None:
        """`weigh` gives a value's weight, always the same, in the unit of the limit."""
        self._limit = limit
        self._weigh = weigh
        self._held = 0
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What was kept under the key; None if it was not, or not for long enough."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def keep(self, key: K, value: V) -> None:
        """Keep a value, as long as there is room; one that weighs more than the limit is not kept at all."""
        if (before := self._values.pop(key, None)) is not None:
            self._held -= self._weigh(before)
        if self._weigh(value) > self._limit:
            return
        self._values[key] = value
        self._held += self._weigh(value)
        while self._held > self._limit:
            _, oldest = self._values.popitem(last=False)
            self._held -= self._weigh(oldest)
