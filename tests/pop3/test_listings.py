"""Listings are rendered once for all who see the same, within bounds."""

from __future__ import annotations

import pytest

from mailgate.mail import Snapshot
from mailgate.pop3.listings import OVERHEAD_OCTETS, Listings
from mailgate.pop3.surrogates import AS_THEY_ARE, Surrogates
from tests.pop3.support import entry

TWO = Snapshot("two", (entry("u1", 10), entry("u2", 20, smtputf8=True)))
NONE = Snapshot("none", ())


def test_sizes_and_uids() -> None:
    listings = Listings()
    assert listings.sizes(TWO, AS_THEY_ARE) == b"1 10\r\n2 20\r\n"
    assert listings.sizes(TWO, Surrogates({2: 33}, 13)) == b"1 10\r\n2 33\r\n"
    assert listings.uids(TWO) == b"1 u1\r\n2 u2\r\n"
    assert listings.octets(TWO) == 30
    assert listings.sizes(NONE, AS_THEY_ARE) == listings.uids(NONE) == b""
    assert listings.octets(NONE) == 0


def test_snapshots_of_the_same_revision_share_theirs() -> None:
    listings = Listings()
    again = Snapshot("two", tuple(TWO.entries))
    assert listings.uids(again) is listings.uids(TWO)
    assert listings.sizes(again, AS_THEY_ARE) is listings.sizes(TWO, AS_THEY_ARE)
    assert listings.sizes(again, Surrogates({2: 33}, 13)) is listings.sizes(TWO, Surrogates({2: 33}, 13))


def test_without_international_mail_it_does_not_matter_who_said_utf8() -> None:
    listings = Listings()
    assert listings.sizes(TWO, Surrogates()) is listings.sizes(TWO, AS_THEY_ARE)


def test_the_sum_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    listings = Listings()
    assert listings.octets(TWO) == 30
    monkeypatch.setattr(Snapshot, "octets", property(lambda snapshot: 1 / 0))
    assert listings.octets(TWO) == 30


def test_sizes_that_are_not_all_known_are_not_kept() -> None:
    listings = Listings()
    both = Snapshot("both", (entry("u1", 10, smtputf8=True), entry("u2", 20, smtputf8=True)))
    assert listings.sizes(both, Surrogates({2: 33}, 13, complete=False)) == b"1 10\r\n2 33\r\n"
    assert listings.sizes(both, Surrogates({1: 11, 2: 33}, 14)) == b"1 11\r\n2 33\r\n"


def test_what_is_kept_is_bounded() -> None:
    listings = Listings(limit_octets=OVERHEAD_OCTETS + 20)
    uids = listings.uids(TWO)
    assert listings.uids(TWO) is uids
    listings.sizes(TWO, AS_THEY_ARE)
    assert listings.uids(TWO) is not uids
    assert listings.uids(TWO) == uids
