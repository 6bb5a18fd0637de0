"""The directory of one domain."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.accounts.app_passwords import hash_app_password
from mailgate.accounts.decisions import NOTHING_SAID, Decisions
from mailgate.accounts.domain_rules import DomainRules
from mailgate.accounts.files import KEPT, NO_ALIAS, NO_PROGRAM, NOBODY, NOTHING, NOTHING_EXPIRES, DomainFiles
from mailgate.accounts.register import Domain
from mailgate.faults import Fault
from tests.accounts.later import Later


class Directory:
    """A domain's directory, and what is made of it."""

    def __init__(self, root: Path, name: str) -> None:
        self.path = root / name
        self.path.mkdir()
        self.files = DomainFiles(str(root), name)

    def write(self, file: str, text: str) -> None:
        (self.path / file).write_text(text)

    def domain(self) -> Domain:
        """What is in force; there must be something."""
        domain = self.files.in_force
        assert domain is not None
        return domain


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path, "example.test")


def test_without_a_users_file_it_is_no_domain(directory: Directory) -> None:
    assert not directory.files.refresh()
    assert (directory.files.in_force, directory.files.draft, directory.files.found) == (None, None, {})


def test_a_domain(directory: Directory) -> None:
    directory.write("users", "alice:{PLAIN}x\n")
    directory.write("aliases", "info: alice\n")
    assert directory.files.refresh()
    assert not directory.files.found
    domain, draft = directory.domain(), directory.files.draft
    assert (domain.name, list(domain.accounts), list(domain.aliases)) == (
        "example.test",
        ["alice@example.test"],
        ["info@example.test"],
    )
    assert draft is not None and (draft.accounts, draft.aliases) == (domain.accounts, domain.aliases)
    assert not draft.likely and not draft.opaque
    assert not directory.files.refresh()


def test_edits_that_are_broken(directory: Directory) -> None:
    directory.write("users", "alice:{PLAIN}x\n")
    directory.files.refresh()
    directory.write("users", "alice:{PLAIN}x\nbob:{PLAIN}x\ncarol:x\n")
    directory.write("aliases", "info: alice\nbad\n")
    assert directory.files.refresh()
    assert list(directory.files.found.values()) == [KEPT, NO_ALIAS]
    domain, draft = directory.domain(), directory.files.draft
    assert list(domain.accounts) == ["alice@example.test"]
    assert domain.unread_users is None and domain.unread_aliases in directory.files.found
    assert draft is not None and not draft.opaque
    assert list(draft.accounts) == ["alice@example.test", "bob@example.test"]
    assert list(draft.aliases) == ["info@example.test"]
    everybody = {"alice@example.test", "bob@example.test", "info@example.test"}
    assert draft.likely == everybody | {"carol@example.test", "bad@example.test"}


def test_files_that_were_never_right(directory: Directory) -> None:
    (directory.path / "users").mkdir()
    directory.write("aliases", "info: alice\n")
    assert directory.files.refresh()
    ((fault, effect),) = directory.files.found.items()
    assert (fault.what, effect) == ("cannot be read: not a regular file", NOBODY)
    assert directory.domain() == Domain("example.test", unread_users=fault)
    draft = directory.files.draft
    assert draft is not None and draft.opaque and list(draft.aliases) == ["info@example.test"]


def test_aliases_that_cannot_be_read(directory: Directory) -> None:
    directory.write("users", "alice:{PLAIN}x\n")
    (directory.path / "aliases").mkdir()
    directory.files.refresh()
    draft = directory.files.draft
    assert draft is not None and draft.opaque
    assert directory.domain().unread_aliases is not None


@pytest.mark.parametrize(
    ("name", "domain", "what", "effect"),
    [
        ("Upper.Test", "upper.test", "in lower case", NOBODY),
        ("under_score", "", "its name is no domain", NOTHING),
        (".".join(["ü" * 30, "ö" * 10, "test"]), ".".join(["ü" * 30, "ö" * 10, "test"]), "200 octets", NOBODY),
    ],
)
def test_names(tmp_path: Path, name: str, domain: str, what: str, effect: str) -> None:
    directory = Directory(tmp_path, name)
    assert not directory.files.refresh()
    assert directory.files.in_force is None and not directory.files.found
    directory.write("users", "alice:{PLAIN}x\n")
    assert directory.files.refresh()
    ((fault, found),) = directory.files.found.items()
    assert what in fault.what and found == effect
    assert (directory.files.in_force is not None) is bool(domain)
    if domain:
        assert directory.domain() == Domain(domain, unread_users=fault)
        draft = directory.files.draft
        assert draft is not None and draft.opaque and draft.domain == domain


def rules(directory: Directory) -> DomainRules | None:
    draft = directory.files.draft
    assert draft is not None
    return draft.rules


def test_rules(directory: Directory) -> None:
    directory.write("users", "alice:{PLAIN}x\n")
    directory.files.refresh()
    assert directory.domain().decisions is NOTHING_SAID
    assert rules(directory) == DomainRules()
    directory.write("rules", 'dele = "trash"\nremoved_days = 3\n')
    assert directory.files.refresh()
    assert not directory.files.found
    decided = Decisions(dele="trash", removed_days=3)
    assert directory.domain().decisions == decided
    draft = rules(directory)
    assert draft is not None and draft.decisions == decided and draft.where == f"{directory.path}/rules:1"


