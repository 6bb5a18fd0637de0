"""Others who know passwords: who is asked about whom, and who is believed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from mailgate.accounts import checker as module
from mailgate.accounts.chain import ANSWER_SECONDS, CheckerChain
from mailgate.accounts.checker import PasswordChecker
from mailgate.accounts.domains import Domains
from mailgate.accounts.hashing import Undecided
from mailgate.faults import Fault
from tests.support import outcome_of

T = TypeVar("T")

REFUSED = UnauthorizedLogin("not mine")


@implementer(ICredentialsChecker)
class Other:
    """Answers what a test has written down, and remembers whom it was asked about."""

    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[bytes] = []

    def requestAvatarId(self, credentials: Any) -> Any:
        self.asked.append(credentials.username)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def at_once(work: Callable[[], T], /) -> Awaitable[T]:
    return succeed(work())


class Desk:
    def __init__(self, root: Path, *others: Other) -> None:
        self.clock = Clock()
        domains = Domains(str(root), list[Fault]().append)
        self.chain = CheckerChain(PasswordChecker(domains, at_once), others, domains, self.clock)

    def ask(self, username: bytes, password: bytes = b"theirs") -> Deferred[str]:
        return self.chain.requestAvatarId(UsernamePassword(username, password))

    def refusal(self, username: bytes) -> str:
        with pytest.raises(UnauthorizedLogin) as caught:
            outcome_of(self.ask(username))
        return str(caught.value)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "verify_nobody", lambda password, cost: None)
    (tmp_path / "example.test").mkdir()
    (tmp_path / "example.test" / "users").write_text(
        "alice:{PLAIN}ours\nbob:{EXTERNAL}\ncarl:{EXTERNAL}::::::mailgate_disabled=yes\n"
    )
    return tmp_path


def test_it_is_a_checker(root: Path) -> None:
    verifyObject(ICredentialsChecker, Desk(root).chain)


def test_a_name_with_a_password_here_is_decided_here_alone(root: Path) -> None:
    other = Other(b"alice@example.test")
    desk = Desk(root, other)
    assert outcome_of(desk.ask(b"alice", b"ours")) == "alice@example.test"
    assert desk.refusal(b"alice") == "wrong password"
    assert desk.refusal(b"Alice@Example.Test") == "wrong password"
    assert desk.refusal(b"carl") == "wrong password for a disabled account"
    assert other.asked == []


def test_others_are_asked_in_their_order_until_one_knows(root: Path) -> None:
    others = Other(REFUSED), Other(fail(REFUSED)), Other(succeed(b"BOB@example.test")), Other(b"alice")
    assert outcome_of(Desk(root, *others).ask(b"bob")) == "bob@example.test"
    assert [other.asked for other in others] == [[b"bob"], [b"bob"], [b"bob"], []]


def test_nobody_knows(root: Path) -> None:
    assert Desk(root, Other(REFUSED)).refusal(b"bob") == "wrong password"
    assert Desk(root, Other(REFUSED)).refusal(b"asmith") == "no such user"
    assert Desk(root).refusal(b"asmith") == "no such user"


@pytest.mark.parametrize("avatar_id", ["alice", b"alice", "Alice@EXAMPLE.test"])
def test_a_name_of_theirs_may_be_an_account_of_ours(root: Path, avatar_id: object) -> None:
    assert outcome_of(Desk(root, Other(avatar_id)).ask(b"asmith")) == "alice@example.test"


@pytest.mark.parametrize(
    ("avatar_id", "words"),
    [
        ("asmith", "tests.accounts.test_chain.Other named somebody who has no account here"),
        ("alice@elsewhere.test", "no account here"),
        (b"\xff", "no account here"),
        ("\udcff", "no account here"),
        ((), "no account here"),
        (None, "no account here"),
        ("carl", "the account is disabled"),
    ],
)
def test_whom_they_name_must_have_an_account_here(root: Path, avatar_id: object, words: str) -> None:
    # `__module__` depends on how the tests are collected.
    assert words.removeprefix("tests.accounts.") in Desk(root, Other(avatar_id)).refusal(b"asmith")


@pytest.mark.parametrize("answer", [OSError("no route"), fail(OSError("no route"))])
def test_who_cannot_say_makes_nobody_wrong(root: Path, answer: object) -> None:
    behind = Other(b"bob")
    with pytest.raises(Undecided, match=r"Other could not say: OSError: no route"):
        outcome_of(Desk(root, Other(answer), behind).ask(b"bob"))
    assert behind.asked == []


def test_who_does_not_answer_cannot_say(root: Path) -> None:
    desk = Desk(root, Other(Deferred()))
    asked = desk.ask(b"bob")
    desk.clock.advance(ANSWER_SECONDS - 1)
    assert not asked.called
    desk.clock.advance(1)
    with pytest.raises(Undecided, match="TimeoutError"):
        outcome_of(asked)


def test_a_client_that_goes_takes_the_question_along(root: Path) -> None:
    cancelled = list[object]()
    desk = Desk(root, Other(Deferred(cancelled.append)), Other(b"bob"))
    asked = desk.ask(b"bob")
    asked.cancel()
    with pytest.raises(CancelledError):
        outcome_of(asked)
    assert len(cancelled) == 1
    assert desk.clock.getDelayedCalls() == []


def test_nobody_is_asked_while_our_own_files_are_not_understood(root: Path) -> None:
    other = Other(b"bob")
    desk = Desk(root, other)
    assert outcome_of(desk.ask(b"asmith")) == "bob@example.test"
    with (root / "example.test" / "users").open("a") as users:
        users.write("dora\n")
    with pytest.raises(Undecided, match="users:4"):
        outcome_of(desk.ask(b"dora@example.test"))
    assert other.asked == [b"asmith"]
    other.answer = b"erik@example.test"
    with pytest.raises(Undecided, match="users:4"):
        outcome_of(desk.ask(b"asmith@elsewhere.test"))
