"""What an edit must not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.accounts.decisions import Decisions
from mailgate.accounts.editing import checking
from mailgate.accounts.editing.checking import Surroundings, checked
from mailgate.accounts.editing.files import CannotEdit
from mailgate.accounts.spelling import Spelling
from mailgate.accounts.users import parse_users
from tests.accounts.support import domain


def accept(entries: object) -> None:
    """Whatever it is."""


def test_an_edit_is_given_what_the_text_says(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[object] = []
    edit = checked(
        parse_users,
        "a.test",
        "users",
        lambda text, accounts: f"{text}# {' '.join(accounts)}\n",
        lambda accounts: judged.append(list(accounts)),
    )
    assert edit("\ufeffalice:{PLAIN}x\n") == "\ufeffalice:{PLAIN}x\n# alice@a.test\n"
    assert edit(None) == "# \n"
    assert judged == [["alice@a.test"], []]


def test_a_file_with_a_fault_is_not_edited() -> None:
    edit = checked(parse_users, "a.test", "users", lambda text, accounts: "", accept)
    with pytest.raises(CannotEdit, match=r"users is not edited while it has a fault:\nusers:2: ") as caught:
        edit("alice:{PLAIN}x\nbob\n")
    assert [fault.where for fault in caught.value.faults] == ["users:2"]


def test_a_fault_is_not_written() -> None:
    edit = checked(parse_users, "a.test", "users", lambda text, accounts: f"{text}alice:x\n", accept)
    with pytest.raises(CannotEdit, match=r"that cannot be written:\nusers:2: the password has no scheme"):
        edit("bob:{PLAIN}x\n")


def test_what_is_to_stay_is_not_judged() -> None:
    def refuse(entries: object) -> None:
        raise CannotEdit("no")

    assert checked(parse_users, "a.test", "users", lambda text, accounts: None, refuse)("alice:{PLAIN}x\n") is None
    with pytest.raises(CannotEdit, match=r"^no$"):
        checked(parse_users, "a.test", "users", lambda text, accounts: "", refuse)("alice:{PLAIN}x\n")


def test_a_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MAX_FILE_OCTETS", 20)
    with pytest.raises(CannotEdit, match="users would be larger than 20 octets"):
        checked(parse_users, "a.test", "users", lambda text, accounts: f"{text}# {'x' * 20}", accept)(None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, users, aliases in (
        ("a.test", "alice:{PLAIN}x\n", "info: alice\nold: gone\n"),
        ("b.test", "bob:{PLAIN}x\n", "far: alice@a.test\n"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "users").write_text(users)
        (tmp_path / name / "aliases").write_text(aliases)
    return tmp_path


def test_aliases_are_not_put_out_of_service(root: Path) -> None:
    around = Surroundings(str(root))
    with pytest.raises(CannotEdit, match="that would not serve:") as caught:
        around.judge("a.test", accounts={})
    assert [fault.what.split(" leads")[0] for fault in caught.value.faults] == [
        "alias to nobody: info@a.test",
        "alias to nobody: far@b.test",
    ]
    around.judge("a.test", accounts=domain("a.test", "alice carl").accounts)  # old: was astray before


def test_names_are_not_made_alike(root: Path) -> None:
    around = Surroundings(str(root), Spelling(ignore_dots=["a.test"]), Decisions(keep_days=3))
    accounts = domain("a.test", "alice al.ice").accounts
    with pytest.raises(CannotEdit, match=r"al\.ice@a\.test differs from alice@a\.test on line 1 in dots alone"):
        around.judge("a.test", accounts=accounts)
    Surroundings(str(root)).judge("a.test", accounts=accounts)
    assert around.register().default == Decisions(keep_days=3)
