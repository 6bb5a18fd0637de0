"""What the tests of `mailgate store` share: a gateway's files, and the command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from mailgate.cli import main
from mailgate.mail import Copy, Entry
from mailgate.store.maildir.store import MaildirStore
from tests.store.support import NODE, at_once, content_of, entries_of, message
from tests.support import result_of

ALICE = "alice@example.test"
CONTENT = b"From: =?utf-8?q?J=C3=B6rg?= <joerg@example.test>\nSubject: hello\n\nworld\n"


def make_house(directory: Path) -> Path:
    """A gateway with a user and no mail."""
    (directory / "mailgate.toml").write_text('state = "."\n')
    domain = directory / "domains" / "example.test"
    domain.mkdir(parents=True)
    (domain / "users").write_text("alice:{PLAIN}x\n")
    return directory


def store(house: Path, *arguments: str) -> Result:
    """`mailgate store …` with its configuration."""
    return CliRunner().invoke(main, ["store", *arguments, "--config", str(house / "mailgate.toml")])


def rows(result: Result) -> list[dict[str, Any]]:
    """What it said with --json."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def deliver(house: Path, content: bytes = CONTENT, user: str = ALICE) -> None:
    """A message, as it is."""

    async def stage_and_commit() -> None:
        staged = await mail_of(house).stage(message(content, fields=()), [Copy(user)])
        await staged.commit()

    result_of(stage_and_commit())


def mail_of(house: Path) -> MaildirStore:
    """The gateway's store."""
    return MaildirStore(str(house / "mail"), NODE, at_once)


def entries(house: Path, user: str = ALICE) -> Sequence[Entry]:
    """What is in a maildrop."""
    return result_of(entries_of(mail_of(house), user))


def contents(house: Path, user: str = ALICE) -> list[bytes]:
    """The octets of all that is there."""
    return [result_of(content_of(result_of(mail_of(house).read(user, entry)))) for entry in entries(house, user)]


def maildir(house: Path, user: str = "alice") -> Path:
    """Where the files are."""
    return house / "mail" / "example.test" / user
