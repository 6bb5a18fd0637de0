"""UIDs that several files claim: which of the files has it, and which UIDs the others have.

Files have one base name, or one unique part, when a backup was laid over a live maildrop, say. A UID must not be given
to another message (RFC 1939 section 7), so each depends on what lasts of the message itself, its content, and not on
its folder, its flags or its neighbours. The first by base name, then by time, keeps the UID; that it did is written
down (`uid_owners`), so that none of the others has it later. The others' UIDs are made of the UID and the content; of
copies that are the same octet for octet, a number tells them apart.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from mailgate.mail import BLOCK_OCTETS
from mailgate.store.maildir.disk import DIRECTORY, ITS_OWN, Disk
from mailgate.store.maildir.layout import open_regular
from mailgate.store.maildir.uid_owners import Owner, Owners

UNREADABLE: Final = ""  # in place of a digest


@frozen
class Digest:
    """Of a file's content, and when it was so."""

    mtime_ns: int
    octets: int
    sha256: str


Digests = Mapping[tuple[str, int], Digest]  # by base name and inode, which a change of flags leaves alone


@frozen
class Claim:
    """Of a file that would have a UID, were there no others."""

    base: str  # name
    inode: int
    key: str  # of its entry
    place: str  # `<folder>/<name>`


@frozen
class Claimant:
    """A file that claims a UID, and what it has in it."""

    claim: Claim
    digest: Digest


class Contest:
    """Settles whose the UIDs of an open maildrop directory are that several files claim, or claimed once. Blocks."""

    def __init__(self, disk: Disk, maildrop: int, owners: Owners, known: Digests) -> None:
        """`owners` are those that are written down, `known` is what an earlier one found out."""
        self.digests: dict[tuple[str, int], Digest] = {}  # what it found out
        self.new_owners: dict[str, Owner] = {}  # not written down yet
        self._disk = disk
        self._maildrop = maildrop
        self._owners = owners
        self._known = known

    def among(self, uids: Sequence[str], shared: Collection[str]) -> Collection[str]:
        """Which of these are contested, if `shared` occur more than once."""
        return {*shared, *self._owners.keys() & set(uids)} if self._owners else shared

    def settle(self, claims: Iterable[tuple[str, Claim]]) -> Mapping[str, str]:
        """UIDs by key, of all who claim a UID that is contested, but for those that are gone. Raises OSError."""
        claimants: dict[str, list[Claimant]] = {}
        for uid, claim in claims:
            claimants.setdefault(uid, []).extend(self._claimant(claim))
        given: dict[str, str] = {}
        for uid, files in claimants.items():
            theirs, owner = share_out(uid, files, self._owners.get(uid))
            given |= theirs
            if owner is not None and uid not in self._owners:
                self.new_owners[uid] = owner
        return given

    def _claimant(self, claim: Claim) -> Iterator[Claimant]:
        name = claim.base, claim.inode
        try:
            digest = self.digests[name] = digest_of(self._disk, self._maildrop, claim.place, self._known.get(name))
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno not in ITS_OWN:
                raise
            digest = Digest(0, 0, UNREADABLE)
        yield Claimant(claim, digest)


def share_out(uid: str, claimants: Iterable[Claimant], owner: Owner | None) -> tuple[dict[str, str], Owner | None]:
    """(The claimants' UIDs by key, the owner of `uid`). None: not known, or nothing could be read."""
    ordered = sorted(claimants, key=_place)
    if owner is None and ordered and ordered[0].digest.sha256 != UNREADABLE:
        owner = Owner(_identity(uid, ordered[0]))
    copies: Counter[str] = Counter()
    if owner is not None:
        copies[owner.identity] = owner.removed
    uids = {}
    for claimant in ordered:
        identity = _identity(uid, claimant)
        is_owner = owner is not None and owner.identity == identity and copies[identity] == 0
        uids[claimant.claim.key] = uid if is_owner else _made(identity, copies[identity])
        copies[identity] += 1
    return uids, owner


def digest_of(disk: Disk, maildrop: int, place: str, known: Digest | None) -> Digest:
    """Of the file `<folder>/<name>` in an open maildrop directory, read only if it has changed since `known`.

    Blocks. Raises OSError; FileNotFoundError if it is gone.
    """
    folder, _, name = place.partition("/")
    with disk.opened(folder, DIRECTORY, maildrop) as directory:
        status = disk.stat(name, dir_fd=directory, follow_symlinks=False)
        if known is not None and (known.mtime_ns, known.octets) == (status.st_mtime_ns, status.st_size):
            return known
        return Digest(status.st_mtime_ns, status.st_size, _sha256(disk, directory, name))


def _sha256(disk: Disk, directory: int, name: str) -> str:
    descriptor, _ = open_regular(disk, directory, name)
    try:
        digest = hashlib.sha256()
        while block := disk.read(descriptor, BLOCK_OCTETS):
            digest.update(block)
        return digest.hexdigest()
    finally:
        disk.close_quietly(descriptor)


def _place(claimant: Claimant) -> tuple[bool, str, int, str, int]:
    claim, digest = claimant.claim, claimant.digest
    return digest.sha256 == UNREADABLE, claim.base, digest.mtime_ns, digest.sha256, claim.inode


def _identity(uid: str, claimant: Claimant) -> str:
    return _hash(uid, claimant.digest.sha256 or f"{claimant.claim.base} cannot be read")


def _made(identity: str, number: int) -> str:
    return _hash(identity, str(number)) if number else identity


def _hash(*parts: str) -> str:
    return hashlib.sha256(os.fsencode("\0".join(parts))).hexdigest()
