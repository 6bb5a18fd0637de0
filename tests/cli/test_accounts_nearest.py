"""Who was probably meant."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from mailgate.accounts.domains import Domains
from mailgate.accounts.register import Register
from mailgate.cli.accounts_nearest import check_account, nearest
from mailgate.faults import Fault
from tests.cli.accounts_support import register, unfolded, write

ACCOUNTS = ("alice@example.test", "bob@example.test", "carol@other.example")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("alcie@example.test", "alice@example.test"),
        ("alice@exmaple.test", "alice@example.test"),
        ("alice+shop@example.test", "alice@example.test"),
        ("carol@example.test", ""),
        ("zzz@example.test", ""),
        ("alice@nowhere.invalid", ""),
    ],
)
def test_nearest(name: str, meant: str) -> None:
    assert nearest(name, ACCOUNTS) == meant


def test_the_same_name_in_a_domain_much_alike() -> None:
    assert nearest("alice@example.net", ("bob@example.net", "alice@example.org")) == "alice@example.org"


def why(register: Register, name: str) -> str:
    with pytest.raises(click.ClickException) as refused:
        check_account(register, name)
    return unfolded(refused.value.message)


def test_accounts(gateway: Path) -> None:
    write(gateway, "users", "alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_disabled=all\n")
    write(gateway, "aliases", "everybody: alice, bob\nsales: alice\n")
    known = register(gateway)
    check_account(known, "alice@example.test")
    check_account(known, "bob@example.test")  # it may be enabled again
    assert why(known, "alic@example.test") == (
        "there is no account alic@example.test: did you mean 'alice@example.test'? "
        "Nobody could fetch the mail. --without-account imports it all the same."
    )
    assert "no account sales@example.test: mail for it goes to alice@example.test. Nobody" in why(
        known, "sales@example.test"
    )
    assert "no account zzz@example.test: 'mailgate user list' names all" in why(known, "zzz@example.test")


def test_what_cannot_be_told(gateway: Path) -> None:
    unread = Register(unread=Fault("domains", "cannot be read"))
    assert why(unread, "alice@example.test") == (
        "whether there is an account alice@example.test cannot be told: domains: cannot be read "
        "--without-account imports all the same."
    )


def test_an_alias_that_is_broken(gateway: Path) -> None:
    write(gateway, "aliases", "zzz: nobody@example.test\n")
    domains = Domains(str(gateway / "domains"), lambda fault: None)
    assert "'mailgate user list' names all" in why(domains.current("example.test"), "zzz@example.test")


def test_a_catch_all(gateway: Path) -> None:
    write(gateway, "aliases", "*: alice\n")
    assert "mail for it goes to alice@example.test." in why(register(gateway), "zzz@example.test")
    assert "did you mean 'alice@example.test'?" in why(register(gateway), "allice@example.test")
