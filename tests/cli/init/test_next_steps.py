"""What to do next."""

from __future__ import annotations

import datetime
import shlex
from pathlib import Path

import pytest
from attrs import evolve

from mailgate.cli.init import next_steps
from mailgate.cli.init.dns import records
from mailgate.cli.init.next_steps import Situation, advice
from mailgate.cli.init.wishes import LOW
from tests.cli.init.support import RUNNER, WISHES, layout

ENDS = datetime.datetime(2027, 12, 25, tzinfo=datetime.UTC)
DIRECTORY = Path("/srv/mail")


def told(situation: Situation) -> str:
    return "\n".join(advice(situation, list(records(situation.wishes, ["8.8.8.8"]))))


def test_a_plain_user_with_high_ports() -> None:
    text = told(Situation(WISHES, layout(DIRECTORY), RUNNER, ENDS))
    assert "systemctl --user enable --now /srv/mail/mailgate.service" in text
    assert "/opt/mailgate/bin/twistd mailgate --check \\\n       --config /srv/mail/mailgate.toml" in text
    assert "/opt/mailgate/bin/twistd -n --pidfile= mailgate \\\n       --config /srv/mail/mailgate.toml" in text
    assert "redirect to :2525" in text and "priority dstnat; }'" in text
    assert "self-signed, for mx.example.test, valid until\n   2027-12-25" in text
    assert "swaks --server localhost:2525 --tls --to alice@example.test" in text
    for record in ("MX   10 mx.example.test.", "A    8.8.8.8", "SRV  0 1 2995"):
        assert record in text


def test_a_server_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_steps, "SYSTEM_UNITS", "/srv/units")
    wishes = evolve(WISHES, ports=LOW)
    text = told(Situation(wishes, layout(DIRECTORY, is_system=True, unit="/srv/units/mailgate.service"), RUNNER, None))
    assert "systemctl daemon-reload" in text and "systemctl enable --now mailgate.service" in text
    assert "nft" not in text and "CERTIFICATE" not in text
    text = told(Situation(wishes, layout(DIRECTORY, is_system=True), RUNNER, None))
    assert "daemon-reload" not in text and "systemctl enable --now /srv/mail/mailgate.service" in text


def test_sections_are_counted() -> None:
    lines = told(Situation(WISHES, layout(DIRECTORY), RUNNER, ENDS)).splitlines()
    assert [line[:2] for line in lines if line[:1].isdigit()] == ["1.", "2.", "3.", "4.", "5."]


def test_it_fits_a_terminal() -> None:
    text = told(Situation(WISHES, layout(DIRECTORY, is_system=True), RUNNER, ENDS))
    assert max(map(len, text.splitlines())) <= 80


def test_a_long_command_has_as_few_lines_as_fit() -> None:
    place = layout(Path("/home/somebody/.local/share/mailgate"))
    lines = told(Situation(WISHES, place, RUNNER, ENDS)).splitlines()
    assert max(map(len, lines)) <= 80
    begin = next(number for number, line in enumerate(lines) if "self-test" in line)
    assert lines[begin : begin + 2] == [
        "     /opt/mailgate/bin/mailgate self-test alice@example.test \\",
        "       --config /home/somebody/.local/share/mailgate/mailgate.toml",
    ]


def test_the_key_is_for_the_user_of_the_server_alone() -> None:
    text = told(Situation(WISHES, layout(DIRECTORY, user="mailgate"), RUNNER, ENDS))
    assert "which only the user mailgate may be able to read:" in " ".join(text.split())
    assert "     /srv/mail/tls/cert.pem\n     /srv/mail/tls/key.pem\n" in text


def test_names_are_quoted_for_the_shell() -> None:
    place = layout(Path("/srv/my mail"), is_system=True)
    text = told(Situation(evolve(WISHES, local_part='"front desk"'), place, RUNNER, ENDS))
    (line,) = [line for line in text.splitlines() if "swaks" in line]
    assert shlex.split(line)[-1] == '"front desk"@example.test'
    assert "--config '/srv/my mail/mailgate.toml'" in text


def test_programs_in_the_path_go_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    situation = Situation(WISHES, layout(DIRECTORY), RUNNER, ENDS)
    monkeypatch.setattr("shutil.which", lambda name: f"/opt/mailgate/bin/{name}")
    assert situation.program("twistd") == "twistd"


@pytest.mark.parametrize("name", ["user", "self-test"])
def test_commands_are_named_that_there_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for commands, is_named in (({name: "x"}, True), ({}, False)):
        monkeypatch.setattr(next_steps, "COMMANDS", commands)
        assert (f"bin/mailgate {name}" in told(Situation(WISHES, layout(DIRECTORY), RUNNER, ENDS))) is is_named
