"""Everybody is welcome, and finds the mail that was sent to them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from mailgate.accounts.anyone import AnyoneChecker, AnyoneDirectory, AnyoneRules, AnyoneSubmitter
from mailgate.accounts.decisions import Decisions
from mailgate.interfaces import IDirectory, ISubmitter
from mailgate.mail import NULL_PATH, Destination, Field, Local, Path
from mailgate.rules import NO_QUOTA, NO_RULES, Promise, Quota
from mailgate.wire import address

DIRECTORY = AnyoneDirectory("Host.Test")
CHECKER = AnyoneChecker("Host.Test")


def result(done: Deferred[Any]) -> Any:
    results: list[Any] = []
    done.addBoth(results.append)
    (value,) = results
    if hasattr(value, "raiseException"):
        value.raiseException()
    return value


def resolve(path: Path) -> tuple[Destination, ...]:
    return tuple(result(Deferred.fromCoroutine(DIRECTORY.resolve(path))))


def login(username: bytes, password: bytes = b"x") -> str:
    return str(result(CHECKER.requestAvatarId(UsernamePassword(username, password))))


def test_the_interfaces() -> None:
    verifyObject(IDirectory, DIRECTORY)
    verifyObject(ICredentialsChecker, CHECKER)
    verifyObject(ISubmitter, AnyoneSubmitter("alice@host.test"))


def test_any_recipient_of_any_domain_is_local() -> None:
    assert resolve(Path.parse("Alice+News@Example.Test")) == (
        Local("alice+news@example.test", (Field("Delivered-To", "alice+news@example.test"),)),
    )


def test_the_bare_postmaster_and_the_null_path() -> None:
    assert resolve(Path("postmaster")) == (
        Local("postmaster@host.test", (Field("Delivered-To", "postmaster@host.test"),)),
    )
    assert resolve(NULL_PATH) == ()


LONG_DOMAIN = ".".join(["ü" * 30, "ö" * 10, "test"])


@pytest.mark.parametrize("mailbox", ['""@host.test', f"alice@{LONG_DOMAIN}", f"{'ŉ' * 32}@host.test"])
def test_what_cannot_be_stored_is_nobody(mailbox: str) -> None:
    assert resolve(Path.parse(mailbox)) == ()
    with pytest.raises(UnauthorizedLogin, match="cannot be a mailbox"):
        login(mailbox.encode())


def test_any_password_but_the_empty_one() -> None:
    assert login(b"alice") == "alice@host.test"
    assert login(b"Alice@Example.Test", b"\xff\0") == "alice@example.test"
    with pytest.raises(UnauthorizedLogin, match="empty"):
        login(b"alice", b"")


@pytest.mark.parametrize("username", [b"", b"@host.test", b"alice@", b"\xff", b"a\nb", b"alice@../.."])
def test_what_is_no_mailbox_does_not_log_in(username: bytes) -> None:
    with pytest.raises(UnauthorizedLogin, match="cannot be a mailbox"):
        login(username)


def test_anybody_may_send_as_anybody() -> None:
    assert AnyoneSubmitter("alice@host.test").may_send_as(Path("bob", "example.test"))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=16))
def test_login_and_recipient_lead_to_the_same_maildrop(local_part: str) -> None:
    mailbox = address.format_mailbox(local_part, "Example.Test")
    assume(resolve(Path.parse(mailbox)))  # else its folded form is too long
    (place,) = resolve(Path.parse(mailbox))
    assert isinstance(place, Local)
    assert login(mailbox.encode()) == place.maildrop
    if not local_part.startswith('"'):
        assert login(f"{local_part}@Example.Test".encode()) == place.maildrop


def test_for_everybody_there_is_the_default_alone() -> None:
    assert AnyoneRules().rules("alice@host.test") == AnyoneRules().sweep_rules("x@y") == NO_RULES
    assert AnyoneRules().promise() == Promise()
    assert AnyoneRules().quota("alice@host.test") == NO_QUOTA
    default = Decisions(keep_days=3, login_delay=5, quota=1_000)
    book = AnyoneRules(default)
    assert book.rules("alice@host.test") == book.sweep_rules("bob@host.test") == default.rules()
    assert book.quota("alice@host.test") == Quota(octets=1_000)
    assert book.promise() == Promise(expire_days=3, login_delay_seconds=5)
