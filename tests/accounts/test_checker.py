"""Passwords: who gets in, who does not, and that nobody can tell why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import LoginFailed, UnauthorizedLogin
from twisted.internet.defer import Deferred, succeed
from zope.interface.verify import verifyObject

from mailgate.accounts import checker as module
from mailgate.accounts.checker import PasswordChecker, Undecided
from mailgate.accounts.domains import Domains
from mailgate.accounts.passwords import StoredPassword
from mailgate.failures import StoreError
from mailgate.faults import Fault

T = TypeVar("T")


class Desk:
    """A checker, and what it did: "verify" and "nobody", each through `offload` or not."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.work: list[str] = []
        self._off = False
        self.checker = PasswordChecker(Domains(str(root), list[Fault]().append), self.offload)
        verify = StoredPassword.verify
        monkeypatch.setattr(module, "verify_nobody", lambda password: self.note("nobody"))

        def noted(stored: StoredPassword, guess: bytes) -> bool:
            self.note("verify")
            return verify(stored, guess)

        monkeypatch.setattr(StoredPassword, "verify", noted)

    def note(self, what: str) -> None:
        self.work.append(f"{what} off the reactor" if self._off else what)

    def offload(self, work: Callable[[], T], /) -> Awaitable[T]:
        self._off = True
        try:
            return succeed(work())
        finally:
            self._off = False

    def login(self, username: bytes, password: bytes) -> str:
        done: Deferred[str] = self.checker.requestAvatarId(UsernamePassword(username, password))
        results: list[str] = []
        failures: list[BaseException] = []
        done.addCallbacks(results.append, lambda failure: failures.append(failure.value))
        if failures:
            raise failures[0]
        return results[0]

    def refusal(self, username: bytes, password: bytes) -> str:
        with pytest.raises(UnauthorizedLogin) as caught:
            self.login(username, password)
        return str(caught.value)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "example.test").mkdir()
    (tmp_path / "example.test" / "users").write_text(
        "alice:{PLAIN}grüße\nbob:{PLAIN}x::::::mailgate_disabled=yes\nzoë:{PLAIN}y\n"
    )
    (tmp_path / "example.test" / "aliases").write_text("info: alice\n")
    return tmp_path


@pytest.fixture
def desk(root: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(root, monkeypatch)


def test_it_is_a_checker_of_user_names_and_passwords(desk: Desk) -> None:
    verifyObject(ICredentialsChecker, desk.checker)
    assert desk.checker.credentialInterfaces == (IUsernamePassword,)


@pytest.mark.parametrize("username", [b"alice@example.test", b"ALICE@Example.Test", b"alice", b"Alice"])
def test_the_right_password(desk: Desk, username: bytes) -> None:
    assert desk.login(username, "grüße".encode()) == "alice@example.test"
    assert desk.work == ["verify off the reactor"]


def test_names_in_utf8(desk: Desk) -> None:
    assert desk.login("ZOE\u0308@example.test".encode(), b"y") == "zoë@example.test"


def test_without_a_domain_there_must_be_one_only(desk: Desk, root: Path) -> None:
    (root / "other.test").mkdir()
    (root / "other.test" / "users").write_text("")
    assert desk.refusal(b"alice", "grüße".encode()) == "no such user"
    assert desk.login(b"alice@example.test", "grüße".encode())


@pytest.mark.parametrize(
    "username", [b"", b"mallory", b"mallory@example.test", b"alice@other.test", b"info", b"\xff", b"a\0b", b"x" * 5_000]
)
def test_an_unknown_user_costs_what_a_wrong_password_costs(desk: Desk, username: bytes) -> None:
    assert desk.refusal(username, b"guess") == "no such user"
    assert desk.work == ["nobody off the reactor"]


@pytest.mark.parametrize("password", [b"", b"guess", b"\xff", b"x" * 100_000])
def test_a_wrong_password(desk: Desk, password: bytes) -> None:
    assert desk.refusal(b"alice", password) == "wrong password"
    assert desk.work == ["verify off the reactor"]


def test_a_disabled_account(desk: Desk) -> None:
    assert desk.refusal(b"bob", b"x") == "the account is disabled"
    assert desk.refusal(b"bob", b"guess") == "wrong password for a disabled account"
    assert desk.work == ["verify off the reactor"] * 2


def test_a_new_password_holds_at_once(desk: Desk, root: Path) -> None:
    desk.login(b"alice", "grüße".encode())
    (root / "example.test" / "users").write_text("alice:{PLAIN}new\n")
    assert desk.refusal(b"alice", "grüße".encode()) == "wrong password"
    assert desk.login(b"alice", b"new")


def test_what_could_not_be_found_out_is_no_refusal(root: Path) -> None:
    def broken(work: Callable[[], T], /) -> Awaitable[T]:
        raise MemoryError

    checker = PasswordChecker(Domains(str(root), list[Fault]().append), broken)
    results: list[Any] = []
    checker.requestAvatarId(UsernamePassword(b"alice", b"x")).addBoth(results.append)
    assert [result.type for result in results] == [MemoryError]


@pytest.mark.parametrize("username", [b"zoe@dark.test", b"nobody@dark.test"])
def test_nobody_is_wrong_whose_domain_was_never_read(desk: Desk, root: Path, username: bytes) -> None:
    (root / "dark.test").mkdir()
    (root / "dark.test" / "users").write_text("zoe\n")
    with pytest.raises(Undecided, match=r"dark\.test/users:1"):
        desk.login(username, b"x")
    assert desk.login(b"alice@example.test", "grüße".encode())
    assert desk.refusal(b"nobody@example.test", b"x") == "no such user"


@pytest.mark.parametrize("username", [b"alice", b"alice@example.test"])
def test_nobody_is_wrong_while_no_domain_is_known(tmp_path: Path, username: bytes, monkeypatch: Any) -> None:
    desk = Desk(tmp_path / "none", monkeypatch)
    with pytest.raises(Undecided, match="no such directory"):
        desk.login(username, b"x")


def test_undecided_is_what_sessions_answer_with_later_not_with_wrong() -> None:
    assert issubclass(Undecided, StoreError)
    assert not issubclass(Undecided, LoginFailed)
