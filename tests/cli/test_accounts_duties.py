"""Who has mail to postmaster and abuse of a domain that was just added."""

from __future__ import annotations

import pytest

from mailgate.accounts.register import Domain, Register
from mailgate.cli.accounts_duties import tell_duties
from mailgate.faults import Fault
from tests.accounts.support import domain

BOTH = "Mail to postmaster@new.test and abuse@new.test"
NAMING = "To name somebody for it, in place of ACCOUNT: mailgate alias add postmaster@new.test ACCOUNT"
FAULT = Fault("old.test/users:1", "nonsense")


def told(capsys: pytest.CaptureFixture[str], *domains: Domain) -> str:
    assert tell_duties(Register.of(domains), "new.test")
    said = capsys.readouterr()
    assert said.err == ""
    assert all(len(line) <= 80 for line in said.out.splitlines())
    return " ".join(said.out.split())


def test_the_first_account_of_all_until_the_domain_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, domain("new.test"), domain("old.test", "zoe alice")) == (
        f"{BOTH} goes to zoe@old.test until new.test has a user of its own, and then there. {NAMING}"
    )


def test_its_own_first_account(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, domain("new.test", "zoe bob"), domain("old.test", "alice")) == (
        f"{BOTH} goes to zoe@new.test. {NAMING}"
    )


def test_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, domain("new.test"), domain("old.test")) == (
        f"{BOTH} is refused until new.test has a user, and then goes there. Add one soon: somebody has to answer it. "
        f"{NAMING}"
    )


@pytest.mark.parametrize(
    ("users", "aliases", "sentences"),
    [
        ("postmaster", "", f"{BOTH} goes to postmaster@new.test."),
        ("", "postmaster: zoe@old.test\n", f"{BOTH} goes to zoe@old.test."),
        ("", "*: zoe@old.test, alice@old.test\n", f"{BOTH} goes to zoe@old.test, alice@old.test."),
        (
            "",
            "postmaster: zoe@old.test\nabuse: alice@old.test\n",
            "Mail to postmaster@new.test goes to zoe@old.test. Mail to abuse@new.test goes to alice@old.test.",
        ),
    ],
)
def test_somebody_is_named(capsys: pytest.CaptureFixture[str], users: str, aliases: str, sentences: str) -> None:
    assert told(capsys, domain("new.test", users, aliases), domain("old.test", "zoe alice")) == sentences


@pytest.mark.parametrize(
    "domains",
    [
        (domain("new.test"), Domain("old.test", unread_users=FAULT)),
        (domain("new.test"), Domain("old.test", unread_users=FAULT), domain("second.test", "zoe")),
        (Domain("new.test", unread_aliases=FAULT), domain("old.test", "zoe")),
    ],
)
def test_it_cannot_be_told(capsys: pytest.CaptureFixture[str], domains: tuple[Domain, ...]) -> None:
    assert not tell_duties(Register.of(domains), "new.test")
    said = capsys.readouterr()
    assert said.out == ""
    assert "cannot be told: old.test/users:1: nonsense" in " ".join(said.err.split())


def test_who_is_named_is_known_whatever_is_wrong_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    new = domain("new.test", "zoe")
    assert "goes to zoe@new.test." in told(capsys, new, Domain("old.test", unread_users=FAULT))
