"""The first files of a domain."""

from __future__ import annotations

import pytest
from attrs import evolve

from mailgate.accounts.aliases import parse_aliases
from mailgate.accounts.passwords import hash_password
from mailgate.accounts.users import parse_users
from mailgate.cli.init.layout import BadWish
from mailgate.cli.init.people import aliases_text, check_account, is_users_text, users_text
from tests.cli.init.support import WISHES


def test_the_files_are_understood() -> None:
    text = users_text(WISHES, hash_password("wonderland"))
    accounts, faults = parse_users(text, WISHES.domain, "users")
    assert faults == () and accounts["alice@example.test"].password.verify(b"wonderland")
    aliases, faults = parse_aliases(aliases_text(WISHES), WISHES.domain, "aliases")
    assert faults == ()
    assert {name: alias.targets for name, alias in aliases.items()} == {
        "postmaster@example.test": ("alice@example.test",),
        "abuse@example.test": ("alice@example.test",),
    }


def test_an_account_that_has_one_of_the_names() -> None:
    assert aliases_text(evolve(WISHES, local_part="postmaster")).splitlines()[1:] == ["abuse: postmaster"]


def test_the_same_file_with_another_password() -> None:
    text = users_text(WISHES, hash_password("wonderland")).encode()
    assert is_users_text(text, WISHES)
    assert not is_users_text(text, evolve(WISHES, local_part="bob"))
    assert not is_users_text(text + b"bob:{PLAIN}x\n", WISHES)
    assert not is_users_text(text.replace(b"ARGON2ID", b"PLAIN"), WISHES)
    assert not is_users_text(b"\xff", WISHES)


def test_a_name_in_quotes() -> None:
    wishes = evolve(WISHES, local_part='"front desk"')
    check_account(wishes)
    aliases, _ = parse_aliases(aliases_text(wishes), wishes.domain, "aliases")
    assert aliases["abuse@example.test"].targets == ("front desk@example.test",)


@pytest.mark.parametrize("local_part", ["a{b", '"a,b"', '"a #b"', "ü" * 80])
def test_a_name_that_the_files_cannot_have(local_part: str) -> None:
    with pytest.raises(BadWish, match="cannot be an account"):
        check_account(evolve(WISHES, local_part=local_part))
