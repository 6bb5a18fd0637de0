"""`--check`, and a start that cannot be: every fault at once, no traceback, nothing begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import CONFIGURATION, lay_out
from tests.e2e.daemon import run_twistd


def test_a_good_configuration(tmp_path: Path) -> None:
    lay_out(tmp_path)
    done = run_twistd(["--check"], tmp_path)
    assert (done.returncode, done.stdout) == (0, "The configuration is good.\n")
    assert not (tmp_path / "state" / "mail").exists()


def test_every_fault_at_once(tmp_path: Path) -> None:
    """Of the file, the accounts, the certificate and the handlers: none hides another."""
    lay_out(tmp_path)
    domain = tmp_path / "state" / "domains" / "example.test"
    (domain / "users").write_text("alice:{PLAIN}x\nbob:plain\n")
    (domain / "aliases").write_text("info: alise\nbroken\nteam: bob\n")
    (domain.parent / "other.test").mkdir()
    (domain.parent / "other.test" / "users").write_text("alice:{PLAIN}x\nbob:{ROT13}y\n")
    for file in ("cert.pem", "key.pem"):
        (tmp_path / "state" / "tls" / file).write_text("nothing")
    (tmp_path / "state" / "mail").write_text("a file")
    text = (tmp_path / "mailgate.toml").read_text().replace("[pop3]", "[pop3]\nlisen = []")
    text = text.replace('hostname = "mx.example.test"', "hostname = 25").replace(
        "max_hops", 'timeout = "soon"\nmax_hop'
    )
    (tmp_path / "mailgate.toml").write_text(text + '[[handler]]\nuse = "loop-gard"\n')
    for arguments in (["--check"], []):
        done = run_twistd(arguments, tmp_path)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        lines = done.stderr.replace(f"{tmp_path}/", "").splitlines()
        assert [line.removeprefix("mailgate: ").split(" ")[0:2] for line in lines] == [
            ["mailgate.toml:", "hostname:"],
            ["mailgate.toml:", "pop3.lisen:"],
            ["mailgate.toml:", "handler[1].timeout:"],
            ["state/domains/example.test/users:2:", "the"],
            ["state/domains/example.test/aliases:2:", "there"],
            ["state/domains/other.test/users:2:", "unknown"],
            *([["state/domains/example.test/aliases:1:", "alias"]] if arguments else []),
            ["mailgate.toml:", "store.directory:"],
            ["mailgate.toml:", "tls.certificate:"],
            ["mailgate.toml:", "tls.key:"],
            ["mailgate.toml:", "handler[1].max_hop:"],
            ["mailgate.toml:", "handler[2]:"],
        ]


def test_a_handler_s_module_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "mailgate.toml").write_text(CONFIGURATION.replace('"loop-guard"', '"broken_module:Handler"'))
    (tmp_path / "broken_module.py").write_text("raise SystemExit(0)")
    done = run_twistd(["--check"], tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "handler[1]: broken_module:Handler cannot be imported: SystemExit: 0" in done.stderr


def test_no_configuration_says_where_it_was_looked_for(tmp_path: Path) -> None:
    done = run_twistd([], tmp_path)
    assert done.returncode == 1
    assert "mailgate.toml" in done.stderr and "--dev" in done.stderr
