"""`mailgate backup`: as an administrator uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailgate.cli import backing_record
from mailgate.cli.backing_copying import Copier
from tests.cli.backing import backup, tree
from tests.cli.support import deliver, maildir


def test_the_second_time_takes_little(gateway: Path) -> None:
    deliver(gateway)
    result = backup(gateway)
    assert (result.exit_code, result.output.endswith("; 0 were there. 1 maildrops.\n")) == (0, True)
    deliver(gateway)
    result = backup(gateway)
    assert result.output.startswith("1 files copied to ")
    assert result.output.endswith("; 4 were there. 1 maildrops.\n")
    record = backing_record.read(str(gateway / "copy"))
    assert record["finished"] >= record["begun"] and record["not_copied"] == []
    names = {path.name for path in maildir(gateway).glob("new/*")}
    assert names == {Path(name).name for name in tree(gateway / "copy") if name.startswith("mail/")}


def test_what_is_not_copied_is_told(gateway: Path) -> None:
    (gateway / "mailgate.toml").write_text(
        'state = "."\n[submission]\n'
        'smarthost = "smtp+starttls://user@relay.example.org:587"\nsmarthost_password = "relay"\n'
    )
    (gateway / "relay").write_text("secret")
    assert f"    submission.smarthost_password  {gateway}/relay\n" in backup(gateway).output
    assert "Not copied" not in backup(gateway, "--with-keys").output
    (gateway / "domains" / "example.test" / "aliases").symlink_to("users")
    result = backup(gateway)
    assert result.exit_code == 2
    assert f"not copied: {gateway}/domains/example.test/aliases: a link, which is not followed\n" in result.output


def test_what_was_renamed_and_removed_is_told(gateway: Path) -> None:
    deliver(gateway)
    deliver(gateway)
    backup(gateway)
    first, second = sorted(maildir(gateway).glob("new/*"))
    first.rename(maildir(gateway) / "cur" / f"{first.name}:2,S")
    second.unlink()
    assert ", 1 renamed, 1 removed. 1 maildrops." in backup(gateway, "--delete").output


def test_for_programs(gateway: Path) -> None:
    row = json.loads(backup(gateway, "--json").output)
    assert row == {
        "directory": str(gateway / "copy"),
        "copied": 3,
        "octets": row["octets"],
        "there": 0,
        "renamed": 0,
        "removed": 0,
        "maildrops": 0,
        "troubles": [],
    }


@pytest.mark.parametrize(
    ("to", "said"),
    [("mail/backup", "are one in the other"), (".", "are one in the other"), ("domains/x", "accounts.directory")],
)
def test_never_into_what_is_backed_up(gateway: Path, to: str, said: str) -> None:
    before = tree(gateway)
    result = backup(gateway, to=to)
    assert (result.exit_code, said in result.output, tree(gateway)) == (1, True, before)


def test_one_that_ended_early_says_so(gateway: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Copier, "copy", full)
    result = backup(gateway)
    assert (result.exit_code, "No space left on device" in result.output) == (1, True)
    assert backing_record.read(str(gateway / "copy"))["finished"] is None


def test_without_a_configuration(gateway: Path) -> None:
    (gateway / "mailgate.toml").unlink()
    assert backup(gateway).exit_code == 1
