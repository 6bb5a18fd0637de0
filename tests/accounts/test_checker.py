"""Passwords: who gets in, who does not, and that nobody can tell why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import argon2
import bcrypt
import pytest
from argon2 import low_level
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword, UsernamePassword
from twisted.cred.error import LoginFailed, UnauthorizedLogin
from twisted.internet.defer import Deferred, succeed
from zope.interface.verify import verifyObject

from mailgate.accounts import checker as module
from mailgate.accounts.app_passwords import hash_app_password
from mailgate.accounts.checker import PasswordChecker
from mailgate.accounts.domains import Domains
from mailgate.accounts.editing import Editor
from mailgate.accounts.hashing import MAX_CHECKS, Busy, Undecided
from mailgate.accounts.passwords import Cost, StoredPassword
from mailgate.accounts.remembered import REMEMBERED_SECONDS
from mailgate.failures import StoreError
from mailgate.faults import Fault
from tests.support import outcome_of

T = TypeVar("T")


class Desk:
    """A checker, and what it did: "verify" and "nobody", each through `offload` or not."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.work: list[str] = []
        self.now = 0.0
        self._off = False
        self.checker = PasswordChecker(Domains(str(root), list[Fault]().append), self.offload, lambda: self.now)
        verify = StoredPassword.verify
        monkeypatch.setattr(module, "verify_nobody", lambda password, cost: self.note("nobody"))

        def noted(stored: StoredPassword, guess: bytes, cost: Cost) -> bool:
            self.note("verify")
            return verify(stored, guess, cost)

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


def test_while_a_file_is_not_understood_known_and_unknown_sound_and_cost_alike(desk: Desk, root: Path) -> None:
    assert desk.login(b"alice", "grüße".encode())
    with (root / "example.test" / "users").open("a") as users:
        users.write("carol\n")  # the edit is not done yet
    assert desk.login(b"alice", "grüße".encode())
    desk.work.clear()
    for username in (b"alice", b"carol", b"bob"):
        with pytest.raises(Undecided, match="users:"):
            desk.login(username, b"guess")
    assert [work.partition(" ")[2] for work in desk.work] == ["off the reactor"] * 3


@pytest.mark.parametrize("username", [b"alice", b"alice@example.test"])
def test_nobody_is_wrong_while_no_domain_is_known(tmp_path: Path, username: bytes, monkeypatch: Any) -> None:
    desk = Desk(tmp_path / "none", monkeypatch)
    with pytest.raises(Undecided, match="no such directory"):
        desk.login(username, b"x")


def test_undecided_is_what_sessions_answer_with_later_not_with_wrong() -> None:
    assert issubclass(Undecided, StoreError)
    assert not issubclass(Undecided, LoginFailed)


# SASLprep.


@pytest.mark.parametrize("username", ["zoe\u0308", "\uff5aoë@example.test", "z\u00adoe\u0308@Example.Test"])
def test_a_name_is_looked_up_as_it_came_and_then_as_prepared(desk: Desk, username: str) -> None:
    assert desk.login(username.encode(), b"y") == "zoë@example.test"


def test_who_has_the_name_as_it_came_goes_first(desk: Desk, root: Path) -> None:
    (root / "example.test" / "users").write_text("\uff41lice:{PLAIN}wide\nalice:{PLAIN}narrow\n")
    assert desk.login("\uff41lice".encode(), b"wide") == "\uff41lice@example.test"
    assert desk.refusal("\uff41lice".encode(), b"narrow") == "wrong password"
    assert desk.login(b"alice", b"narrow") == "alice@example.test"


@pytest.mark.parametrize("username", ["ali\ue000ce", "alice\t", "zoë\x7f@example.test"])
def test_a_name_with_a_prohibited_character_is_nobody_s(desk: Desk, username: str) -> None:
    assert desk.refusal(username.encode(), b"y") == "no such user"
    assert desk.work == ["nobody off the reactor"]


@pytest.mark.parametrize(("password", "tried"), [("grüße", 1), ("gru\u0308ße", 1), ("gr\u00adüße", 1)])
def test_a_password_is_right_as_prepared(desk: Desk, password: str, tried: int) -> None:
    assert desk.login(b"alice", password.encode()) == "alice@example.test"
    assert desk.work == ["verify off the reactor"] * tried


def test_a_password_is_right_as_it_came_too(desk: Desk, root: Path) -> None:
    (root / "example.test" / "users").write_text("alice:{PLAIN}gru\u0308ße\n")  # a hash from elsewhere
    assert desk.login(b"alice", "gru\u0308ße".encode()) == "alice@example.test"
    assert desk.work == ["verify off the reactor"] * 2
    assert desk.refusal(b"alice", "grüße".encode()) == "wrong password"


