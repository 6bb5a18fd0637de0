"""How many failures are known."""

from __future__ import annotations

from mailgate.control.logins_counting import all_failures, wrong_passwords_of
from tests.limits.support import ALICE, EVIL, HOME, Door, account_of
from tests.support import result_of


def test_of_an_account_and_of_a_name_that_nobody_has() -> None:
    door = Door()
    door.guess(EVIL, "alice", 2)
    door.guess(HOME, "nobody", 3)
    ledger = door.throttle.ledger
    assert [result_of(wrong_passwords_of(ledger, name)) for name in (ALICE, "nobody", "bob")] == [2, 3, 0]


def test_a_password_that_was_wrong_and_is_right_now_is_known_of_the_network() -> None:
    door = Door()
    door.log_in(HOME, "alice", "wrong")
    ledger = door.throttle.ledger
    result_of(ledger.accounts.forget(f"wrong\n{ALICE}\n"))
    assert account_of("alice") == ALICE
    assert result_of(wrong_passwords_of(ledger, ALICE)) == 1
    result_of(ledger.clear_account(ALICE))
    assert result_of(wrong_passwords_of(ledger, ALICE)) == 0


def test_of_all() -> None:
    door = Door()
    nothing = {"accounts": 0, "wrong_passwords": 0, "networks": 0, "names": 0}
    assert result_of(all_failures(door.throttle.ledger)) == nothing
    door.guess(EVIL, "alice", 2)
    door.guess(HOME, "alice", 1)
    door.guess(HOME, "nobody", 3)
    assert result_of(all_failures(door.throttle.ledger)) == {
        "accounts": 2,
        "wrong_passwords": 5,
        "networks": 2,
        "names": 3,
    }
