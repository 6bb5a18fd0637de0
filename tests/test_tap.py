"""twistd's door: options, what it leaves with, and the service."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from twisted.application.service import Application, IService
from twisted.internet.defer import succeed
from twisted.logger import ILogObserver
from twisted.python import usage

from mailgate import tap
from mailgate.config import LISTENERS
from mailgate.faults import Fault
from mailgate.service import CannotStart, Listening
from mailgate.tap import Options, TwistdService, makeService


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILGATE_CONFIG", raising=False)


def options(*words: str, **twistd: Any) -> Options:
    made = Options()
    made.parent = twistd  # type: ignore[assignment]
    made.parseOptions(list(words))  # type: ignore[no-untyped-call]
    return made


def left_with(*words: str) -> str:
    with pytest.raises(SystemExit) as left:
        options(*words)
    return str(left.value)


def good(directory: Path) -> Path:
    domain = directory / "domains" / "example.test"
    domain.mkdir(parents=True)
    (domain / "users").write_text("alice:{PLAIN}x\n")
    (domain / "users").chmod(0o600)
    file = directory / "mailgate.toml"
    file.write_text('state = "."\n[smtp]\nlisten = ["tcp:0"]\n')
    return file


def test_development() -> None:
    made = options("--dev", "--set", "smtp.listen=tcp:0", "--set", "hostname=dev.test")
    assert made.development is not None
    assert made.configuration.hostname == "dev.test"
    assert made.configuration.smtp.listen == ("tcp:0:interface=127.0.0.1",)


@pytest.mark.parametrize(
    "words", [["--dev", "--keep", "maybe"], ["--verbose"], ["--beyond-loopback"], ["--keep=yes"], ["--keep="]]
)
def test_words_that_do_not_go_together(words: Sequence[str]) -> None:
    with pytest.raises(usage.UsageError):
        options(*words)


def test_development_leaves_nothing_behind_when_it_cannot_be(tmp_path: Path) -> None:
    assert "smtp.lisen" in left_with("--dev", "--set", "smtp.lisen=x")
    assert "loopback only" in left_with("--dev", "--set", "smtp.listen=tcp:0:interface=0.0.0.0")
    assert "loop-gard" in left_with("--dev", "--set", 'handler=[{use="loop-gard"}]')
    silent = [f"{section}.{door}=[]" for section, door in LISTENERS]
    assert "nothing listens" in left_with("--dev", *(word for key in silent for word in ("--set", key)))
    assert left_with("--dev", "--check") == "0"
    assert list(tmp_path.iterdir()) == []


def test_without_a_configuration_it_says_where_it_looked() -> None:
    assert "--dev" in left_with()


def test_a_configuration_is_found_checked_and_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good(tmp_path)
    assert options().configuration.smtp.listen == ("tcp:0",)
    assert left_with("--check") == "0"
    assert capsys.readouterr() == ("The configuration is good.\n", "")


def test_accounts_that_others_may_read_are_told_and_are_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good(tmp_path)
    (tmp_path / "domains" / "example.test" / "users").chmod(0o644)
    assert left_with("--check") == "0"
    said = capsys.readouterr()
    assert said.out == "The configuration is good.\n"
    assert "open to others" in said.err and "chmod o-r" in said.err


def test_every_fault_is_said_once(tmp_path: Path) -> None:
    file = good(tmp_path)
    file.write_text(file.read_text() + '[[handler]]\nuse = "loop-gard"\n')
    (tmp_path / "domains" / "example.test" / "aliases").write_text("info: nobody\n")
    lines = left_with("--check", "--config", str(file)).splitlines()
    assert len(lines) == 2 and "aliases:1" in lines[0] and "loop-guard" in lines[1]
    for words in ([], ["--dev"]):
        lines = left_with(*words, "--config", str(file), "--set", "hostname=1").splitlines()
        assert "--set hostname: " in lines[0] and "handler[1]: " in lines[-1]


def test_an_alias_that_leads_astray_keeps_nobody_from_starting(tmp_path: Path) -> None:
    file = good(tmp_path)
    aliases = tmp_path / "domains" / "example.test" / "aliases"
    aliases.write_text("info: nobody\n")
    assert options("--config", str(file)).configuration.accounts.directory == str(tmp_path / "domains")
    assert "aliases:1" in left_with("--check", "--config", str(file))
    aliases.write_text("info nobody\n")  # a file that cannot be read does
    assert "aliases:1" in left_with("--config", str(file))


def test_handlers_are_made_for_check_alone(tmp_path: Path) -> None:
    file = good(tmp_path)
    file.write_text(file.read_text() + '[[handler]]\nuse = "loop-guard"\nmax_hops = "x"\n')
    assert options().configuration.handler[0].options == {"max_hops": "x"}
    assert "handler[1]: " in left_with("--check")


def test_no_toml(tmp_path: Path) -> None:
    (tmp_path / "mailgate.toml").write_text("hostname =")
    assert "mailgate.toml:1: " in left_with()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert left_with("--version") == "0"
    assert capsys.readouterr().out.startswith("mailgate ")


class FakeGateway:
    """Notes what is asked of it."""

    listening = (Listening("smtp.listen", "127.0.0.1", 2525),)

    def __init__(self, fails_in: str = "") -> None:
        self.asked: list[str] = []
        self._fails_in = fails_in

    def _note(self, name: str) -> None:
        self.asked.append(name)
        if name == self._fails_in:
            raise CannotStart(Fault("smtp.listen", "cannot listen"))

    def privilegedStartService(self) -> None:
        self._note("privileged")

    def startService(self) -> None:
        self._note("start")

    def cut(self) -> None:
        self._note("cut")

    def stopService(self) -> Any:
        self._note("stop")
        return succeed(None)


def test_the_service_passes_on_and_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "__stdout__", out)
    made = options("--dev", "--keep", "no", nodaemon=True)
    gateway: Any = FakeGateway()
    service = TwistdService(gateway, made)
    service.privilegedStartService()
    service.startService()
    assert "127.0.0.1:2525" in out.getvalue()
    service.stopService()
    assert gateway.asked == ["privileged", "start", "stop"]
    assert made.development is not None and not Path(made.development.directory).exists()


@pytest.mark.parametrize("phase", ["privileged", "start"])
@pytest.mark.parametrize(("nodaemon", "raised"), [(True, SystemExit), (False, CannotStart)])
def test_a_gateway_that_cannot_start_ends_twistd(phase: str, nodaemon: bool, raised: type[BaseException]) -> None:
    gateway: Any = FakeGateway(phase)
    service = TwistdService(gateway, options("--dev", nodaemon=nodaemon))
    with pytest.raises(raised, match="cannot listen"):
        service.privilegedStartService()
        service.startService()


@pytest.mark.parametrize(
    ("twistd", "ours"),
    [
        ({"nodaemon": True}, True),
        ({"nodaemon": True, "logger": "some.observer"}, False),
        ({"nodaemon": True, "syslog": True}, False),
        ({"nodaemon": False, "logfile": "mail.log"}, True),
    ],
)
def test_the_log_is_ours_unless_twistd_was_told_otherwise(tmp_path: Path, twistd: dict[str, Any], ours: bool) -> None:
    good(tmp_path)
    application = Application("mailgate")
    gateway: Any = FakeGateway()
    TwistdService(gateway, options(**twistd)).setServiceParent(application)
    assert (application.getComponent(ILogObserver, None) is not None) is ours


@pytest.mark.parametrize(("words", "expected"), [([], ""), (["-v"], "hello\n")])
def test_development_logs_warnings_to_standard_error(
    words: list[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)
    observe = tap._observer(options("--dev", *words, nodaemon=True))
    assert observe is not None
    from twisted.logger import LogLevel

    observe({"log_level": LogLevel.info, "log_format": "hello", "log_time": 0.0, "log_namespace": "x"})
    assert errors.getvalue().endswith(expected) and bool(errors.getvalue()) == bool(expected)


def test_making_the_service_touches_nothing(tmp_path: Path) -> None:
    good(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert IService.providedBy(makeService(options(nodaemon=True)))
    assert sorted(tmp_path.rglob("*")) == before
