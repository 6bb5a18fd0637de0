"""The directory of one domain."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.accounts.files import KEPT, NO_ALIAS, NOBODY, NOTHING, DomainFiles
from mailgate.accounts.register import Domain


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
    assert {"carol@example.test", "bad@example.test"} <= draft.likely


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
