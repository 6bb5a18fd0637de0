"""What a gateway does to its mail in a short, busy life: drawn from a seed, done by the real store, and recorded.

Batches of deliveries, small and large, to one and to many, also to users that never had any; removals by POP3, for good
and into the trash; another program that moves mail from `new` to `cur` and syncs nothing; a message that is staged and
not committed; and the end of the process at any call, after which a new one goes on with what the first one left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from random import Random
from typing import Final

from attrs import field, frozen
from twisted.internet.defer import Deferred

from mailgate.interfaces import IStaged
from mailgate.mail import Body, Envelope, Field, Message, Session, make_id
from mailgate.mail import Copy as CopyOf
from mailgate.mail import Path as ReversePath
from mailgate.store.maildir.store import MaildirStore
from mailgate.store.maildir.syncing import Way
from tests.crash.operations import Operation
from tests.crash.promises import Copy, Delivered, Event, Removed, Removing
from tests.crash.recording import Killed, Recorder
from tests.crash.syncs import ROOT_PATH, Sync
from tests.store.support import at_once
from tests.support import outcome_of, result_of, started

USERS: Final = tuple(f"{user}@{domain}" for domain in ("one.example", "two.example") for user in ("a", "b", "c"))
STEPS: Final = 14
FIRST_STEPS: Final = 3  # which deliver, whatever is drawn: there is nothing else to do yet
KILL_CALLS: Final = 40  # within so many calls a process that is to die does so
_SMALL_OCTETS: Final = 3000
_LARGE_OCTETS: Final = 100_000  # more than what is written by one call


@frozen
class Trace:
    """What was done and promised, in order; all that was ever sent; and which kinds of syncs there were."""

    steps: Sequence[Operation | Event] = field(repr=False)
    contents: dict[Copy, bytes] = field(repr=False)
    syncs: frozenset[Sync]


def record(
    directory: Path,
    seed: int,
    way: Way,
    left_out: Collection[Sync] = (),
    *,
    alone: bool = False,
    first_calls: int | None = None,
    root_is_made: bool = False,
    steps: int = STEPS,
) -> Trace:
    """Play in an empty directory. `left_out` are syncs that succeed and do nothing.

    If it is `alone`, no other program moves mail. The first process dies after `first_calls` calls, if that is given.
    The root is there, and not durable, if `root_is_made`.
    """
    workload = Workload(directory, Random(seed), way, left_out, alone=alone)
    if root_is_made:
        for depth in range(len(ROOT_PATH)):
            workload.recorder.disk.mkdir(str(workload.base.joinpath(*ROOT_PATH[: depth + 1])))
    if first_calls is not None:
        workload.recorder.kill_after(first_calls)
    workload.play(steps)
    return workload.trace()


class Workload:
    """A store on a recorder, and what is done with it."""

    def __init__(
        self, directory: Path, random: Random, way: Way, left_out: Collection[Sync] = (), *, alone: bool = False
    ) -> None:
        self.base = directory / "volume"
        self.contents: dict[Copy, bytes] = {}
        self._bodies = directory / "bodies"
        self.base.mkdir()
        self._bodies.mkdir()
        self.recorder: Recorder[Event] = Recorder(self.base, left_out)
        self._random = random
        self._way = way
        self._alone = alone
        self._seconds = 1_700_000_000
        self._number = 0
        self._soon: list[Callable[[], None]] = []  # what the reactor is to call in its next turn
        self._waiting: list[tuple[Deferred[tuple[str, ...]], tuple[Copy, ...]]] = []  # commits
        self._store = self._start()

    def play(self, steps: int) -> None:
        """So many steps, and a restart wherever one ends with the process."""
        for number in range(steps):
            step = self._deliver if number < FIRST_STEPS else self._draw()
            if self._random.random() < 0.2:
                self.recorder.kill_after(self._random.randrange(KILL_CALLS))
            try:
                step()
            except Killed:
                self._restart()
            self._seconds += 1

    def trace(self) -> Trace:
        """What was done so far."""
        return Trace(self.recorder.trace, self.contents, frozenset(self.recorder.done))

    def _restart(self) -> None:
        for done, _ in self._waiting:
            done.addErrback(lambda failure: failure.trap(Killed))
        self._soon.clear()
        self.recorder.revive()
        self._store = self._start()

    def _start(self) -> MaildirStore:
        root = str(self.base.joinpath(*ROOT_PATH))
        soon = self._soon.append
        return MaildirStore(root, "node0001", at_once, self._clock, self.recorder.disk, soon=soon, sync=self._way)

    def _clock(self) -> float:
        return float(self._seconds)

    def _draw(self) -> Callable[[], None]:
        steps = (self._deliver, self.remove, self._move_to_cur, self._stage_and_discard)
        return self._random.choices(steps, (5, 3, 0 if self._alone else 2, 1))[0]

    def _deliver(self) -> None:
        """One batch, as far as the store does not cut it."""
        self._waiting.clear()
        for _ in range(self._random.choice((1, 1, 2, 4))):
            message, maildrops = self._message(), self._random.sample(USERS, self._random.choice((1, 1, 2, 4)))
            staged = self._stage(message, maildrops)
            self._waiting.append((started(staged.commit()), tuple((maildrop, message.id) for maildrop in maildrops)))
        while self._soon:
            self._soon.pop(0)()
        for done, copies in self._waiting:
            outcome_of(done)
            self.recorder.trace.append(Delivered(copies))

    def _stage(self, message: Message, maildrops: Sequence[str]) -> IStaged:
        copies = [CopyOf(maildrop, (Field("Delivered-To", maildrop),)) for maildrop in maildrops]
        with message.body.open() as stream:
            content = stream.read()
        for copy in copies:
            fields = b"".join(bytes(field) for field in (*copy.fields, *message.fields))
            self.contents[copy.maildrop, message.id] = fields + content
        return result_of(self._store.stage(message, copies))

    def _message(self) -> Message:
        self._number += 1
        identity = make_id(self._seconds * 1000, self._number)
        envelope = Envelope(identity, Session("s", "smtp", "192.0.2.1"), ReversePath.parse("a@example.org"))
        return Message(identity, envelope, (Field("Received", "here"),), self._body())

    def _body(self) -> Body:
        if self._random.random() < 0.7:
            content = self._random.randbytes(self._random.randrange(_SMALL_OCTETS) // 2).hex().encode()
            return Body(len(content), 0, content=content)
        content = self._random.randbytes(self._random.randrange(_LARGE_OCTETS) // 2).hex().encode()
        file = self._bodies / str(self._number)
        file.write_bytes(content)
        return Body(len(content), 0, file=str(file))

    def _stage_and_discard(self) -> None:
        self._stage(self._message(), self._random.sample(USERS, 2)).discard()

    def remove(self) -> None:
        """What a POP3 session does at QUIT."""
        name = self._random.choice(USERS)
        maildrop = result_of(self._store.open(name))
        try:
            entries = result_of(maildrop.snapshot()).entries
            chosen = self._random.sample(entries, min(len(entries), self._random.choice((1, 2, 5))))
            copies, to_trash = tuple((name, entry.id) for entry in chosen), self._random.random() < 0.4
            self.recorder.trace.append(Removing(copies, to_trash))
            self.recorder.removing = True
            result_of(maildrop.remove(chosen, to_trash=to_trash))
            self.recorder.trace.append(Removed(copies, to_trash))
        finally:
            self.recorder.removing = False
            maildrop.release()

    def _move_to_cur(self) -> None:
        """What a mail program does that opens the Maildir."""
        directory = self.base.joinpath(*ROOT_PATH)
        for file in sorted(directory.glob("*/*/new/*")):
            if self._random.random() < 0.3:
                self.recorder.disk.rename(str(file), str(file.parents[1] / "cur" / f"{file.name}:2,S"))
