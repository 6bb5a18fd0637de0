"""What every command about accounts begins with."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from mailgate.cli import main
from mailgate.cli.accounts_house import configured, counted, hashed, open_books
from tests.cli.accounts_support import refused, unfolded, write


def test_without_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.config.find", lambda path, environment: None)
    assert configured(None) is None
    result = CliRunner().invoke(main, ["user", "list"])
    assert result.exit_code == 1
    assert "no configuration found: name one with --config" in result.stderr


def test_a_configuration_that_is_wrong(gateway: Path) -> None:
    (gateway / "mailgate.toml").write_text("nonsense = 1\n")
    assert "nonsense" in refused(gateway, "domain", "list")


def test_without_a_directory_of_domains(tmp_path: Path) -> None:
    (tmp_path / "mailgate.toml").write_text('state = "."\n')
    assert "there is no such directory of accounts" in refused(tmp_path, "user", "list")


def test_names(gateway: Path) -> None:
    books = open_books(str(gateway / "mailgate.toml"))
    assert books.account("Alice") == books.known("ALICE@Example.test") == "alice@example.test"
    assert books.account("front desk") == "front desk@example.test"
    assert books.domain("EXAMPLE.test") == "example.test"
    assert books.mail_of("a/b@example.test") == f"{gateway}/mail/example.test/a%2fb"
    for wrong in ("", "@", "\udcff"):
        with pytest.raises(click.ClickException, match="is no account"):
            books.account(wrong)


@pytest.mark.parametrize(
    ("name", "words"),
    [("alcie", "did you mean 'alice@example.test'?"), ("zzz", "'mailgate user list' names all.")],
)
def test_who_was_meant(gateway: Path, name: str, words: str) -> None:
    with pytest.raises(click.ClickException) as refusal:
        open_books(str(gateway / "mailgate.toml")).known(name)
    assert unfolded(refusal.value.message) == f"there is no account {name}@example.test: {words}"


def test_the_rules_of_spelling_are_those_of_the_configuration(gateway: Path) -> None:
    (gateway / "mailgate.toml").write_text('state = "."\n[accounts]\nignore_dots = ["example.test"]\n')
    write(gateway, "users", "alice:{PLAIN}x\n")
    assert "in dots alone" in refused(gateway, "user", "add", "al.ice", "--generate")


def test_hashes() -> None:
    assert hashed("sesame", None).startswith("{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$")
    with pytest.raises(click.ClickException, match="1 to 1024 octets"):
        hashed("", None)


def test_counts() -> None:
    assert [counted(number, "user", "users") for number in (0, 1, 2)] == ["0 users", "1 user", "2 users"]
