"""Right passwords are remembered by pair, few of each, and not for ever."""

from __future__ import annotations

from mailgate.limits.proofs import MAX_DIGESTS, Proofs
from tests.limits.support import CAFE, HOME, a_guess


def test_what_was_right_is_known_there() -> None:
    proofs = Proofs()
    proofs.note(a_guess())
    assert proofs.has(a_guess())
    assert not proofs.has(a_guess(digest="other"))
    assert not proofs.has(a_guess(network=CAFE))
    assert not proofs.has(a_guess("bob@example.test"))


def test_several_devices_behind_one_address() -> None:
    proofs = Proofs()
    digests = [str(number) for number in range(MAX_DIGESTS + 1)]
    for digest in digests:
        proofs.note(a_guess(digest=digest))
    assert [proofs.has(a_guess(digest=digest)) for digest in digests] == [False] + [True] * MAX_DIGESTS
    proofs.note(a_guess(digest="1"))
    proofs.note(a_guess(digest="new"))
    assert proofs.has(a_guess(digest="1")) and not proofs.has(a_guess(digest="2"))  # who came last stays


def test_what_is_right_no_longer() -> None:
    proofs = Proofs()
    for digest in "ab":
        proofs.note(a_guess(digest=digest))
    proofs.forget(a_guess(digest="a"))
    assert (proofs.has(a_guess(digest="a")), proofs.has(a_guess(digest="b"))) == (False, True)
    proofs.forget(a_guess(digest="b"))
    proofs.forget(a_guess(digest="b"))
    assert len(proofs) == 0


def test_who_logged_in_longest_ago_is_forgotten_first() -> None:
    proofs = Proofs(max_pairs=2)
    for network in (HOME, CAFE, HOME, "192.0.2.9"):
        proofs.note(a_guess(network=network))
    assert [proofs.has(a_guess(network=network)) for network in (HOME, CAFE, "192.0.2.9")] == [True, False, True]
    assert len(proofs) == 2
