"""`mailgate explain`: asked of a server, and of files where there is none."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.cli.explain import BLOCK_OCTETS, MAX_FILE_OCTETS, _read, lines
from tests.testing.fake_gateway import FakeServer

ALICE = "alice@example.test"
NO_GATEWAY = "no gateway runs: nobody listens at "


@pytest.fixture
def house(tmp_path: Path) -> Path:
    domain = tmp_path / "domains" / "example.test"
    domain.mkdir(parents=True)
    (domain / "users").write_text("alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_quota_messages=1\n")
    (domain / "aliases").write_text("info: alice, bob\n")
    configure(tmp_path)
    return tmp_path


def configure(house: Path, more: str = "") -> None:
    (house / "mailgate.toml").write_text(f'state = "."\nhostname = "mx.example.test"\n{more}')


def explain(house: Path, *arguments: str, **other: Any) -> Result:
    return CliRunner().invoke(main, ["explain", "--config", str(house / "mailgate.toml"), *arguments], **other)


def a_story(**other: Any) -> dict[str, Any]:
    step = {"topic": "user", "question": "Who?", "answer": "a user", "detail": "", "where": "", "about": ""}
    return {
        "sentence": "Mail to <a@b.test> reaches c@b.test",
        "result": "kept",
        "reply": {"line": "250 2.0.0 accepted"},
        "steps": [
            {**step, "detail": "the first", "where": "users:1"},
            {**step, "question": "Is this question too long for that?", "about": "c@b.test"},
            {**step, "question": "What does the handler with a very long name say?"},
        ],
        **other,
    }


def test_for_people() -> None:
    assert list(lines(a_story())) == [
        "Mail to <a@b.test> reaches c@b.test.",
        "",
        "  1 Who?                                 a user",
        "                                         the first",
        "                                         users:1",
        "    c@b.test:",
        "  2 Is this question too long for that?  a user",
        "    then:",
        "  3 What does the handler with a very long name say?",
        "                                         a user",
        "",
        "The sender hears: 250 2.0.0 accepted",
        "Mail to <a@b.test> reaches c@b.test.",
    ]


def test_what_a_terminal_would_obey_is_escaped() -> None:
    told = a_story(sentence="says \x1b[2J", reply={"line": "550 \x07"}, steps=[])
    assert not any("\x1b" in line or "\x07" in line for line in lines(told))


def test_a_server_is_asked(house: Path) -> None:
    asked: list[tuple[str, Any]] = []
    (house / "mail.eml").write_bytes(b"Subject: x\n\nhi\n")
    with FakeServer(str(house / "control.sock"), {"explain": {"result": a_story()}}, lambda *call: asked.append(call)):
        short = explain(house, ALICE)
        long = explain(house, ALICE, "--from=<>", "--client=192.0.2.7", "--file", str(house / "mail.eml"), "--json")
    assert (short.exit_code, short.stderr) == (0, "") and short.stdout.startswith("Mail to <a@b.test> reaches")
    assert json.loads(long.stdout) == a_story()
    content = base64.b64encode(b"Subject: x\n\nhi\n").decode()
    assert asked == [
        ("explain", {"address": ALICE}),
        ("explain", {"address": ALICE, "from": "<>", "client": "192.0.2.7", "content": content}),
    ]


def test_what_a_server_does_not_take(house: Path) -> None:
    error = {"error": {"kind": "bad", "message": "client has to be an IP address"}}
    with FakeServer(str(house / "control.sock"), {"explain": error}, lambda *call: None):
        result = explain(house, ALICE, "--client=x")
    assert (result.exit_code, result.stderr) == (1, "Error: client has to be an IP address\n")


@pytest.mark.parametrize("kind", ["refused", "put off", "discarded"])
def test_the_status_says_whether_anybody_has_it(house: Path, kind: str) -> None:
    answer = {"explain": {"result": a_story(result=kind)}}
    with FakeServer(str(house / "control.sock"), answer, lambda *call: None):
        assert explain(house, ALICE).exit_code == 2


def test_without_a_server_the_files_are_read(house: Path) -> None:
    before = sorted(str(file) for file in house.rglob("*"))
    result = explain(house, "info@example.test", "--client", "192.0.2.7")
    assert result.exit_code == 0
    told = " ".join(result.stderr.split())
    assert NO_GATEWAY in told and "this is what its files say as they are now" in told
    said = result.stdout.splitlines()
    assert said[0] == said[-1] == "Mail to <info@example.test> reaches alice@example.test and bob@example.test."
    assert any(line.endswith(f"{house}/domains/example.test/aliases:1") for line in said)
    assert any(line.endswith(f"{house}/mail/example.test/bob") for line in said)
    assert sorted(str(file) for file in house.rglob("*")) == before


def test_the_handlers_of_the_configuration(house: Path) -> None:
    configure(
        house,
        '[[handler]]\nuse = "loop-guard"\nmax_hops = 1\n[[handler]]\nuse = "exec"\nname = "judge"\n'
        'command = ["true"]\nrehearse = true\ntimeout = "5s"\n',
    )
    result = explain(house, ALICE)
    told = " ".join(result.stdout.split())
    assert told.endswith(f"reaches {ALICE}, unless judge says otherwise.")
    assert "only a running gateway has; about the message; 5 s at most, then put off by 451" in told
    refused = explain(house, ALICE, "--file", "-", "--json", input=b"Received: a\nReceived: b\n\nhi\n")
    assert refused.exit_code == 2 and json.loads(refused.stdout)["reply"]["status"] == "5.4.6"


def test_what_the_configuration_says_of_limits(house: Path) -> None:
    configure(house, '[store]\nover_quota = "refuse"\n[smtp]\nmax_message = "64 KiB"\n')
    new = house / "mail" / "example.test" / "bob" / "new"
    new.mkdir(parents=True)
    (new / "1700000000.1.elsewhere").write_text("Subject: old\n\nold\n")
    assert "552 5.2.2 The maildrop is full" in explain(house, "bob@example.test").stdout
    large = explain(house, ALICE, "--file", "-", input=b"x\n" * 30_000)
    assert "552 5.3.4 Message too big; 65536 octets are the limit" in large.stdout


def test_a_broken_file_of_accounts_is_told_of(house: Path) -> None:
    (house / "domains" / "example.test" / "users").write_text("alice\n")
    result = explain(house, ALICE)
    assert result.exit_code == 2 and "450 4.3.5" in result.stdout and "users:1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["alice"], "address has to be an address"), ([ALICE, "--client", "x"], "client has to be an IP address")],
)
def test_what_is_not_understood(house: Path, arguments: list[str], complaint: str) -> None:
    result = explain(house, *arguments)
    assert result.exit_code == 1 and complaint in result.stderr


def test_a_message_that_is_none(house: Path) -> None:
    result = explain(house, ALICE, "--file", "-", input=b"")
    assert result.exit_code == 1 and "the message is empty" in result.stderr


def test_a_message_that_is_larger_than_servers_may_send(house: Path) -> None:
    result = explain(house, ALICE, "--file", "-", "--json", input=b"x" * (MAX_FILE_OCTETS + 1))
    assert (result.exit_code, json.loads(result.stdout)["reply"]["code"]) == (2, 552)
    configure(house, f"[smtp]\nmax_message = {MAX_FILE_OCTETS + 1}\n")
    result = explain(house, ALICE, "--file", "-", input=b"x" * (MAX_FILE_OCTETS + 1))
    assert result.exit_code == 1 and "the limit of what can be explained" in result.stderr


class Endless(io.BytesIO):
    """More than anybody has memory for."""

    def __init__(self, line: bytes) -> None:
        super().__init__()
        self.line = line
        self.taken = 0

    def read(self, octets: int | None = -1) -> bytes:
        assert octets is not None and octets > 0
        self.taken += octets
        return (self.line * (octets // len(self.line) + 1))[:octets]


@pytest.mark.parametrize(("line", "wire"), [(b"x" * 63 + b"\n", 65), (b"x" * 62 + b"\r\n", 64)])
def test_of_a_large_message_no_more_is_read_than_has_to_be(line: bytes, wire: int) -> None:
    most, file = MAX_FILE_OCTETS + 10 * BLOCK_OCTETS, Endless(line)
    size = _read(file, most)["size"]
    assert most < size <= most + 2 * BLOCK_OCTETS and file.taken <= most + 2 * BLOCK_OCTETS
    assert abs(size - file.taken * wire / 64) < 64


def test_what_is_from_the_wire_is_judged_octet_for_octet(house: Path) -> None:
    told = explain(house, ALICE, "--file", "-", input=b"Subject: x\r\n\r\na\nb\r\n")
    assert told.exit_code == 2 and "550 5.6.0 The content has an LF without CR" in told.stdout
    assert explain(house, ALICE, "--file", "-", input=b"Subject: x\n\na\nb\n").exit_code == 0


def test_it_fits_a_terminal_and_what_is_copied_stays_whole() -> None:
    file, directory = f"/srv/{'d' * 60}/users:1", "/srv/mail of ours/example.test/alice/and/so/on"
    step = {"topic": "user", "question": "Who has it?", "answer": "a user " * 9, "detail": "so " * 30, "where": file,
            "about": ""}  # fmt: skip
    place = {**step, "topic": "path", "answer": directory, "question": "And in which directory is it kept?"}
    said = list(lines(a_story(sentence="Mail to <a@b.test> reaches " + "c@b.test, " * 9, steps=[step, place])))
    assert max(map(len, said)) <= 80
    assert [line.strip() for line in said].count(file) == 2
    assert [line.strip() for line in said].count(directory) == 1
    assert "  2 And in which directory is it kept?" in said


def test_a_handler_that_cannot_be_had(house: Path) -> None:
    configure(house, '[[handler]]\nuse = "exec"\ncommand = ["/no/such/program"]\n')
    result = explain(house, ALICE)
    assert result.exit_code == 1 and "handler[1]" in result.stderr


def test_a_configuration_that_is_wrong(house: Path) -> None:
    configure(house, "[maildrops]\nkeep_days = -1\n")
    result = explain(house, ALICE)
    assert result.exit_code == 1 and "maildrops.keep_days" in result.stderr


def test_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)
    monkeypatch.setattr("mailgate.config.places.SYSTEM", str(tmp_path / "nowhere"))
    result = CliRunner().invoke(main, ["explain", ALICE])
    assert (result.exit_code, "no configuration found" in result.stderr) == (1, True)
