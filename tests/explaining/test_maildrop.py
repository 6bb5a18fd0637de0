"""Whose a maildrop is, where it lies, and who opens it."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from mailgate.accounts.app_passwords import AppPassword
from mailgate.accounts.register import Register
from mailgate.explaining.maildrop import ANYBODY, kept_at, login, owner
from mailgate.failures import StoreError
from mailgate.faults import Fault
from mailgate.mail import Field, Local
from tests.accounts.support import domain
from tests.explaining.support import ALICE

PLACE = Local(ALICE, (Field("Delivered-To", "alice+x@example.test"),))
ONE = domain("example.test", ["alice", "front desk", "a@b"])
REGISTER = Register.of([ONE])
TWO = Register.of([ONE, domain("b.test", "zoe")])


def disabled() -> Register:
    return Register.of([evolve(ONE, accounts={ALICE: evolve(ONE.accounts[ALICE], disabled=True)})])


def test_the_owner() -> None:
    step = owner(PLACE, REGISTER)
    assert (step.answer, step.detail, step.where) == ("a user", "Delivered-To: alice+x@example.test", "users:1")
    assert owner(PLACE, disabled()).answer == "a user who is disabled: no login, and mail is taken all the same"
    assert owner(PLACE, None).answer == "whoever asks for it"


def test_the_directory(tmp_path: Path) -> None:
    step = kept_at(ALICE, lambda name: str(tmp_path / name))
    assert (step.answer, step.detail) == (str(tmp_path / ALICE), "not there yet: the first message makes it")
    (tmp_path / ALICE / "new").mkdir(parents=True)
    assert kept_at(ALICE, lambda name: str(tmp_path / name)).detail == ""


def test_a_name_that_makes_no_directory() -> None:
    def place(name: str) -> str:
        raise StoreError("too long")

    assert (kept_at(ALICE, place).answer, kept_at(ALICE, place).detail) == ("nowhere", "too long")


def test_the_login() -> None:
    assert login(ALICE, REGISTER, "mx").answer == "the login alice@example.test, or alice alone"
    assert login("front desk@example.test", REGISTER, "mx").answer.endswith(", or front desk alone")
    assert login("a@b@example.test", REGISTER, "mx").answer == "the login a@b@example.test"
    assert login(ALICE, TWO, "mx").answer == "the login alice@example.test"
    assert login(ALICE, REGISTER, "mx").where == "users:1"
    assert login(ALICE, disabled(), "mx").answer == "nobody: the user is disabled"


def test_anybody() -> None:
    step = login("x@mx", None, "mx")
    assert (step.answer, step.detail) == ("the login x@mx, or x alone", ANYBODY)


def test_other_passwords() -> None:
    made = AppPassword("phone", b"", b"")
    register = Register.of([evolve(ONE, app_passwords={ALICE: [made, evolve(made, name="laptop")]})])
    assert login(ALICE, register, "mx").detail.endswith("application passwords: phone and laptop")
    stale = Register.of([evolve(ONE, stale_users=Fault("users:2", "no colon"))])
    assert login(ALICE, stale, "mx").detail == "with the password that was there before: users:2: no colon"
