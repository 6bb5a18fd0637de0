"""A guess says whose and from where, and nothing of the password."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.limits.guess import MAX_NAME_CHARACTERS, Guesses, one_form, origin_of
from tests.limits.support import ALICE, account_of


def test_an_account_in_its_one_form() -> None:
    guesses = Guesses(account_of)
    guess = guesses.make("::ffff:192.0.2.1", "ALICE", b"secret")
    assert (guess.account, guess.exists, guess.network, guess.origin) == (ALICE, True, "192.0.2.1", "192.0.2.1")
    assert guess == guesses.make("192.0.2.1", ALICE, b"secret")


def test_a_name_that_nobody_has() -> None:
    guess = Guesses(account_of).make("local", " No\nBody\0", b"x")
    assert (guess.account, guess.exists, guess.network) == ("no body\0", False, "local")


def test_a_client_of_ipv6_is_a_network_of_a_site() -> None:
    guess = Guesses(account_of).make("2001:db8:1:2::3", "alice", b"x")
    assert (guess.network, guess.origin) == ("2001:db8:1:2::/64", "2001:db8:1::/48")
    assert origin_of("local") == "local"


def test_digests_tell_equal_passwords_of_one_account_and_nothing_else() -> None:
    one, other = Guesses(account_of), Guesses(account_of)
    digests = {
        guesses.make("192.0.2.1", name, password).digest
        for guesses in (one, other)
        for name in ("alice", "bob")
        for password in (b"secret", b"Secret")
    }
    assert len(digests) == 8
    assert {len(digest) for digest in digests} == {24}
    assert "secret" not in repr(one.make("192.0.2.1", "alice", b"secret"))


@given(st.text(st.characters(codec=None), max_size=2 * MAX_NAME_CHARACTERS))
def test_any_name_has_one_form_on_one_line(typed: str) -> None:
    form = one_form(typed)
    assert "\n" not in form
    guess = Guesses(account_of).make("192.0.2.1", f"x{typed}", b"")
    assert guess.account == one_form(f"x{typed}")


def test_a_name_is_cut() -> None:
    assert one_form("x" * 10_000) == "x" * MAX_NAME_CHARACTERS
