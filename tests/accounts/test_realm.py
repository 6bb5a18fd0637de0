"""Avatars: maildrops and submitters."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

import pytest
from twisted.cred.credentials import UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred
from zope.interface import Interface
from zope.interface.verify import verifyObject

from mailgate.accounts.anyone import AnyoneChecker
from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.domains import Domains
from mailgate.accounts.realm import Realm, Submitter
from mailgate.accounts.spelling import Spelling
from mailgate.failures import InUse
from mailgate.faults import Fault
from mailgate.interfaces import IMaildrop, ISubmitter
from mailgate.mail import NULL_PATH, Path
from mailgate.rules import NO_RULES, Retention, Rules


class FakeDrop:
    """A maildrop that counts how often it is released."""

    def __init__(self, name: str, rules: Rules) -> None:
        self.name = name
        self.rules = rules
        self.released = 0

    def release(self) -> None:
        self.released += 1


class FakeStore:
    """Opens every maildrop but that of busy@, and keeps what it has opened."""

    def __init__(self) -> None:
        self.opened: list[FakeDrop] = []

    async def open(self, maildrop: str, rules: Rules = NO_RULES) -> FakeDrop:
        if maildrop.startswith("busy@"):
            raise InUse("another session has it")
        self.opened.append(FakeDrop(maildrop, rules))
        return self.opened[-1]


def result(done: Deferred[Any]) -> Any:
    results: list[Any] = []
    done.addBoth(results.append)
    (value,) = results
    if hasattr(value, "raiseException"):
        value.raiseException()
    return value


@pytest.fixture
def domains(tmp_path: FilePath) -> Domains:
    (tmp_path / "example.test").mkdir()
    (tmp_path / "example.test" / "users").write_text("alice:{PLAIN}x\nbob:{PLAIN}x\nj.d:{PLAIN}x\n")
    (tmp_path / "example.test" / "aliases").write_text("info: team, bob\nteam: alice\nbad: alice, nobody\n")
    return Domains(str(tmp_path), list[Fault]().append)


def realm(domains: Domains | None) -> Realm:
    return Realm(FakeStore(), domains)  # type: ignore[arg-type]


def test_it_is_a_realm(domains: Domains) -> None:
    verifyObject(IRealm, realm(domains))


@pytest.mark.parametrize("avatar_id", ["alice@example.test", b"alice@example.test", b"Alice@Example.Test"])
def test_a_maildrop(domains: Domains, avatar_id: str | bytes) -> None:
    interface, drop, logout = result(realm(domains).requestAvatar(avatar_id, None, IMaildrop))
    assert interface is IMaildrop
    assert (drop.name, drop.released) == ("alice@example.test", 0)
    logout()
    assert drop.released == 1


def test_what_the_store_raises_goes_through(domains: Domains) -> None:
    with pytest.raises(InUse):
        result(realm(domains).requestAvatar("busy@example.test", None, IMaildrop))


def test_a_submitter_takes_no_lock(domains: Domains) -> None:
    interface, submitter, logout = result(realm(domains).requestAvatar("busy@example.test", None, ISubmitter))
    assert interface is ISubmitter
    verifyObject(ISubmitter, submitter)
    assert submitter.user == "busy@example.test"
    logout()


def test_other_interfaces_and_anonymous_are_not_served(domains: Domains) -> None:
    with pytest.raises(NotImplementedError):
        result(realm(domains).requestAvatar("alice@example.test", None, Interface))
    with pytest.raises(UnauthorizedLogin):
        result(realm(domains).requestAvatar((), None, IMaildrop))


def test_through_a_portal() -> None:
    portal = Portal(realm(None), [AnyoneChecker("example.test")])
    _, drop, _ = result(portal.login(UsernamePassword(b"Alice", b"x"), None, IMaildrop))
    assert drop.name == "alice@example.test"


@pytest.mark.parametrize(
    ("user", "address", "may"),
    [
        ("alice", "alice@example.test", True),
        ("alice", "ALICE@Example.Test", True),
        ("alice", "info@example.test", True),
        ("alice", "team@example.test", True),
        ("bob", "info@example.test", True),
        ("bob", "team@example.test", False),
        ("alice", "bob@example.test", False),
        ("alice", "bad@example.test", False),
        ("alice", "nobody@example.test", False),
        ("alice", "alice@elsewhere.test", False),
        ("alice", "postmaster@elsewhere.test", False),
        ("alice", "postmaster@example.test", True),  # whose mail reaches alice while nobody is named
        ("bob", "postmaster@example.test", False),
        ("j.d", "jd@example.test", False),
        ("alice", "alice+shop@example.test", True),
        ("alice", "info+shop@example.test", True),
        ("alice", "bob+alice@example.test", False),
        ("alice", "bad+x@example.test", False),
        ("bob", "abuse@example.test", False),
        ("alice", "abuse+x@example.test", True),
    ],
)
def test_whom_an_account_may_send_as(domains: Domains, user: str, address: str, may: bool) -> None:
    assert Submitter(f"{user}@example.test", domains).may_send_as(Path.parse(address)) is may


def test_what_a_catch_all_brings_and_other_spellings(domains: Domains) -> None:
    files = FilePath(domains.directory) / "example.test"
    (files / "aliases").write_text("bad: alice, nobody@elsewhere.test\n*: alice\n")
    live = Domains(domains.directory, list[Fault]().append, spelling=Spelling("-", frozenset({"example.test"})))

    def may(user: str, name: str) -> bool:
        return Submitter(f"{user}@example.test", live).may_send_as(Path(name, "example.test"))

    for name in ("alice", "alice-x", "a.l.ice", "al.ice-x.y", "anybody", "any-x", "*", "postmaster"):
        assert may("alice", name) and not may("bob", name)
    for name in ("j.d", "jd", "jd-x"):
        assert may("j.d", name) and not may("alice", name)
    for name in ("bad", "bad-x", "b.ad"):
        assert not may("alice", name)
    (files / "aliases").write_text("*: bob\n*\n")  # whose it is cannot be told now
    assert may("alice", "anybody-x") is may("bob", "anybody-x") is False
    assert may("alice", "alice-x")


def test_the_null_path_is_everybodys_who_may_send_at_all(domains: Domains) -> None:
    assert Submitter("alice@example.test", domains).may_send_as(NULL_PATH)
    assert not Submitter("gone@example.test", domains).may_send_as(NULL_PATH)


@pytest.mark.parametrize("line", ["alison:{PLAIN}x\n", "alice:{PLAIN}x::::::mailgate_disabled=yes\n"])
def test_who_is_taken_away_may_not_send_any_more(tmp_path: FilePath, domains: Domains, line: str) -> None:
    submitter = Submitter("alice@example.test", domains)
    assert submitter.may_send_as(NULL_PATH)
    (tmp_path / "example.test" / "users").write_text(f"{line}bob:{{PLAIN}}x\n")
    assert not submitter.may_send_as(NULL_PATH) and not submitter.may_send_as(Path("alice", "example.test"))


def test_without_domains_everybody_may_send_as_anybody() -> None:
    _, submitter, _ = result(realm(None).requestAvatar("alice@example.test", None, ISubmitter))
    verifyObject(ISubmitter, submitter)
    assert submitter.may_send_as(Path("bob", "elsewhere.test"))


class Desk:
    """A realm with a rulebook, and who comes to it."""

    def __init__(self, root: FilePath, default: Decisions = NOTHING_SAID) -> None:
        domains = Domains(str(root), list[Fault]().append, default=default)
        self.realm = Realm(FakeStore(), domains, domains)  # type: ignore[arg-type]

    def login(self, user: str) -> FakeDrop:
        _, drop, _ = result(self.realm.requestAvatar(f"{user}@example.test", None, IMaildrop))
        assert isinstance(drop, FakeDrop)
        return drop


def test_a_maildrop_has_its_rules(tmp_path: FilePath, domains: Domains) -> None:
    (tmp_path / "example.test" / "users").write_text("alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_keep_days=3\n")
    desk = Desk(tmp_path, Decisions(keep_days=30, dele="trash", removed_days=7))
    assert desk.login("alice").rules == Rules(retention=Retention(days=30), dele="trash", removed_days=7)
    assert desk.login("bob").rules.retention == Retention(days=3)
    assert desk.login("nobody").rules == NO_RULES
    (tmp_path / "example.test" / "rules").write_text("keep_days = 5\n")
    assert desk.login("alice").rules.retention == Retention(days=5)


def test_without_a_rulebook_there_are_no_rules() -> None:
    _, drop, _ = result(realm(None).requestAvatar("alice@example.test", None, IMaildrop))
    assert drop.rules == NO_RULES
