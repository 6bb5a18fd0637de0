"""Gathers what is to be committed, and has it done batch by batch, one batch at a time.

While one batch syncs, the next gathers. Every message costs its share of one trip to a thread and back, not trips of
its own: what a message costs beside the disk is above all threads that fight for the interpreter's lock. So even the
writing of a small file is the batch's. And so a batch begins when the reactor has no more to add to it: at the end of
the turn, or of a few turns as long as each brings more. No timer is set: on an idle gateway a lone message waits for
nobody, and on a busy one all wait for the processor, of which fuller batches take less.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mailgate.interfaces import Offload
from mailgate.store.maildir.commit import Job, Outcome

BATCH_FILES: Final = 64  # how many a batch may hold open; more gain nothing, and all wait for the last
BATCH_OCTETS: Final = 2_097_152  # what a batch may write: some 10 ms of a common disk
GATHERING_TURNS: Final = 3  # of the reactor, at most; nobody may add to a batch for ever

Soon = Callable[[Callable[[], None]], object]  # calls it in the reactor's next turn: `partial(reactor.callLater, 0)`
Run = Callable[[Sequence[Job]], Sequence[Outcome]]  # commits a batch; blocks


@frozen
class _Waiting:
    job: Job
    done: Deferred[tuple[str, ...]]


class Committer:
    """Commits jobs by `run`, in a thread of `offload`. It lives in the reactor.

    What waits is bounded by the sessions there are: each has one message under way, and waits for it. So when all
    sessions are over nothing waits here either, and the thread may be ended.
    """

    def __init__(self, offload: Offload, run: Run, soon: Soon) -> None:
        self._offload = offload
        self._soon = soon
        self._run = run
        self._waiting: deque[_Waiting] = deque()
        self._busy = False

    def commit(self, job: Job) -> Deferred[tuple[str, ...]]:
        """Gives the final paths of the job's files, or raises `NotCommitted`. To cancel it ends the wait alone."""
        done: Deferred[tuple[str, ...]] = Deferred()
        self._waiting.append(_Waiting(job, done))
        if not self._busy:
            self._gather()
        return done

    def _gather(self) -> None:
        self._busy = True
        self._soon(partial(self._look, len(self._waiting), 1))

    def _look(self, seen: int, turns: int) -> None:
        if len(self._waiting) == seen or turns == GATHERING_TURNS:
            self._begin()
        else:
            self._soon(partial(self._look, len(self._waiting), turns + 1))

    def _begin(self) -> None:
        taken: list[_Waiting] = []
        Deferred.fromCoroutine(self._hand_over(taken)).addBoth(self._finished, taken)

    async def _hand_over(self, taken: list[_Waiting]) -> Sequence[Outcome]:
        return await self._offload(partial(self._work, taken))

    def _work(self, taken: list[_Waiting]) -> Sequence[Outcome]:
        # In the thread. What has come while it was on its way here belongs to the batch.
        files = octets = 0
        while self._waiting:
            job = self._waiting[0].job
            files, octets = files + job.files, octets + job.octets
            if taken and (files > BATCH_FILES or octets > BATCH_OCTETS):
                break
            taken.append(self._waiting.popleft())
        return self._run([waiting.job for waiting in taken])

    def _finished(self, outcomes: Sequence[Outcome] | Failure, taken: Sequence[_Waiting]) -> None:
        if isinstance(outcomes, Failure) and not taken:
            # There is no thread to be had: nobody may wait for ever.
            taken, self._waiting = tuple(self._waiting), deque()
        self._busy = False
        if self._waiting:
            self._gather()
        for number, waiting in enumerate(taken):
            outcome = outcomes if isinstance(outcomes, Failure) else outcomes[number]
            if isinstance(outcome, tuple):
                waiting.done.callback(outcome)
            else:
                waiting.done.errback(outcome)