@pytest.mark.parametrize("password", [b"a\tb", b"gr\xfc\xdfe"])
def test_a_password_that_must_be_refused_is_wrong_even_if_it_is_right(desk: Desk, root: Path, password: bytes) -> None:
    # RFC 6856 2.2: a prohibited character; not UTF-8.
    hashed = bcrypt.hashpw(password, bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")
    (root / "example.test" / "users").write_text(f"alice:{{BLF-CRYPT}}{hashed}\n")
    assert desk.refusal(b"alice", password) == "wrong password"
    assert desk.work == ["verify off the reactor"]


# What it costs.

FORMS = [
    (b"guess", 1),
    (b"", 1),
    ("grüße".encode(), 1),
    ("gru\u0308ße".encode(), 2),
    ("\uff53esame".encode(), 2),
    (b"a\tb", 1),
    (b"\xff", 1),
    (b"x" * 5_000, 1),
    (b"a\0b", 1),
]


@pytest.mark.parametrize(("password", "forms"), FORMS)
def test_nobody_can_tell_from_the_hashes_who_is_there(
    root: Path, password: bytes, forms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = "$argon2id$v=19$m=19456,t=2,p=1$fsfG9Icge88Unbxt1Z9jow$e4UClFuxzbmfShqOgtdRcbN9njUZB+DXZ5VNJCPDe1g"
    (root / "example.test" / "users").write_text(
        f"own:{{ARGON2ID}}{own}\nplain:{{PLAIN}}x\noff:{{ARGON2ID}}{own}::::::mailgate_disabled\n"
    )
    hashes, jobs = [0], [0]

    def hashed(*arguments: object) -> bytes:
        hashes[0] += 1
        return b""

    def verified(*arguments: object) -> bool:
        hashes[0] += 1
        raise argon2.exceptions.VerifyMismatchError

    def offload(work: Callable[[], T], /) -> Awaitable[T]:
        jobs[0] += 1
        return succeed(work())

    monkeypatch.setattr(low_level, "hash_secret_raw", hashed)
    monkeypatch.setattr(low_level, "verify_secret", verified)
    checker = PasswordChecker(Domains(str(root), list[Fault]().append), offload)
    costs = set()
    for username in ("own", "plain", "off", "nobody", "nobody@elsewhere.test", "\uff4fwn", "\uff4eobody", "a\tb"):
        hashes[0] = jobs[0] = 0
        with pytest.raises(UnauthorizedLogin):
            outcome_of(checker.requestAvatarId(UsernamePassword(username.encode(), password)))
        costs.add((hashes[0], jobs[0]))
    assert costs == {(forms, 1)}


def test_a_right_password_is_remembered_for_some_minutes(desk: Desk) -> None:
    password = "grüße".encode()
    for _ in range(3):
        assert desk.login(b"alice", password) == desk.login(b"Alice@Example.Test", password) == "alice@example.test"
    assert desk.work == ["verify off the reactor"]
    desk.now += REMEMBERED_SECONDS
    desk.login(b"alice", password)
    assert desk.work == ["verify off the reactor"] * 2


def test_a_wrong_password_always_costs_a_hash(desk: Desk) -> None:
    desk.login(b"alice", "grüße".encode())
    for _ in range(3):
        assert desk.refusal(b"alice", b"guess") == "wrong password"
        assert desk.refusal(b"nobody", "grüße".encode()) == "no such user"
    assert len(desk.work) == 7
    desk.login(b"alice", "grüße".encode())
    assert len(desk.work) == 7


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("alice:{PLAIN}grüße::::::mailgate_disabled\n", "the account is disabled"),
        ("alice:{PLAIN}new\n", "wrong password"),
        ("# nobody\n", "no such user"),
    ],
)
def test_what_was_remembered_holds_no_longer_than_the_account(desk: Desk, root: Path, line: str, refusal: str) -> None:
    password = "grüße".encode()
    desk.login(b"alice", password)
    (root / "example.test" / "users").write_text(line)
    for _ in range(2):
        assert desk.refusal(b"alice", password) == refusal
    assert len(desk.work) == 3


def test_who_was_gone_and_comes_back_is_a_stranger(desk: Desk, root: Path) -> None:
    password, users = "grüße".encode(), (root / "example.test" / "users").read_text()
    desk.login(b"alice", password)
    (root / "example.test" / "users").write_text("# nobody\n")
    assert desk.refusal(b"alice", password) == "no such user"
    (root / "example.test" / "users").write_text(users)
    desk.login(b"alice", password)
    assert desk.work.count("verify off the reactor") == 2


def test_beyond_so_many_checks_it_cannot_be_found_out_and_who_is_remembered_comes_in(root: Path) -> None:
    waiting: list[Deferred[Any]] = []

    def offload(work: Callable[[], T], /) -> Awaitable[T]:
        waiting.append(Deferred())
        waiting[-1].addCallback(lambda _: work())
        return waiting[-1]

    checker = PasswordChecker(Domains(str(root), list[Fault]().append), offload)

    def ask(username: bytes, password: bytes) -> Deferred[str]:
        return checker.requestAvatarId(UsernamePassword(username, password))

    alice = ask(b"alice", "grüße".encode())
    waiting.pop().callback(None)
    assert outcome_of(alice) == "alice@example.test"
    asked = [ask(b"zo\xc3\xab" if number % 2 else b"nobody", b"y") for number in range(MAX_CHECKS)]
    for username in (b"nobody", b"bob", "zoë".encode()):
        with pytest.raises(Busy):
            outcome_of(ask(username, b"y"))
    assert outcome_of(ask(b"alice", "grüße".encode())) == "alice@example.test"
    assert len(waiting) == MAX_CHECKS
    for each in waiting:
        each.callback(None)
    for each in asked[::2]:
        with pytest.raises(UnauthorizedLogin):
            outcome_of(each)
    assert {outcome_of(each) for each in asked[1::2]} == {"zoë@example.test"}


