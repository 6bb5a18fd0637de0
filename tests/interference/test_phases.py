"""Who is known when, and in which form."""

from __future__ import annotations

import pytest

from mailgate.interference.phases import PHASES, Parties, fold, fold_path
from mailgate.mail import NULL_PATH, Path


def test_the_phases() -> None:
    smtp = ["connect", "helo", "starttls", "auth", "mail", "rcpt", "data", "dot", "delivered", "quit"]
    pop3 = ["greeting", "capa", "stls", "login", "stat", "list", "uidl", "top", "retr", "dele", "quit", "updated"]
    assert {protocol: list(phases) for protocol, phases in PHASES.items()} == {"smtp": smtp, "pop3": pop3}


@pytest.mark.parametrize(
    ("path", "folded"),
    [
        (Path("Alice", "example.test"), "alice@example.test"),
        (Path("Stra\u00dfe", "example.test"), "strasse@example.test"),
        (Path("postmaster"), "postmaster"),
        (Path("a b", "example.test"), "a b@example.test"),
        (NULL_PATH, ""),
    ],
)
def test_one_form_of_a_path(path: Path, folded: str) -> None:
    assert fold_path(path) == folded
    assert fold(folded) == folded


def test_one_form_of_a_login_name() -> None:
    assert fold("Alice@EXAMPLE.test") == "alice@example.test"
    assert fold("Alice") == "alice"


def test_parties() -> None:
    parties = Parties(("a@x.test", "b@x.test"), "", "alice")
    assert parties.of("to") == ("a@x.test", "b@x.test")
    assert parties.of("from") == ("",)
    assert parties.of("user") == ("alice",)
    assert Parties().of("from") == Parties().of("user") == Parties().of("to") == ()


def test_their_namespaces() -> None:
    assert Parties().namespaces == frozenset()
    assert Parties(sender="").namespaces == frozenset()
    assert Parties(("a@t1.example.test", "b@t2.example.test"), "app@corp.test").namespaces == {"t1", "t2", ""}
    assert Parties(user="alice").namespaces == {""}
