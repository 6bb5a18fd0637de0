"""`mailgate store list`: as an administrator uses it, on real files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailgate.cli import listing
from mailgate.failures import Gone
from tests.cli.support import ALICE, deliver, entries, maildir, rows, store


def test_all_maildrops(gateway: Path) -> None:
    assert store(gateway, "list").output == "0 maildrops, 0 messages, 0 octets in all.\n"
    for user in (ALICE, ALICE, "bobby@example.test"):
        deliver(gateway, b"x\n", user)
    assert store(gateway, "list").output == (
        "alice@example.test        2 messages              6 octets\n"
        "bobby@example.test        1 messages              3 octets\n"
        "2 maildrops, 3 messages, 9 octets in all.\n"
    )
    assert rows(store(gateway, "list", "--json"))[0] == {
        "maildrop": ALICE,
        "messages": 2,
        "octets": 6,
        "quota_messages": 0,
        "quota_octets": 0,
    }


def test_one_maildrop(gateway: Path) -> None:
    deliver(gateway)
    (maildir(gateway) / "cur").mkdir(exist_ok=True)
    (maildir(gateway) / "cur" / "1000000000.a.b:2,RS").write_bytes(b"Subject: \x1b]0;evil\x07\n\nx\n")
    old, new = entries(gateway)
    result = store(gateway, "list", "Alice@example.test")
    assert result.exit_code == 0
    assert result.output.startswith("1  2001-09-0")
    assert "  25 octets  RS\n    UID      1000000000.a.b\n    subject  \\x1b]0;evil\\x07\n2  " in result.output
    assert f"octets  new\n    UID      {new.uid}\n" in result.output
    assert "    sender   Jörg <joerg@example.test>\n    subject  hello\n" in result.output
    assert result.output.endswith(f"2 messages, {old.octets + new.octets} octets in all.\nno quota\n")
    told = rows(store(gateway, "list", "Alice", "--json"))  # the local part will do where there is one domain
    assert [row.get("number") for row in told] == [1, 2, None]
    assert told[1] == {
        "number": 2,
        "uid": new.uid,
        "octets": new.octets,
        "arrival": new.seconds,
        "id": new.id,
        "flags": "",
        "new": True,
        "sender": "Jörg <joerg@example.test>",
        "subject": "hello",
        "trouble": "",
    }


def test_a_quota_by_whoever_has_set_it(gateway: Path) -> None:
    for _ in range(3):
        deliver(gateway, b"x" * 2046 + b"\n")  # 2 KiB as POP3 sends it
    with (gateway / "mailgate.toml").open("a") as config:
        config.write("[maildrops]\nquota_messages = 1_000\n")
    (gateway / "domains" / "example.test" / "rules").write_text('quota = "1 GiB"\n')
    text = store(gateway, "list", ALICE).output
    assert text.endswith("3 messages, 6144 octets in all.\nquota 3 of 1,000 messages, 6.0 KiB of 1.0 GiB (0 %)\n")
    (gateway / "domains" / "example.test" / "users").write_text("alice:{PLAIN}x::::::mailgate_quota=8KiB\n")
    text = store(gateway, "list", ALICE).output
    assert text.endswith("quota 3 of 1,000 messages, 6.0 KiB of 8.0 KiB (75 %)\n")
    used = {"maildrop": ALICE, "messages": 3, "octets": 6144, "quota_messages": 1000, "quota_octets": 8192}
    assert rows(store(gateway, "list", ALICE, "--json"))[3] == used
    assert rows(store(gateway, "list", "--json")) == [used]


def test_an_account_without_mail(gateway: Path) -> None:
    (gateway / "domains" / "example.test" / "rules").write_text("quota_messages = 5\n")
    result = store(gateway, "list", "Alice@example.test")
    assert (result.exit_code, result.output) == (
        0,
        "0 messages, 0 octets in all.\nquota 0 of 5 messages, 0 octets (0 %)\n",
    )
    assert rows(store(gateway, "list", ALICE, "--json"))[0]["quota_messages"] == 5
    assert not maildir(gateway).exists()


def test_mail_whose_account_has_gone(gateway: Path) -> None:
    (gateway / "domains" / "example.test" / "rules").write_text("quota_messages = 5\n")
    deliver(gateway, user="bob@example.test")
    assert store(gateway, "list", "bob@example.test").output.endswith("octets in all.\nno quota\n")


def test_rules_that_are_not_understood(gateway: Path) -> None:
    with (gateway / "mailgate.toml").open("a") as config:
        config.write("[maildrops]\nquota_messages = 5\n")
    (gateway / "domains" / "example.test" / "rules").write_text("quota = much\n")
    deliver(gateway)
    result = store(gateway, "list", ALICE)
    assert result.exit_code == 0
    assert result.stdout.endswith("octets in all.\nno quota\n")
    assert result.stderr.count("rules:1") == 1


def test_an_id_that_the_uid_does_not_tell(gateway: Path) -> None:
    deliver(gateway)
    (path,) = (maildir(gateway) / "new").iterdir()
    (maildir(gateway) / "dovecot-uidlist").write_text(f"3 V1 N2 Gx\n1 Pother :{path.name}\n")
    (entry,) = entries(gateway)
    assert f"    UID      other\n    id       {entry.id}\n" in store(gateway, "list", ALICE).output


def test_a_message_that_goes_meanwhile(gateway: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(gateway)

    def gone(*_: object) -> Iterator[bytes]:
        raise Gone("it is not there any more")

    monkeypatch.setattr(listing, "blocks_of", gone)
    result = store(gateway, "list", ALICE)
    assert (result.exit_code, "    trouble  it is not there any more\n" in result.output) == (0, True)


def test_nobody(gateway: Path) -> None:
    result = store(gateway, "list", "nobody@example.test")
    assert (result.exit_code, "there is no maildrop of nobody@example.test" in result.output) == (1, True)
