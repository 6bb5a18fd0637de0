"""Where a forward-path leads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailgate.accounts.anyone import AnyoneDirectory
from mailgate.accounts.directory import Directory
from mailgate.accounts.domains import Domains
from mailgate.explaining.leading import Led, lead
from mailgate.mail import Local
from mailgate.mail import Path as Mailbox
from tests.explaining.support import ALICE, House
from tests.support import path, result_of


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def led(house: House, to: str | Mailbox, **other: Any) -> Led:
    mailbox = path(to) if isinstance(to, str) else to
    return result_of(lead(mailbox, house.surroundings(**other)))


def told(found: Led) -> list[tuple[str, str, str]]:
    return [(step.question, step.answer, step.detail) for step in found.part.steps]


def test_ours(house: House) -> None:
    found = led(house, "Alice@Example.Test")
    assert told(found)[0] == ("Is example.test ours?", "yes", "")
    assert found.part.steps[0].where == str(house.directory / "domains" / "example.test")
    assert [place.maildrop for place in found.destinations if isinstance(place, Local)] == [ALICE]
    assert found.part.refusal is None and found.register is not None


def test_nobody(house: House) -> None:
    found = led(house, "zoe@example.test")
    assert str(found.part.refusal) == "550 5.1.1 Nobody here has this address" and found.destinations == ()


@pytest.mark.parametrize(
    ("relays", "detail"),
    [
        (False, "nobody may send there, as there is no smarthost"),
        (True, "users who have logged in may send there, by the smarthost; nobody else may"),
    ],
)
def test_foreign(house: House, relays: bool, detail: str) -> None:
    found = led(house, "x@foreign.test", relays=relays)
    assert told(found) == [("Is foreign.test ours?", "no", detail)]
    assert str(found.part.refusal) == "550 5.7.1 Mail for other systems is not taken here"


def test_a_bare_postmaster(house: House) -> None:
    found = led(house, Mailbox("postmaster"))
    assert told(found)[0] == ("Whose postmaster is meant?", "that of example.test", "")
    assert found.destinations
    ours = led(house, Mailbox("postmaster"), hostname="Example.Test")
    assert told(ours)[0][1] == "that of example.test"


def test_no_domain_at_all(tmp_path: Path) -> None:
    found = led(House(tmp_path, {"README": "nothing"}), Mailbox("postmaster"))
    assert told(found)[0][1] == "nobody's: there is no domain"
    assert str(found.part.refusal).startswith("550 5.1.1")


def test_beyond_ascii(house: House) -> None:
    assert told(led(house, "élise@example.test"))[0] == (
        "Is it ASCII?",
        "no: a sender has to say SMTPUTF8",
        "who does not hears 553 5.6.7 (RFC 6531 3.5)",
    )


def test_files_that_are_not_understood(house: House) -> None:
    house.write("example.test/users", "alice:{PLAIN}x\nbroken\n")
    found = led(house, ALICE)
    assert told(found)[1] == (
        "Are its files understood?",
        "no: expected user:{SCHEME}password",
        "what was there before is in force",
    )
    assert found.destinations
    unknown = led(house, "zoe@example.test")
    assert str(unknown.part.refusal).startswith("450 4.3.5") and "users:2" in unknown.part.why


def test_files_that_never_were(tmp_path: Path) -> None:
    found = led(House(tmp_path, {"example.test/users": "broken\n"}), ALICE)
    assert told(found)[1][2] == "nobody can be looked up by it"
    assert str(found.part.refusal).startswith("450 4.3.5")


def test_domains_that_cannot_be_listed(house: House, tmp_path: Path) -> None:
    domains = Domains(str(tmp_path / "nowhere"), house.faults.append)
    found = led(house, ALICE, domains=domains, directory=Directory(domains, "mx"))
    assert told(found) == [("Which domains are ours?", "that cannot be told", "there is no such directory of accounts")]
    assert str(found.part.refusal).startswith("450 4.3.5")


def test_development(house: House) -> None:
    found = led(house, Mailbox("postmaster"), domains=None, directory=AnyoneDirectory("mx.test"), hostname="mx.test")
    assert told(found) == [("Is mx.test ours?", "yes", "development mode: every address is somebody's")]
    assert found.register is None and found.destinations