# Application passwords.

SECRET = b"0123-4567-89ab-cdef-ghjk-mnpq-rstv"
WRONG = b"0123-4567-89ab-cdef-ghjk-mnpq-rst0"


@pytest.fixture
def with_programs(root: Path) -> Path:
    stored = hash_app_password(SECRET.decode())
    path = root / "example.test" / "app-passwords"
    path.write_text(f"alice:phone:{stored}\nbob:phone:{stored}\nghost:phone:{stored}\n")
    return path


def test_an_application_password_is_right_and_costs_no_hash(desk: Desk, with_programs: Path) -> None:
    for _ in range(2):
        assert desk.login(b"alice", SECRET) == "alice@example.test"
    assert desk.login(b"alice", SECRET.upper().replace(b"-", b" ")) == "alice@example.test"
    assert desk.work == []
    assert desk.login(b"alice", "grüße".encode()) == "alice@example.test"


@pytest.mark.parametrize("username", [b"zo\xc3\xab", b"ghost", b"nobody"])
def test_it_is_nobody_else_s(desk: Desk, with_programs: Path, username: bytes) -> None:
    desk.refusal(username, SECRET)
    assert len(desk.work) == 1


def test_a_wrong_one_costs_what_a_wrong_password_costs(
    desk: Desk, with_programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests: list[object] = []
    monkeypatch.setattr(module, "matching", lambda stored, password: digests.append(len(stored)))
    for username in (b"alice", b"zo\xc3\xab", b"nobody", b"bob"):
        desk.refusal(username, WRONG)
    assert len(desk.work) == len(digests) == 4


def test_of_a_disabled_account_none_is_right_and_none_is_quick(desk: Desk, with_programs: Path) -> None:
    assert desk.refusal(b"bob", SECRET) == "the account is disabled"
    assert desk.refusal(b"bob", WRONG) == "wrong password for a disabled account"
    assert desk.work == ["verify off the reactor"] * 2


def test_one_that_is_taken_away_is_wrong_at_once(desk: Desk, with_programs: Path) -> None:
    desk.login(b"alice", SECRET)
    with_programs.write_text("# none\n")
    assert desk.refusal(b"alice", SECRET) == "wrong password"


def test_so_is_the_last_one_in_its_file(desk: Desk, with_programs: Path) -> None:
    desk.login(b"alice", SECRET)
    with_programs.write_text(with_programs.read_text().partition("\n")[0])
    desk.login(b"alice", SECRET)
    Editor(str(with_programs.parent.parent)).remove_app_password("alice@example.test", "phone")
    assert desk.refusal(b"alice", SECRET) == "wrong password"


def test_while_their_file_is_not_understood_nobody_is_wrong_who_may_have_one(desk: Desk, with_programs: Path) -> None:
    desk.login(b"alice", SECRET)
    with_programs.write_text("alice\n")
    assert desk.login(b"alice", SECRET)  # what was there before stays in force
    with pytest.raises(Undecided, match="app-passwords:1"):
        desk.login(b"alice", WRONG)
    assert desk.refusal(b"alice", b"guess") == "wrong password"


# Whose names are for others to decide.


def test_what_is_left_to_others(desk: Desk, root: Path) -> None:
    with (root / "example.test" / "users").open("a") as users:
        users.write("ext:{EXTERNAL}\noff:{EXTERNAL}::::::mailgate_disabled\n")
    left = [
        name for name in (b"alice", b"bob", b"ext", b"off", b"nobody", b"\xff") if desk.checker.leaves_to_others(name)
    ]
    assert left == [b"ext", b"nobody", b"\xff"]
    with (root / "example.test" / "users").open("a") as users:
        users.write("dora\n")
    assert not desk.checker.leaves_to_others(b"dora")


def test_a_wrong_password_costs_what_new_hashes_cost(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[object, ...]] = []
    monkeypatch.setattr(low_level, "hash_secret_raw", lambda *arguments: seen.append(arguments[2:4]))
    checker = PasswordChecker(Domains(str(root), list[Fault]().append), lambda work: succeed(work()), cost=Cost(64, 3))
    for username in (b"alice", b"bob", b"nobody"):
        with pytest.raises(UnauthorizedLogin):
            outcome_of(checker.requestAvatarId(UsernamePassword(username, b"guess")))
    assert seen == [(3, 64)] * 3
