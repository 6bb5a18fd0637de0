"""Edits of accounts: what they change, what they leave, and what they refuse."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailgate.accounts.app_passwords import MAX_APP_PASSWORDS, hash_app_password
from mailgate.accounts.domains import Domains
from mailgate.accounts.editing import CannotEdit, Editor, Removed
from mailgate.accounts.register import Register
from mailgate.faults import Fault

ALICE, BOB, CARL = "alice@a.test", "bob@a.test", "carl@a.test"
HASH: Final = "{PLAIN}new"
APP: Final = hash_app_password("0123-4567-89ab-cdef-ghjk-mnpq-rstv")
USERS: Final = "# who is here\r\n\r\nAlice:{PLAIN}x:1000:100::/home/a:: quota=5\r\nbob:{PLAIN}y\r\n# end"
ALIASES: Final = "# names\ninfo :  Alice ,bob  # both\n\nsales: info\n"


class House:
    """Two domains, and an editor of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.editor = Editor(str(root))
        self.write("users", USERS)
        self.write("aliases", ALIASES)
        self.write("users", "zoe:{PLAIN}x\n", "b.test")
        self.write("aliases", "far: bob@a.test, zoe\n", "b.test")

    def write(self, file: str, text: str, domain: str = "a.test") -> None:
        (self.root / domain).mkdir(exist_ok=True)
        (self.root / domain / file).write_bytes(text.encode())

    def read(self, file: str, domain: str = "a.test") -> str:
        return (self.root / domain / file).read_bytes().decode()

    def register(self) -> Register:
        domains = Domains(str(self.root), list[Fault]().append)
        assert domains.load() == ()
        return domains.current()

    def state(self) -> dict[str, bytes]:
        paths = [path for path in self.root.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in paths}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_user_comes_at_the_end(house: House) -> None:
    house.editor.add_user(CARL, HASH)
    assert house.read("users") == f"{USERS}\r\ncarl:{HASH}\r\n"
    house.editor.add_user("front desk@a.test", HASH)
    assert set(house.register().domains["a.test"].accounts) == {ALICE, BOB, CARL, "front desk@a.test"}


def test_a_password_changes_and_nothing_else(house: House) -> None:
    house.editor.set_password(ALICE, HASH)
    assert house.read("users") == USERS.replace("{PLAIN}x", HASH)


def test_a_user_is_disabled_and_enabled(house: House) -> None:
    house.editor.set_disabled(ALICE, "yes")
    assert house.read("users") == USERS.replace("quota=5", "quota=5 mailgate_disabled=yes")
    house.editor.set_disabled(ALICE, "all")
    assert house.register().names.accounts[ALICE].closed
    house.editor.set_disabled(ALICE, None)
    assert house.read("users") == USERS


def test_a_user_goes_with_what_programs_have(house: House) -> None:
    house.write("aliases", "# none\n")
    house.write("aliases", "# none\n", "b.test")
    for user, name in ((BOB, "phone"), (ALICE, "phone"), (BOB, "pad")):
        house.editor.add_app_password(user, name, APP)
    assert house.editor.remove_user(BOB) == Removed((), ("phone", "pad"))
    assert house.read("users") == USERS.replace("bob:{PLAIN}y\r\n", "")
    assert house.read("app-passwords") == f"alice:phone:{APP}\n"
    house.editor.add_user(BOB, HASH)
    assert house.register().app_passwords(BOB) == ()


def test_who_comes_back_does_not_find_the_application_passwords_of_old(house: House) -> None:
    house.write("app-passwords", f"# programs\ncarl:phone:{APP}\nbob:phone:{APP}\n")
    house.editor.add_user(CARL, HASH)
    assert house.read("app-passwords") == f"# programs\nbob:phone:{APP}\n"


def test_a_user_to_whom_aliases_lead_goes_only_with_them(house: House) -> None:
    with pytest.raises(CannotEdit, match=r"aliases lead to bob@a\.test: info@a\.test, far@b\.test"):
        house.editor.remove_user(BOB)
    assert house.editor.remove_user(BOB, with_aliases=True) == Removed(("info@a.test", "far@b.test"), ())
    assert house.read("aliases") == "# names\ninfo :  Alice  # both\n\nsales: info\n"
    assert house.read("aliases", "b.test") == "far: zoe\n"
    assert house.editor.remove_user(ALICE, with_aliases=True).aliases == ("info@a.test", "sales@a.test")
    assert house.read("aliases") == "# names\n\n"
    assert house.register().names.accounts.keys() == {"zoe@b.test"}


def test_an_alias_comes_and_grows_and_shrinks_and_goes(house: House) -> None:
    assert house.editor.add_alias("jobs@a.test", [BOB, "zoe@b.test", BOB]) == (BOB, "zoe@b.test")
    assert house.read("aliases") == f"{ALIASES}jobs: bob, zoe@b.test\n"
    assert house.editor.add_alias("jobs@a.test", [ALICE, BOB]) == (BOB, "zoe@b.test", ALICE)
    assert house.read("aliases") == f"{ALIASES}jobs: bob, zoe@b.test, alice\n"
    house.editor.remove_alias("jobs@a.test", [BOB])
    assert house.read("aliases") == f"{ALIASES}jobs: zoe@b.test, alice\n"
    house.editor.remove_alias("jobs@a.test", [ALICE, "zoe@b.test"])
    assert house.read("aliases") == ALIASES
    house.editor.add_alias("*@a.test", [ALICE])
    house.editor.remove_alias("*@a.test")
    assert house.read("aliases") == ALIASES


