"""A program is found at start or is a fault; what it is told cannot leave its line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mailgate.handlers.program import MAX_RECIPIENTS_OCTETS, MAX_VALUE_OCTETS, PATH, find_program, told
from mailgate.mail import NULL_PATH, Message, Recipient, Session
from mailgate.mail import Path as MailPath
from tests.support import MESSAGE_ID, a_message, recipient


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "judge"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_an_absolute_path_and_its_arguments(script: str) -> None:
    program = find_program([script, "--flag", ""])
    assert program.command == (script, "--flag", "") and str(program) == script
    assert program.environment == {"PATH": PATH, "LANG": "C.UTF-8"}


def test_a_name_is_looked_up_in_the_path_that_the_program_will_have(
    script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = os.path.dirname(script)
    monkeypatch.setenv("PATH", directory)  # the server's own does not count
    with pytest.raises(ValueError, match="no program judge in /usr/local/sbin:"):
        find_program(["judge"])
    program = find_program(["judge"], {"PATH": directory, "HOME": "/nowhere"})
    assert program.command == (script,)
    assert program.environment == {"PATH": directory, "HOME": "/nowhere", "LANG": "C.UTF-8"}


@pytest.mark.parametrize("command", [None, "/bin/true", [], [""], [1], ["/bin/true", None], ["a\0b"], ("sh",), {}])
def test_a_command_is_a_list_of_texts(command: Any) -> None:
    with pytest.raises(ValueError, match="command is a list of texts"):
        find_program(command)


def test_what_cannot_be_run_is_a_fault(tmp_path: Path, script: str) -> None:
    os.chmod(script, 0o644)
    for path in (script, str(tmp_path), str(tmp_path / "missing")):
        with pytest.raises(ValueError, match=r"chmod \+x") as fault:
            find_program([path])
        assert f"there is no program {path} that" in str(fault.value)


@pytest.mark.parametrize("name", ["./judge", "bin/judge"])
def test_where_the_server_runs_does_not_matter(name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(os.path.dirname(script))
    with pytest.raises(ValueError, match="write the whole path"):
        find_program([name])


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ("HOME=/", "a table of texts"),
        ({"HOME": 1}, "a table of texts"),
        ({"HOME": "a\0b"}, "a table of texts"),
        ({"A=B": "c"}, "'A=B' cannot be the name"),
        ({"": "c"}, "cannot be the name"),
        ({"1A": "c"}, "cannot be the name"),
        ({"MAILGATE_USER": "root"}, "MAILGATE_USER is mailgate's own"),
    ],
)
def test_an_environment_that_cannot_be(environment: Any, reason: str, script: str) -> None:
    with pytest.raises(ValueError, match=reason):
        find_program([script], environment)


def with_session(message: Message, **changes: Any) -> Message:
    session = evolve(message.envelope.session, **changes)
    return evolve(message, envelope=evolve(message.envelope, session=session))


def test_what_is_known_of_a_message() -> None:
    spaced = Recipient(MailPath("b o,b", "example.test"), ())
    message = a_message(recipient("alice@example.test"), spaced, content=b"Subject: x\n\n\n")
    told_of = told(with_session(message, tls="TLSv1.3 AES", user="carol@example.test", listener="submission"))
    assert told_of == {
        "MAILGATE_ID": MESSAGE_ID,
        "MAILGATE_SENDER": "sender@example.org",
        "MAILGATE_RECIPIENTS": 'alice@example.test\n"b o,b"@example.test',
        "MAILGATE_RECIPIENT_COUNT": "2",
        "MAILGATE_CLIENT": "192.0.2.1",
        "MAILGATE_HELO": "client.example.org",
        "MAILGATE_TLS": "TLSv1.3 AES",
        "MAILGATE_USER": "carol@example.test",
        "MAILGATE_LISTENER": "submission",
        "MAILGATE_SESSION": "session",
        "MAILGATE_SIZE": "16",  # three lines, as CRLF
    }


def test_a_bounce_has_an_empty_sender() -> None:
    message = a_message(recipient("alice@example.test"))
    bounce = evolve(message, envelope=evolve(message.envelope, reverse_path=NULL_PATH))
    assert told(bounce)["MAILGATE_SENDER"] == ""


def test_recipients_that_do_not_fit_are_left_out_whole_and_still_counted() -> None:
    names = [f"é{number:05}" + "x" * 192 + "@example.test" for number in range(1_000)]  # 212 octets and a line end
    paths = (MailPath(*name.split("@")) for name in names)
    values = told(a_message(*(Recipient(one, ()) for one in paths)))
    lines = values["MAILGATE_RECIPIENTS"].split("\n")
    assert values["MAILGATE_RECIPIENT_COUNT"] == "1000"
    assert lines == names[: len(lines)] and len(lines) == MAX_RECIPIENTS_OCTETS // 213


def test_recipients_that_just_fit_are_all_told() -> None:
    exact = [Recipient(MailPath("x" * (MAX_RECIPIENTS_OCTETS // 100 - len("@b.test") - 1), "b.test"), ())] * 100
    assert len(told(a_message(*exact))["MAILGATE_RECIPIENTS"]) == MAX_RECIPIENTS_OCTETS - 1
    longer = Recipient(MailPath(f"x{exact[0].path.local_part}", "b.test"), ())
    assert told(a_message(*exact[1:], longer))["MAILGATE_RECIPIENTS"].count("\n") == 98


def test_no_value_keeps_the_program_from_starting() -> None:
    helo = told(with_session(a_message(), helo="é" * 100_000))["MAILGATE_HELO"]
    assert helo == "é" * (MAX_VALUE_OCTETS // 2)
    assert told(with_session(a_message(), helo="x" + "é" * 100_000))["MAILGATE_HELO"] == "x" + "é" * 2_047


@given(st.lists(st.text(st.characters(exclude_categories=())), min_size=2, max_size=4))
def test_no_value_leaves_its_line_and_every_value_can_be_written(texts: list[str]) -> None:
    helo, *names = texts
    message = a_message(*(Recipient(MailPath(name, "example.test"), ()) for name in names))
    values = told(with_session(message, helo=helo, user=names[0]))
    recipients = values.pop("MAILGATE_RECIPIENTS")
    assert len(recipients.encode().split(b"\n")) == len(recipients.splitlines()) == len(names)
    for value in values.values():
        assert b"\0" not in value.encode() and len(value.splitlines()) <= 1
    assert isinstance(message.envelope.session, Session) and "\0" not in recipients
