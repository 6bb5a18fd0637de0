"""`mailgate user show`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.accounts_support import done, refused, rows, run, unfolded, write
from tests.cli.support import deliver

ALICE = "alice@example.test"


def fill(house: Path) -> None:
    with (house / "mailgate.toml").open("a") as config:
        config.write("[maildrops]\nkeep_days = 365\nlogin_delay = '1m'\n")
    write(house, "users", "bob:{PLAIN}x\nalice:{PLAIN}sesame::::::mailgate_quota=1GiB mailgate_keep_fetched_days=0\n")
    write(house, "aliases", "info: bob, alice\nsales: info\njobs: bob\npostmaster: alice\nbad: nobody@elsewhere.test\n")
    write(house, "rules", 'keep_fetched_days = 30\ndele = "trash"\nremoved_days = 14\n')
    done(house, "user", "app-password", "add", "alice", "phone")


def test_for_people(gateway: Path) -> None:
    fill(gateway)
    result = run(gateway, "user", "show", "alice")
    assert result.stdout == (
        "user           alice@example.test\n"
        "state          can log in, mail is taken\n"
        "password       {PLAIN}\n"
        "app passwords  phone\n"
        "aliases        info@example.test\n"
        "               sales@example.test\n"
        "               postmaster@example.test\n"
        "               abuse@example.test\n"
        "rules          keep_days = 365  (mailgate.toml)\n"
        "               dele = trash  (domain)\n"
        "               removed_days = 14  (domain)\n"
        "               login_delay = 60 seconds  (mailgate.toml)\n"
        "               quota = 1 GiB  (user)\n"
        "quota          0 messages, 0 octets of 1.0 GiB (0 %)\n"
        f"mail           {gateway}/mail/example.test/alice\n"
        f"account        {gateway}/domains/example.test/users:2\n"
    )
    assert result.exit_code == 2  # an alias is astray
    assert "bad@example.test" in result.stderr
    assert "sesame" not in result.output


def test_for_programs(gateway: Path) -> None:
    fill(gateway)
    (row,) = rows(run(gateway, "user", "show", "alice", "--json").stdout)
    assert row["rules"]["quota"] == {"value": 1 << 30, "set_by": "user"}
    assert row["aliases"][0] == "info@example.test"
    assert (row["quota_octets"], row["quota_messages"]) == (1 << 30, 0)
    assert row["used"] == {"messages": 0, "octets": 0}
    assert (row["user"], row["scheme"], row["app_passwords"]) == (ALICE, "PLAIN", ["phone"])


def test_of_whom_nothing_is_said(gateway: Path) -> None:
    told = done(gateway, "user", "show", "alice")
    assert "rules          none\n" in told
    assert "app passwords  none\n" in told
    assert "aliases        postmaster@example.test\n" in told  # as the first account
    write(gateway, "users", "zoe:{PLAIN}x\nalice:{PLAIN}x::::::mailgate_disabled\n")
    told = done(gateway, "user", "show", "alice")
    assert "aliases        none\n" in told
    assert "state          disabled\n" in told


def test_what_is_used(gateway: Path) -> None:
    deliver(gateway, b"x" * 2046 + b"\n")
    assert "quota          none; 1 message, 2.0 KiB\n" in done(gateway, "user", "show", "alice")
    write(gateway, "rules", "quota_messages = 3\n")
    deliver(gateway, b"x\n")
    assert "quota          2 of 3 messages, 2.0 KiB (66 %)\n" in done(gateway, "user", "show", "alice")
    (row,) = rows(done(gateway, "user", "show", "alice", "--json"))
    assert (row["quota_octets"], row["quota_messages"]) == (0, 3)
    assert row["used"] == {"messages": 2, "octets": 2051}


def test_mail_that_cannot_be_read(gateway: Path) -> None:
    write(gateway, "rules", "quota_messages = 3\n")
    (gateway / "mail" / "example.test").mkdir(parents=True)
    (gateway / "mail" / "example.test" / "alice").touch()
    result = run(gateway, "user", "show", "alice")
    assert result.exit_code == 0
    assert "quota          what is used cannot be seen\n" in result.stdout
    assert "mailgate: how full the maildrop is cannot be seen: " in result.stderr
    (row,) = rows(run(gateway, "user", "show", "alice", "--json").stdout)
    assert (row["quota_messages"], row["used"]) == (3, None)


def test_rules_that_are_not_understood(gateway: Path) -> None:
    write(gateway, "rules", "keep_days = never\n")
    result = run(gateway, "user", "show", "alice")
    assert result.exit_code == 2
    assert "rules:1" in result.stderr


def test_an_account_in_a_file_with_a_fault(gateway: Path) -> None:
    write(gateway, "users", "alice:{PLAIN}x\nbob\n")
    write(gateway, "aliases", "info: alice\n")
    result = run(gateway, "user", "show", "alice")
    assert result.exit_code == 2
    assert "user           alice@example.test\n" in result.stdout
    assert "aliases        info@example.test\n" in result.stdout
    assert "users:2" in result.stderr and "the lines without one are shown" in unfolded(result.stderr)
    result = run(gateway, "user", "show", "bob")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "whether there is an account bob@example.test cannot be told" in unfolded(result.stderr)


def test_nobody(gateway: Path) -> None:
    assert "there is no account bob@example.test" in refused(gateway, "user", "show", "bob")
