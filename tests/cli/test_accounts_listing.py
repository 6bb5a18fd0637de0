"""`mailgate user list`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.cli.accounts_listing import octets_in_words
from tests.cli.accounts_support import done, refused, rows, run, unfolded, write


@pytest.fixture
def house(gateway: Path) -> Path:
    write(
        gateway,
        "users",
        "alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_disabled mailgate_quota=1GiB\n"
        "carl:{PLAIN}x::::::mailgate_disabled=all mailgate_quota_messages=5\n",
    )
    write(gateway, "users", "zoe:{PLAIN}x\n", "other.test")
    write(gateway, "rules", 'quota = "10 MiB"\n', "other.test")
    done(gateway, "user", "app-password", "add", "alice@example.test", "phone")
    return gateway


def test_for_people(house: Path) -> None:
    assert done(house, "user", "list") == (
        "USER                STATE                   QUOTA       APP PASSWORDS\n"
        "alice@example.test                                      1\n"
        "bob@example.test    disabled                1 GiB\n"
        "carl@example.test   disabled, mail refused  5 messages\n"
        "zoe@other.test                              10 MiB\n"
    )


def test_of_one_domain(house: Path) -> None:
    assert "zoe" not in done(house, "user", "list", "Example.test")
    assert "c.test is no domain of this gateway" in refused(house, "user", "list", "c.test")


def test_for_programs(house: Path) -> None:
    told = rows(done(house, "user", "list", "--json"))
    assert [row["user"] for row in told] == [
        "alice@example.test",
        "bob@example.test",
        "carl@example.test",
        "zoe@other.test",
    ]
    assert told[1] == {
        "user": "bob@example.test",
        "disabled": True,
        "mail_refused": False,
        "state": "disabled",
        "quota_octets": 1 << 30,
        "quota_messages": 0,
        "app_passwords": 0,
    }
    assert told[0]["app_passwords"] == 1


def test_what_is_wrong_is_told_besides(house: Path) -> None:
    write(house, "users", "bob\n", "other.test")
    result = run(house, "user", "list")
    assert result.exit_code == 2
    assert "alice@example.test" in result.stdout
    assert "other.test/users:1" in result.stderr


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_of_a_file_with_a_fault_the_other_lines_are_shown(house: Path, options: tuple[str, ...]) -> None:
    write(house, "users", "zoe:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_disable=yes\n", "other.test")
    result = run(house, "user", "list", "other.test", *options)
    assert result.exit_code == 2
    quota = '"quota_octets": 10485760' if options else "10 MiB"  # of the domain's rules
    assert "zoe@other.test" in result.stdout and quota in result.stdout
    assert "bob@" not in result.stdout
    said = unfolded(result.stderr)
    assert "other.test/users:2: unknown setting 'mailgate_disable' (did you mean 'mailgate_disabled'?)" in said
    assert "Of files with a fault, the lines without one are shown." in said


def test_application_passwords_are_counted_as_far_as_they_can_be_read(house: Path) -> None:
    file = house / "domains" / "example.test" / "app-passwords"
    file.write_text(f"{file.read_text()}nonsense\n")
    result = run(house, "user", "list", "example.test", "--json")
    assert result.exit_code == 2
    assert rows(result.stdout)[0]["app_passwords"] == 1


def test_it_fits_a_terminal(gateway: Path) -> None:
    settings = "mailgate_disabled=all mailgate_quota=1500MiB mailgate_quota_messages=20000"
    write(gateway, "users", f"firstname.lastname:{{PLAIN}}x::::::{settings}\n", "example.test")
    told = done(gateway, "user", "list", "example.test")
    assert all(len(line) <= 80 for line in told.splitlines())
    for word in ("firstname.lastname@example.test", "disabled, mail", "refused", "1500 MiB, 20000", "messages"):
        assert word in told


def test_nobody(gateway: Path) -> None:
    write(gateway, "users", "")
    assert done(gateway, "user", "list").startswith("USER")


def test_octets_in_words() -> None:
    words = [octets_in_words(octets) for octets in (0, 1, 1024, 1536, 3 << 20, 1 << 40)]
    assert words == ["0 octets", "1 octets", "1 KiB", "1536 octets", "3 MiB", "1024 GiB"]
