"""What is noted of logins, for how long, and what is kept apart."""

from __future__ import annotations

from attrs import evolve
from twisted.internet.task import Clock

from mailgate.limits.guess import Guess
from mailgate.limits.ledger import EXEMPT_SECONDS, HOUR_SECONDS, MAX_NETWORKS, MINUTE_SECONDS, Ledger
from mailgate.tally import Tally
from tests.limits.support import ALICE, BOB, CAFE, HOME, a_guess
from tests.support import result_of


class Book:
    """A ledger and its clock."""

    def __init__(self, **limits: int) -> None:
        self.clock = Clock()
        self.tallies = [Tally(self.clock.seconds, **limits) for _ in range(3)]
        self.ledger = Ledger(*self.tallies)

    def wrong(self, *guesses: Guess) -> None:
        for guess in guesses:
            result_of(self.ledger.note_wrong(guess))

    def counts(self, guess: Guess) -> tuple[int, int, int]:
        """Wrong for the account, from its origin, and names in vain from its network."""
        ledger = self.ledger
        return (
            len(result_of(ledger.wrong(guess))),
            len(result_of(ledger.wrong_from_here(guess))),
            len(result_of(ledger.names_in_vain(guess.network))),
        )


def test_a_wrong_password_counts_for_account_origin_and_network() -> None:
    book = Book()
    book.wrong(a_guess(digest="a"), a_guess(digest="b"), a_guess(digest="c", network=CAFE))
    assert book.counts(a_guess()) == (3, 2, 1)
    assert book.counts(a_guess(BOB)) == (0, 0, 1)
    book.clock.advance(HOUR_SECONDS)
    assert book.counts(a_guess()) == (0, 0, 0)


def test_a_site_has_the_names_of_its_networks() -> None:
    book = Book()
    guess = evolve(a_guess(), network="2001:db8:1:2::/64", origin="2001:db8:1::/48")
    book.wrong(guess)
    assert [list(result_of(book.ledger.names_in_vain(each))) for each in (guess.network, guess.origin)] == [[ALICE]] * 2
    result_of(book.ledger.note_right(guess))
    assert [list(result_of(book.ledger.names_in_vain(each))) for each in (guess.network, guess.origin)] == [[], []]


def test_a_right_password_makes_the_pair_exempt_and_forgives_nothing_but_the_name() -> None:
    book = Book()
    book.wrong(a_guess(digest="a"), a_guess(digest="b"))
    result_of(book.ledger.note_right(a_guess(digest="b")))  # it was set a moment ago
    assert book.counts(a_guess()) == (1, 2, 0)
    assert result_of(book.ledger.is_exempt(a_guess()))
    assert not result_of(book.ledger.is_exempt(a_guess(network=CAFE)))
    assert not result_of(book.ledger.is_exempt(a_guess(BOB)))
    book.clock.advance(EXEMPT_SECONDS)
    assert not result_of(book.ledger.is_exempt(a_guess()))


def test_an_account_is_exempt_in_so_many_networks_the_latest() -> None:
    book = Book()
    guesses = [a_guess(network=f"192.0.2.{number}") for number in range(MAX_NETWORKS + 5)]
    for guess in guesses:
        book.clock.advance(1)
        result_of(book.ledger.note_right(guess))
    assert [result_of(book.ledger.is_exempt(guess)) for guess in guesses] == [False] * 5 + [True] * MAX_NETWORKS


def test_names_that_are_made_up_drive_out_no_account_and_no_pair() -> None:
    book = Book(max_members=20)
    book.wrong(a_guess(digest="a"))
    result_of(book.ledger.note_right(a_guess()))
    for number in range(1_000):
        book.wrong(a_guess(f"nobody{number}", exists=False, network=f"203.0.113.{number % 250}"))
    assert book.counts(a_guess())[:2] == (1, 1)
    assert result_of(book.ledger.is_exempt(a_guess()))


def test_newcomers_and_looks() -> None:
    book = Book()
    ledger, guess = book.ledger, a_guess()
    assert (result_of(ledger.newcomers(guess)), result_of(ledger.looks(guess))) == (0, 0)
    for _ in range(2):
        result_of(ledger.note_newcomer(guess))
        result_of(ledger.note_look(guess))
    assert (result_of(ledger.newcomers(guess)), result_of(ledger.looks(guess))) == (2, 2)
    assert result_of(ledger.looks(a_guess(network=CAFE))) == 0
    book.clock.advance(MINUTE_SECONDS)
    assert (result_of(ledger.newcomers(guess)), result_of(ledger.looks(guess))) == (2, 0)


def failures() -> Book:
    book = Book()
    for account, exists in ((ALICE, True), (f"{ALICE}.test", True), ("nobody", False)):
        book.wrong(a_guess(account, exists=exists))
        result_of(book.ledger.note_newcomer(a_guess(account, exists=exists)))
    result_of(book.ledger.note_look(a_guess()))
    result_of(book.ledger.note_right(a_guess(BOB)))
    return book


def test_an_account_is_cleared_and_no_other() -> None:
    book = failures()
    result_of(book.ledger.clear_account(ALICE))
    result_of(book.ledger.clear_account("nobody"))
    assert book.counts(a_guess())[:2] == book.counts(a_guess("nobody", exists=False))[:2] == (0, 0)
    assert result_of(book.ledger.newcomers(a_guess())) == 0
    assert book.counts(a_guess(f"{ALICE}.test")) == (1, 1, 3)


def test_a_network_is_cleared() -> None:
    book = failures()
    result_of(book.ledger.clear_network(HOME))
    assert book.counts(a_guess()) == (1, 1, 0)
    assert result_of(book.ledger.looks(a_guess())) == 0


def test_all_failures_are_cleared_and_nobody_loses_an_exemption() -> None:
    book = failures()
    result_of(book.ledger.clear_all())
    assert book.counts(a_guess()) == (0, 0, 0)
    assert result_of(book.ledger.is_exempt(a_guess(BOB)))