def test_the_first_alias_makes_the_file(house: House) -> None:
    (house.root / "b.test" / "aliases").unlink()
    (house.root / "b.test" / "users").chmod(0o600)
    house.editor.add_alias("info@b.test", ["zoe@b.test"])
    assert house.read("aliases", "b.test") == "info: zoe\n"
    assert (house.root / "b.test" / "aliases").stat().st_mode & 0o777 == 0o600


def test_application_passwords(house: House) -> None:
    house.editor.add_app_password(ALICE, "phone", APP)
    house.editor.add_app_password(ALICE, "pad", APP)
    assert [each.name for each in house.register().app_passwords(ALICE)] == ["phone", "pad"]
    house.editor.remove_app_password(ALICE, "phone")
    assert house.read("app-passwords") == f"alice:pad:{APP}\n"
    house.editor.remove_app_password(ALICE, "pad")
    assert house.read("app-passwords") == "\n"


def test_domains(house: House) -> None:
    house.editor.add_domain("c.test")
    house.editor.add_user("carl@c.test", HASH)
    with pytest.raises(CannotEdit, match=r"c\.test has 1 users"):
        house.editor.remove_domain("c.test")
    house.editor.remove_domain("c.test", with_users=True)
    with pytest.raises(CannotEdit, match=r"aliases of other domains lead to a\.test: far@b\.test"):
        house.editor.remove_domain("a.test", with_users=True)
    house.editor.remove_domain("b.test", with_users=True)
    house.editor.remove_domain("a.test", with_users=True)
    assert os.listdir(house.root) == []


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("add_user", (ALICE, HASH), r"alice@a\.test is there already: .*users:3"),
        ("add_user", ("info@a.test", HASH), r"info@a\.test is an alias: remove it first"),
        ("add_user", ("carl@c.test", HASH), r"c\.test is no domain of this gateway: 'mailgate domain add c\.test'"),
        ("add_user", (CARL, "{PLAIN}"), r"that cannot be written:\n.*users:6: the password is empty"),
        ("add_user", (CARL, "{PLAIN}x\nmallory:{PLAIN}x:::::: mailgate_x"), r"that cannot be written"),
        ("add_user", ("a{b@a.test", HASH), r"'a\{b' cannot be a user name: it has a brace"),
        ("add_user", ("a:b@a.test", HASH), r"'a:b' cannot be a user name: it has a colon"),
        ("set_password", (CARL, HASH), r"there is no account carl@a\.test"),
        ("set_password", (ALICE, "plain"), r"that cannot be written:\n.*users:3: the password has no scheme"),
        ("set_disabled", (CARL, "yes"), r"there is no account carl@a\.test"),
        ("remove_user", (CARL,), r"there is no account carl@a\.test"),
        ("remove_user", ("info@a.test",), r"there is no account info@a\.test"),
        ("add_alias", (ALICE, [BOB]), r"alice@a\.test is an account"),
        ("add_alias", ("x@a.test", [CARL]), r"that would not serve:\n.*aliases:5: alias to nobody: x@a\.test"),
        ("add_alias", ("x@a.test", ["a@c.test"]), r"that would not serve:\n.*c\.test is not ours"),
        ("add_alias", ("info@a.test", ["sales@a.test"]), r"that would not serve:\n.*leads to itself"),
        ("add_alias", ("info@a.test", [BOB]), r"info@a\.test leads there already: .*aliases:2"),
        ("add_alias", ("x:y@a.test", [BOB]), r"'x:y' cannot be an alias"),
        ("add_alias", ("x@a.test", [BOB, "x,y@a.test"]), r"'x,y' cannot be the target of an alias"),
        ("remove_alias", ("x@a.test",), r"there is no alias x@a\.test"),
        ("remove_alias", ("info@a.test", [CARL]), r"info@a\.test does not lead to carl@a\.test: .*aliases:2"),
        ("remove_alias", ("info@a.test",), r"that would not serve:\n.*sales@a\.test leads to info@a\.test"),
        ("add_app_password", (CARL, "phone", APP), r"there is no account carl@a\.test"),
        ("add_app_password", (ALICE, "my phone", APP), r"that cannot be written"),
        ("add_app_password", (ALICE, "phone", HASH), r"that cannot be written"),
        ("add_app_password", (BOB, "pad", APP), r"bob@a\.test has an application password pad: remove it first"),
        ("remove_app_password", (ALICE, "pad"), r"alice@a\.test has no application password pad"),
        ("remove_domain", ("c.test",), r"c\.test is no domain of this gateway"),
        ("add_domain", ("a.test",), r"a\.test is there already"),
    ],
)
def test_what_is_refused_changes_nothing(house: House, method: str, arguments: tuple[object, ...], words: str) -> None:
    house.write("app-passwords", f"bob:pad:{APP}\n")
    before = house.state()
    with pytest.raises(CannotEdit, match=words):
        getattr(house.editor, method)(*arguments)
    assert house.state() == before


