"""`mailgate handlers`."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result
from zope.interface import implementer

from mailgate.cli import main
from mailgate.interfaces import IConnectPolicy, IMessageHandler, IRecipientPolicy
from mailgate.mail import PASS, Envelope, Message, Session, Verdict
from mailgate.mail import Path as MailPath

WRITTEN = """\
state = "."
handlers_timeout = "45s"
[smtp]
listen = ["tcp:2525"]
[[handler]]
use = "loop-guard"
[[handler]]
use = "tests.cli.test_handlers:Everything"
name = "all"
timeout = "250ms"
on_error = "skip"
"""


@implementer(IConnectPolicy, IRecipientPolicy, IMessageHandler)
class Everything:
    """Asked at three places."""

    def check_connect(self, session: Session) -> None:
        raise AssertionError("nobody connects")

    def check_recipient(self, envelope: Envelope, path: MailPath) -> None:
        raise AssertionError("nobody is named")

    def handle(self, message: Message) -> Verdict:
        return PASS


def handlers(directory: Path, text: str, *options: str) -> Result:
    file = directory / "mailgate.toml"
    file.write_text(text)
    return CliRunner().invoke(main, ["handlers", "--config", str(file), *options])


def test_the_order_and_what_happens(tmp_path: Path) -> None:
    result = handlers(tmp_path, WRITTEN)
    assert result.exit_code == 0 and result.stderr == ""
    assert [" ".join(line.split()) for line in result.stdout.splitlines()] == [
        "name asked about time-out if it fails",
        "1 loop-guard messages 30s 451, the client tries again",
        "2 all (tests.cli.test_handlers:Everything) connections, recipients, messages 250ms it is passed by",
        "All together have 45s for a message; the first that refuses ends it.",
    ]


def test_for_programs(tmp_path: Path) -> None:
    first, second = map(json.loads, handlers(tmp_path, WRITTEN, "--json").stdout.splitlines())
    assert first == {
        "number": 1,
        "name": "loop-guard",
        "use": "loop-guard",
        "asked": ["messages"],
        "timeout_seconds": 30.0,
        "on_error": "defer",
    }
    assert second["asked"] == ["connections", "recipients", "messages"] and second["on_error"] == "skip"


def test_without_handlers(tmp_path: Path) -> None:
    result = handlers(tmp_path, 'state = "."\n', "--set", "smtp.listen=tcp:2525")
    assert result.stdout == "No handlers: every message is delivered as it comes.\n"
    assert handlers(tmp_path, 'state = "."\n', "--set", "smtp.listen=tcp:2525", "--json").stdout == ""


def test_handlers_that_cannot_be_had_keep_their_places(tmp_path: Path) -> None:
    text = WRITTEN.replace('"loop-guard"', '"loop-gard"') + "[[handler]]\nname = 'x'\n"
    result = handlers(tmp_path, text)
    assert result.exit_code == 2
    assert [line.split()[:3] for line in result.stdout.splitlines()[1:4]] == [
        ["1", "loop-gard", "?"],
        ["2", "all", "(tests.cli.test_handlers:Everything)"],
        ["3", "x", "?"],
    ]
    assert "did you mean 'loop-guard'?" in result.stderr and "handler[3].use: missing" in result.stderr
