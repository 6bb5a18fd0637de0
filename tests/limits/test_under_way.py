"""What is under way is known by account and origin, until it leaves."""

from __future__ import annotations

from mailgate.limits.under_way import UnderWay
from tests.limits.support import BOB, CAFE, a_guess


def test_who_is_under_way() -> None:
    under_way = UnderWay()
    guesses = [a_guess(digest="a"), a_guess(digest="a"), a_guess(digest="b", network=CAFE), a_guess(BOB, digest="c")]
    for guess in guesses:
        under_way.enter(guess)
    assert under_way.count == 4
    assert under_way.of(guesses[0]) == {"a", "b"}
    assert under_way.from_here(guesses[0]) == {"a"}
    under_way.leave(guesses[0])
    assert under_way.of(guesses[0]) == {"a", "b"}  # the other one
    for guess in guesses[1:]:
        under_way.leave(guess)
    assert under_way.count == 0
    assert under_way.of(guesses[0]) == under_way.from_here(guesses[0]) == set()
    assert under_way._guesses == {}