def test_a_broken_edit_of_rules_changes_nothing(directory: Directory) -> None:
    directory.write("users", "alice:{PLAIN}x\n")
    directory.write("rules", "keep_days = 3\n")
    directory.files.refresh()
    for text in ("keep_dais = 5\n", None):
        if text is None:
            (directory.path / "rules").unlink()
        else:
            directory.write("rules", text)
        assert directory.files.refresh()
        assert list(directory.files.found.values()) == [KEPT]
        assert directory.domain().decisions == Decisions(keep_days=3)
        assert rules(directory) is None
    directory.write("rules", "# none\n")
    directory.files.refresh()
    assert not directory.files.found and directory.domain().decisions == NOTHING_SAID


@pytest.mark.parametrize("text", ["keep_dais = 5\n", "\xff", None])
def test_rules_that_were_never_understood_make_nobody_unreachable(directory: Directory, text: str | None) -> None:
    directory.write("users", "alice:{PLAIN}x\n")
    directory.write("aliases", "info: alice\n")
    if text is None:
        (directory.path / "rules").mkdir()
    else:
        (directory.path / "rules").write_bytes(text.encode("latin-1"))
    directory.files.refresh()
    ((fault, effect),) = directory.files.found.items()
    assert (fault.where.removeprefix(f"{directory.path}/").partition(":")[0], effect) == ("rules", NOTHING_EXPIRES)
    domain = directory.domain()
    assert domain.decisions is None and rules(directory) is None
    assert list(domain.accounts) == ["alice@example.test"] and list(domain.aliases) == ["info@example.test"]
    assert domain.unread is None and domain.stale is None


def test_application_passwords(directory: Directory) -> None:
    directory.write("users", "alice:{PLAIN}x\n")
    directory.write("app-passwords", "alice:phone:{PLAIN}x\n")
    assert directory.files.refresh()
    assert directory.domain().app_passwords == {}
    assert directory.files.found == {directory.domain().stale_app_passwords: NO_PROGRAM}
    stored = hash_app_password("0123-4567-89ab-cdef-ghjk-mnpq-rstv")
    directory.write("app-passwords", f"alice:phone:{stored}\n")
    assert directory.files.refresh()
    assert not directory.files.found and directory.domain().stale_app_passwords is None
    assert [each.name for each in directory.domain().app_passwords["alice@example.test"]] == ["phone"]
    directory.write("app-passwords", "alice\n")
    assert directory.files.refresh()
    assert [each.name for each in directory.domain().app_passwords["alice@example.test"]] == ["phone"]
    assert list(directory.files.found.values()) == [KEPT]


@pytest.fixture
def little_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.accounts.watched.AT_ONCE_OCTETS", 0)


@pytest.mark.usefixtures("little_at_once")
def test_while_files_are_read_aside_there_may_be_more(directory: Directory) -> None:
    later = Later()
    directory.write("users", "alice:{PLAIN}x\n")
    directory.write("aliases", "info: alice\n")
    directory.files.refresh()
    for file, text in (("users", "bob:{PLAIN}x\n"), ("aliases", "sales: bob\n"), ("app-passwords", "bob\n")):
        directory.write(file, text)
    assert directory.files.refresh(later)
    domain, draft = directory.domain(), directory.files.draft
    assert (list(domain.accounts), list(domain.aliases)) == (["alice@example.test"], ["info@example.test"])
    doubts = (domain.stale_users, domain.stale_aliases, domain.stale_app_passwords)
    assert doubts == tuple(
        Fault(f"{directory.path}/{file}", "is being read") for file in ("users", "aliases", "app-passwords")
    )
    assert domain.unread is None
    assert draft is not None and draft.opaque
    assert not directory.files.found  # there is nothing to mend
    later.run()
    assert directory.files.refresh(later)
    domain, draft = directory.domain(), directory.files.draft
    assert (list(domain.accounts), domain.stale) == (["bob@example.test"], None)
    assert draft is not None and not draft.opaque
    assert list(directory.files.found.values()) == [NO_PROGRAM]


@pytest.mark.usefixtures("little_at_once")
def test_while_a_new_domain_is_read_aside_nothing_is_known(directory: Directory) -> None:
    later = Later()
    directory.write("users", "alice:{PLAIN}x\n")
    directory.write("rules", "keep_days = 3\n")
    assert directory.files.refresh(later)
    reading = Fault(f"{directory.path}/users", "is being read")
    assert directory.domain() == Domain("example.test", unread_users=reading)
    draft = directory.files.draft
    assert draft is not None and draft.opaque and not directory.files.found
    later.run(1)
    directory.files.refresh(later)
    assert directory.domain().decisions is None  # nothing expires by rules that are not known yet
    later.run()
    directory.files.refresh(later)
    assert directory.domain().decisions == Decisions(keep_days=3)
