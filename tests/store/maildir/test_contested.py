from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.store.maildir.contested import UNREADABLE, Claim, Claimant, Contest, Digest, digest_of, share_out
from mailgate.store.maildir.disk import DIRECTORY, Disk
from mailgate.store.maildir.uid_owners import Owner
from tests.store.support import FaultyDisk, fault, open_descriptors


def _claimant(inode: int, content: str = "", base: str = "1.a", mtime_ns: int = 0) -> Claimant:
    sha256 = hashlib.sha256(content.encode()).hexdigest() if content else UNREADABLE
    claim = Claim(base, inode, f"=new/{inode}", f"new/{inode}")
    return Claimant(claim, Digest(mtime_ns, len(content), sha256))


_CLAIMANTS = st.dictionaries(
    st.integers(1, 6), st.tuples(st.sampled_from(["", "x", "y"]), st.sampled_from(["1.a", "1.b"]), st.integers(0, 2))
).map(lambda files: [_claimant(inode, *file) for inode, file in files.items()])


@given(_CLAIMANTS, st.sampled_from([None, Owner("1" * 64)]))
def test_no_two_have_the_same(claimants: list[Claimant], owner: Owner | None) -> None:
    uids, owner = share_out("1.a", claimants, owner)
    assert len(set(uids.values())) == len(uids) == len(claimants)
    assert share_out("1.a", reversed(claimants), owner) == (uids, owner)


@given(_CLAIMANTS, st.data())
def test_a_uid_is_of_one_content_for_ever(claimants: list[Claimant], data: st.DataObject) -> None:
    uids, owner = share_out("1.a", claimants, None)
    contents = {uids[claimant.claim.key]: claimant.digest.sha256 for claimant in claimants}
    rest = data.draw(st.lists(st.sampled_from(claimants), unique=True)) if claimants else []
    later, _ = share_out("1.a", [*rest, _claimant(9, "z", "0.a")], owner) if owner else ({}, None)
    for claimant in rest if owner else []:
        assert contents.get(later[claimant.claim.key], claimant.digest.sha256) == claimant.digest.sha256


def test_the_first_by_name_then_time_keeps_it() -> None:
    uids, owner = share_out(
        "u", [_claimant(1, "x", "b", 5), _claimant(2, "y", "a", 9), _claimant(3, "z", "a", 7)], None
    )
    assert [key for key, uid in uids.items() if uid == "u"] == ["=new/3"] and owner is not None
    assert share_out("u", [_claimant(1, "x", "b", 5)], owner)[0] == {"=new/1": uids["=new/1"]}  # not its heir
    assert share_out("u", [_claimant(7, "z", "c", 9)], owner)[0] == {"=new/7": "u"}  # restored from a backup


def test_of_copies_that_are_the_same_one_that_is_removed_takes_its_uid_along() -> None:
    uids, owner = share_out("u", [_claimant(1, "x"), _claimant(2, "x")], None)
    assert uids["=new/1"] == "u" and owner is not None
    assert share_out("u", [_claimant(2, "x")], Owner(owner.identity, 1))[0] == {"=new/2": uids["=new/2"]}


def test_what_cannot_be_read_owns_nothing() -> None:
    uids, owner = share_out("u", [_claimant(1), _claimant(2)], None)
    assert owner is None and "u" not in uids.values()
    uids, owner = share_out("u", [_claimant(1), _claimant(2, "x")], None)
    assert uids["=new/2"] == "u" and owner is not None


def test_a_digest_is_made_again_only_if_the_file_has_changed(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "m").write_bytes(b"x" * 100_000)
    before, faulty = open_descriptors(), FaultyDisk()
    with Disk().opened(str(tmp_path), DIRECTORY) as maildrop:
        first = digest_of(faulty.disk, maildrop, "new/m", None)
        assert first.sha256 == hashlib.sha256(b"x" * 100_000).hexdigest() and first.octets == 100_000
        faulty.calls.clear()
        assert digest_of(faulty.disk, maildrop, "new/m", first) is first and "read" not in faulty.calls
        (tmp_path / "new" / "m").write_bytes(b"y" * 100_000)
        os.utime(tmp_path / "new" / "m", (1, 1))
        assert digest_of(faulty.disk, maildrop, "new/m", first).sha256 != first.sha256
        with pytest.raises(FileNotFoundError):
            digest_of(Disk(), maildrop, "new/n", None)
    assert open_descriptors() == before


def test_a_contest(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    claims = [("u", Claim("1.a", number, f"=new/{number}", f"new/{number}")) for number in range(4)]
    for number in range(3):
        (tmp_path / "new" / str(number)).write_bytes(b"%d" % number)
        os.utime(tmp_path / "new" / str(number), (number, number))
    with Disk().opened(str(tmp_path), DIRECTORY) as maildrop:
        contest = Contest(Disk(), maildrop, {}, {})
        assert contest.among(["u", "v"], {"u"}) == {"u"}
        given = contest.settle(claims)
        assert given.keys() == {"=new/0", "=new/1", "=new/2"} and given["=new/0"] == "u"
        assert contest.digests.keys() == {("1.a", number) for number in range(3)}
        faulty = FaultyDisk()
        again = Contest(faulty.disk, maildrop, contest.new_owners, contest.digests)
        assert again.among(["u", "v"], ()) == {"u"} and again.among(["v"], ()) == set()
        assert again.settle(claims[1:]) == {key: given[key] for key in ("=new/1", "=new/2")}
        assert "read" not in faulty.calls and again.new_owners == {}
        faulty.always = {"read": fault(errno.EIO)}
        assert "u" not in Contest(faulty.disk, maildrop, {}, {}).settle(claims).values()
        faulty.always = {"open": fault(errno.EMFILE)}
        with pytest.raises(OSError, match="Too many"):
            again.settle(claims)