REMOVALS: Final = [
    ("remove_user", (BOB,), {"with_aliases": True}),
    ("remove_alias", ("sales@a.test",), {}),
    ("remove_alias", ("info@a.test", [BOB]), {}),
    ("remove_app_password", (BOB, "pad"), {}),
    ("remove_domain", ("b.test",), {"with_users": True}),
]


@pytest.mark.parametrize(("method", "arguments", "options"), REMOVALS)
def test_a_removal_is_rehearsed(
    house: House, method: str, arguments: tuple[object, ...], options: dict[str, bool]
) -> None:
    house.write("app-passwords", f"bob:pad:{APP}\n")
    before = house.state()
    rehearsed = getattr(house.editor, method)(*arguments, **options, rehearse=True)
    assert house.state() == before
    assert getattr(house.editor, method)(*arguments, **options) == rehearsed
    assert house.state() != before


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("remove_user", (CARL,), "there is no account"),
        ("remove_user", (BOB,), "aliases lead to"),
        ("remove_alias", ("x@a.test",), "there is no alias"),
        ("remove_alias", ("info@a.test",), "that would not serve"),
        ("remove_app_password", (ALICE, "pad"), "has no application password"),
        ("remove_domain", ("a.test",), "aliases of other domains"),
        ("remove_domain", ("b.test",), "has 1 users"),
    ],
)
def test_a_rehearsal_refuses_what_the_edit_would(
    house: House, method: str, arguments: tuple[object, ...], words: str
) -> None:
    for options in ({"rehearse": True}, {}):
        with pytest.raises(CannotEdit, match=words):
            getattr(house.editor, method)(*arguments, **options)


def test_who_looks_at_once_sees_that_the_last_one_went(house: House) -> None:
    domains = Domains(str(house.root), list[Fault]().append)
    house.editor.add_app_password(ALICE, "phone", APP)
    assert len(domains.current("a.test").app_passwords(ALICE)) == 1
    house.editor.remove_app_password(ALICE, "phone")
    assert domains.current("a.test").app_passwords(ALICE) == ()


def test_a_user_has_so_many_application_passwords_at_most(house: House) -> None:
    for number in range(MAX_APP_PASSWORDS):
        house.editor.add_app_password(ALICE, f"p{number}", APP)
    with pytest.raises(CannotEdit, match=r"alice@a\.test has 20 application passwords: remove one first"):
        house.editor.add_app_password(ALICE, "more", APP)


@pytest.mark.parametrize("file", ["users", "aliases", "app-passwords"])
def test_a_file_that_has_a_fault_is_left_to_its_editor(house: House, file: str) -> None:
    house.write(file, "broken\n")
    with pytest.raises(CannotEdit, match=rf"{file}:1"):
        if file == "users":
            house.editor.set_password(ALICE, HASH)
        elif file == "aliases":
            house.editor.add_alias("x@a.test", [ALICE])
        else:
            house.editor.add_app_password(ALICE, "phone", APP)
    assert house.read(file) == "broken\n"


def test_an_account_whose_going_cannot_be_written_keeps_its_line(house: House) -> None:
    """Somebody has taken it out by hand between our look and the lock."""
    house.write("aliases", "# none\n")
    house.write("aliases", "# none\n", "b.test")
    house.write("app-passwords", "broken\n")
    with pytest.raises(CannotEdit, match="app-passwords:1"):
        house.editor.remove_user(BOB)
    assert house.read("users") == USERS


def test_an_account_that_went_by_hand_meanwhile(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    drop = Editor._drop_app_passwords

    def meanwhile(*arguments: object, **named: object) -> tuple[str, ...]:
        house.write("users", "bob:{PLAIN}y\n")
        return drop(*arguments, **named)  # type: ignore[arg-type]

    house.write("aliases", "# none\n")
    monkeypatch.setattr(Editor, "_drop_app_passwords", meanwhile)
    with pytest.raises(CannotEdit, match=r"there is no account alice@a\.test"):
        house.editor.remove_user(ALICE)


COMMENTS = st.lists(st.sampled_from(["# x", "", "  ", "#alice:{PLAIN}no"]), max_size=4)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(COMMENTS, COMMENTS, st.sampled_from(["\n", "\r\n"]))
def test_who_comes_and_goes_leaves_every_octet_as_it_was(
    tmp_path: Path, before: list[str], after: list[str], end: str
) -> None:
    house = House(tmp_path)
    house.write("aliases", "# none\n")
    house.write("aliases", "# none\n", "b.test")
    text = end.join([*before, "alice:{PLAIN}x:1000", *after, ""])
    house.write("users", text)
    house.editor.add_user(CARL, HASH)
    house.editor.set_password(CARL, "{PLAIN}other")
    house.editor.set_disabled(CARL, "yes")
    house.editor.remove_user(CARL)
    assert house.read("users") == text
