"""`--check`, and a start that cannot be: every fault at once, no traceback, nothing begun."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import lay_out
from tests.e2e.daemon import run_twistd


def test_a_good_configuration(tmp_path: Path) -> None:
    lay_out(tmp_path)
    done = run_twistd(["--check"], tmp_path)
    assert (done.returncode, done.stdout) == (0, "The configuration is good.\n")
    assert not (tmp_path / "state" / "mail").exists()


def test_every_fault_at_once(tmp_path: Path) -> None:
    lay_out(tmp_path)
    domain = tmp_path / "state" / "domains" / "example.test"
    (domain / "aliases").write_text("info: alise\n")
    (domain.parent / "other.test").mkdir()
    (domain.parent / "other.test" / "users").write_text("alice:{PLAIN}x\nbob:{ROT13}y\n")
    (tmp_path / "state" / "tls" / "key.pem").write_text("no key")
    file = tmp_path / "mailgate.toml"
    text = file.read_text().replace("[pop3]", "[pop3]\nlisen = []").replace('"loop-guard"', '"loop-gard"')
    file.write_text(text.replace('hostname = "mx.example.test"', "hostname = 25"))
    for arguments in (["--check"], []):
        done = run_twistd(arguments, tmp_path)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        for part in ("pop3.lisen", "did you mean 'listen'", "hostname", "aliases:1", "alise", "users:2", "ROT13"):
            assert part in done.stderr, (part, done.stderr)


def test_faults_of_certificate_and_handlers(tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / "state" / "tls" / "key.pem").write_text("no key")
    file = tmp_path / "mailgate.toml"
    file.write_text(file.read_text().replace('"loop-guard"', '"loop-gard"'))
    done = run_twistd(["--check"], tmp_path)
    assert done.returncode == 1
    assert "key.pem" in done.stderr and "did you mean 'loop-guard'" in done.stderr


def test_no_configuration_says_where_it_was_looked_for(tmp_path: Path) -> None:
    done = run_twistd([], tmp_path)
    assert done.returncode == 1
    assert "mailgate.toml" in done.stderr and "--dev" in done.stderr
