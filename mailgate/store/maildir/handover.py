"""Things that a thread makes and the reactor takes. If nobody waits for them any more, they are given up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Generic, TypeVar

from twisted.internet.defer import CancelledError, maybeDeferred

from mailgate.failures import StoreError
from mailgate.interfaces import Offload
from mailgate.store.maildir.disk import Disk

T = TypeVar("T")


async def hand_over(offload: Offload, make: Callable[[], T], give_up: Callable[[T], None]) -> T:
    """Give what `make` makes off the reactor, or raise what it raises.

    If the wait is cancelled, what is or will be made goes to `give_up` (off the reactor; must not raise): a Deferred
    that is cancelled leaves its thread running.
    """
    errand = _Errand(make, give_up)
    try:
        return await offload(errand.run)
    except BaseException:
        for made in errand.take_back():
            in_the_background(offload, partial(give_up, made))
        raise


def in_the_background(offload: Offload, work: Callable[[], None], then: Callable[[], None] = lambda: None) -> None:
    """Run clean-up that nobody waits for and that does not raise; `then` is called in the end, whatever happens."""
    # What can fail here is the offload itself, at shutdown; what then stays behind lies in tmp and is swept.
    maybeDeferred(offload, work).addErrback(lambda _: None).addCallback(lambda _: then())


class _Errand(Generic[T]):
    def __init__(self, make: Callable[[], T], give_up: Callable[[T], None]) -> None:
        self._make = make
        self._give_up = give_up
        self._made: list[T] = []
        self._unwanted = False
        self._lock = threading.Lock()

    def run(self) -> T:
        if self._unwanted:
            raise CancelledError  # it waited for a thread, and by now nobody waits for it
        made = self._make()
        with self._lock:
            self._made.append(made)
        if self._unwanted:
            for unwanted in self.take_back():
                self._give_up(unwanted)
        return made

    def take_back(self) -> list[T]:
        """What was made, to whoever asks first; from now on it is unwanted."""
        with self._lock:
            self._unwanted = True
            made, self._made = self._made, []
        return made


class SharedDescriptor:
    """A descriptor that is closed when it is not wanted any more *and* no thread is in the middle of using it.

    Closed under a thread's hands, its number would soon mean another file.
    """

    def __init__(self, disk: Disk, number: int, closed: Callable[[], None] = lambda: None) -> None:
        self._close = partial(disk.close_quietly, number)
        self._number = number
        self._closed = closed  # called once, after closing
        self._users = 1  # the owner
        self._wanted = True
        self._lock = threading.Lock()

    def use(self) -> AbstractContextManager[int]:
        """The number, which stays valid inside the `with`. Raises `StoreError` after `close`."""
        return self

    def __enter__(self) -> int:
        with self._lock:
            if not self._wanted:
                raise StoreError("it has been closed")
            self._users += 1
        return self._number

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            self._close()
            self._closed()

    def close(self) -> None:
        """The owner is done with it. Any number of times; never raises."""
        with self._lock:
            if not self._wanted:
                return
            self._wanted = False
        self.__exit__()  # the last of the users closes it, and the owner is one
