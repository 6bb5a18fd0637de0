"""The account of a campaign: what was sent, what was answered, what was removed; and what of it is not as it must be.

Clients write in it from their threads while the gateway is killed; when all is over it is held against what there is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock

from attrs import Factory, define, frozen

Uid = tuple[str, str]  # a user, and the UID of one of his messages


@define
class Sent:
    """What is known of a message."""

    name: str
    recipients: tuple[str, ...]
    acknowledged: bool = False
    unanswered: list[tuple[str, int]] = Factory(list)  # by whom, and at which kill, it was sent whole without a reply


@frozen
class Found:
    """A message in somebody's maildrop."""

    uid: str
    digest: bytes


Maildrops = Mapping[str, Sequence[Found]]  # by user


class Ledger:
    """See above. Messages are known by their digests."""

    def __init__(self) -> None:
        self.kills = 0
        self.acknowledged = 0
        self.sent: dict[bytes, Sent] = {}
        self.faults: list[str] = []  # what clients saw that must not be
        self.gone: dict[Uid, bytes] = {}  # +OK was said to their removal
        self.uncertain: dict[Uid, bytes] = {}  # no reply came to their removal
        self._seen: dict[str, set[str]] = defaultdict(set)  # UIDs by user
        self._lock = Lock()

    def send(self, digest: bytes, name: str, recipients: tuple[str, ...]) -> None:
        """It will be sent, perhaps again."""
        with self._lock:
            self.sent.setdefault(digest, Sent(name, recipients))

    def acknowledge(self, digest: bytes) -> None:
        """250 came."""
        with self._lock:
            self.sent[digest].acknowledged = True
            self.acknowledged += 1

    def leave_open(self, digest: bytes, client: str) -> None:
        """It was sent to its end, and no reply came."""
        with self._lock:
            self.sent[digest].unanswered.append((client, self.kills))

    def complain(self, fault: str) -> None:
        """Something was not as it must be."""
        with self._lock:
            self.faults.append(f"before kill {self.kills + 1}: {fault}")

    def see(self, user: str, uids: set[str]) -> None:
        """A user's only session has listed these."""
        for uid in [uid for owner, uid in self.uncertain if owner == user]:
            digest = self.uncertain.pop((user, uid))
            if uid not in uids:
                self.gone[user, uid] = digest  # it was removed, and must stay so
        for fault in self._wrong_with(user, uids):
            self.complain(fault)
        self._seen[user] |= uids

    def fetch(self, user: str, uid: str, digest: bytes) -> None:
        """He has fetched one."""
        if user not in getattr(self.sent.get(digest), "recipients", ()):
            self.complain(f"{user} has fetched {uid}, which is half a message, or not his")

    def ask_removal(self, user: str, removed: Mapping[str, bytes]) -> None:
        """QUIT is about to be sent; these are marked."""
        self.uncertain |= {(user, uid): digest for uid, digest in removed.items()}

    def confirm_removal(self, user: str, removed: Mapping[str, bytes]) -> None:
        """+OK came."""
        for uid, digest in removed.items():
            self.gone[user, uid] = self.uncertain.pop((user, uid), digest)

    def settle(self, maildrops: Maildrops) -> list[str]:
        """Hold it against what there is in the end; give all faults, those that clients saw first."""
        faults = list(self.faults)
        copies: Counter[tuple[str, bytes]] = Counter()
        for user, found in maildrops.items():
            faults += self._wrong_with(user, {message.uid for message in found})
            faults += self._strange(user, found)
            copies.update((user, message.digest) for message in found)
        copies.update((user, digest) for (user, _), digest in self._removed(maildrops))
        for digest, sent in self.sent.items():
            faults += _miscounted(sent, {user: copies[user, digest] for user in sent.recipients})
        return faults + list(self._asked_too_much())

    def duplicates(self, maildrops: Maildrops) -> int:
        """How many copies there are that a client has sent once more, for want of a reply."""
        copies = Counter((user, message.digest) for user, found in maildrops.items() for message in found)
        copies.update((user, digest) for (user, _), digest in self._removed(maildrops))
        return sum(count - 1 for count in copies.values() if count > 1)

    def _removed(self, maildrops: Maildrops) -> Iterator[tuple[Uid, bytes]]:
        there = {(user, message.uid) for user, found in maildrops.items() for message in found}
        yield from self.gone.items()
        yield from ((uid, digest) for uid, digest in self.uncertain.items() if uid not in there)

    def _wrong_with(self, user: str, uids: set[str]) -> Iterator[str]:
        for uid in sorted(uids):
            if (user, uid) in self.gone:
                yield f"{user} has {uid} back, whose removal was acknowledged"
        for uid in sorted(self._seen[user] - uids):
            if (user, uid) not in self.gone and (user, uid) not in self.uncertain:
                yield f"{user} has lost {uid}, which he had seen and not removed"

    def _strange(self, user: str, found: Sequence[Found]) -> Iterator[str]:
        for message in found:
            if user not in getattr(self.sent.get(message.digest), "recipients", ()):
                yield f"{user} has {message.uid}, which is half a message, or not his"

    def _asked_too_much(self) -> Iterator[str]:
        # A client has one message under way: else more than one duplicate a kill would be nobody's fault.
        times = Counter(attempt for sent in self.sent.values() for attempt in sent.unanswered)
        for (client, kill), count in times.items():
            if count > 1:
                yield f"{client} left {count} messages open at kill {kill + 1}"


def _miscounted(sent: Sent, copies: Mapping[str, int]) -> Iterator[str]:
    most = sent.acknowledged + len(sent.unanswered)
    for user, count in copies.items():
        if sent.acknowledged and count == 0:
            yield f"{sent.name} was acknowledged, and {user} does not have it"
        if count > most:
            yield f"{user} has {sent.name} {count} times; it was acknowledged or left open {most} times"
