"""What is wrong with what a configuration leads to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from zope.interface import implementer

from mailgate.config import HTTP, LMTP, TLS, Config, Handler, Listener, Reading, Store, Submission
from mailgate.development import write_certificate
from mailgate.faults import Fault
from mailgate.interfaces import IMessageHandler
from mailgate.mail import PASS, Message, Verdict
from mailgate.service import inspect

MADE: list[int] = []


@implementer(IMessageHandler)
class Picky:
    """Notes that it was made."""

    def __init__(self, number: int) -> None:
        MADE.append(number)
        if number < 0:
            raise ValueError("not a number that I like")

    def handle(self, message: Message) -> Verdict:
        return PASS


def picky(number: int) -> Handler:
    return Handler(use=f"{__name__}:Picky", options={"number": number})


@pytest.fixture(autouse=True)
def _none_made() -> None:
    MADE.clear()


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    certificate, key = write_certificate(str(tmp_path))
    return {
        "state": str(tmp_path),
        "tls": TLS(certificate=certificate, key=key),
        "store": Store(directory=str(tmp_path / "mail")),
    }


def found(config: Config | None, *, build: bool = False, **more: Any) -> list[str]:
    return [str(fault) for fault in inspect(Reading(config, **more), build=build)]


def test_nothing_wrong(settings: dict[str, Any]) -> None:
    config = Config(**settings, handler=(Handler(use="loop-guard"), picky(1)))
    assert found(config) == found(config, build=True) == []
    assert found(Config(state=settings["state"])) == []
    assert MADE == [1]


def test_everything_at_once(settings: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "mail").touch()
    settings["tls"] = TLS(certificate=str(tmp_path / "none.pem"), key=settings["tls"].certificate)
    handlers = (Handler(use="loop-gard"), Handler(use="loop-guard"), Handler(use="add-field", name="mark"))
    faults = found(Config(**settings, handler=handlers), faults=(Fault("hostname", "bad"),), path="m.toml")
    assert [fault.replace(f"{tmp_path}/", "").split(" (")[0] for fault in faults] == [
        "hostname: bad",
        "m.toml: store.directory: mail is not a directory",
        "m.toml: tls.certificate: none.pem cannot be read: No such file or directory",
        "m.toml: tls.key: cert.pem has no PEM key that can be read",
        "m.toml: handler[1]: no handler is called 'loop-gard'",
        "m.toml: handler[3].field: missing: add-field needs it",
        "m.toml: handler[3].value: missing: add-field needs it",
    ]
    assert f"relative paths belong to state, {tmp_path}" in faults[2]


def test_one_file_for_certificate_and_key(settings: dict[str, Any]) -> None:
    key = settings["tls"].key
    settings["tls"] = TLS(certificate=key, key=key)
    assert found(Config(**settings)) == [f"tls: {key} has no PEM certificate"]


def test_handlers_are_made_only_when_that_is_asked(settings: dict[str, Any]) -> None:
    config = Config(**settings, handler=(picky(-1), picky(2)))
    assert found(config) == [] == MADE
    (fault,) = found(config, build=True)
    assert fault.startswith("handler[1]: ") and "not a number that I like" in fault
    assert MADE == [-1, 2]


def test_what_was_not_understood_is_not_judged(settings: dict[str, Any], tmp_path: Path) -> None:
    misfit = Fault("handler[1].use", "missing")
    assert found(None, faults=(misfit,)) == [str(misfit)]
    assert found(Config(**settings, handler=(Handler(use=""),)), faults=(misfit,)) == [str(misfit)]
    certificate = str(tmp_path / "none.pem")
    config = Config(state=str(tmp_path), tls=TLS(certificate=certificate), handler=(Handler(use="loop-gard"),))
    assert [fault.split(":")[0] for fault in found(config)] == ["tls.certificate", "handler[1]"]
    assert [fault.split(":")[0] for fault in found(config, misfits=("state",))] == ["handler[1]"]


# The smarthost, and sockets.


def with_smarthost(directory: Path, url: str = "smtps://user@relay.example.org", **more: str) -> Config:
    password = directory / "password"
    password.write_text("secret\n")
    password.chmod(0o600)
    submission = {"smarthost": url, "smarthost_password": str(password), **more}
    return Config(state=str(directory), hostname="mx.example.test", submission=Submission(**submission))  # type: ignore[arg-type]


def test_a_smarthost_with_nothing_wrong(tmp_path: Path) -> None:
    assert found(with_smarthost(tmp_path)) == []
    assert found(with_smarthost(tmp_path, "smtp://relay.example.org", smarthost_password="")) == []


def test_a_smarthost_that_is_none_has_been_told_of(tmp_path: Path) -> None:
    assert found(with_smarthost(tmp_path, "relay")) == []
    assert found(with_smarthost(tmp_path), misfits=("submission.smarthost",)) == []


def test_what_is_wrong_with_a_smarthost(tmp_path: Path) -> None:
    (missing,) = found(with_smarthost(tmp_path, smarthost_password=str(tmp_path / "none")))
    assert missing.startswith("submission.smarthost_password: ") and "none" in missing and "No such file" in missing
    (tmp_path / "empty").write_text("")
    (empty,) = found(with_smarthost(tmp_path, smarthost_password=str(tmp_path / "empty")))
    assert empty.startswith("submission.smarthost_password: ")
    (unknown,) = found(with_smarthost(tmp_path, smarthost_ca=str(tmp_path / "empty")))
    assert unknown.startswith("submission.smarthost_ca: ")
    (nowhere,) = found(with_smarthost(tmp_path, smarthost_ca=str(tmp_path / "none")))
    assert nowhere.startswith("submission.smarthost_ca: ") and "No such file" in nowhere


def test_a_socket_in_a_directory_that_is_not_there(tmp_path: Path) -> None:
    (fault,) = found(Config(state=str(tmp_path), lmtp=LMTP(listen=(Listener(f"unix:{tmp_path}/run/lmtp"),))))
    assert fault.startswith("lmtp.listen: ") and f"{tmp_path}/run" in fault


def test_what_would_not_keep_it_from_working_is_told_by_check(tmp_path: Path) -> None:
    config = with_smarthost(tmp_path, "smtps://user@mx.example.test")
    (tmp_path / "password").chmod(0o644)
    assert found(config) == []
    ourselves, open_to_all = found(config, build=True)
    assert ourselves.startswith("submission.smarthost: ") and "loop" in ourselves
    assert open_to_all.startswith("submission.smarthost_password: ") and "chmod 600" in open_to_all


def test_http(settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789")
    listen = (Listener("tcp:8025:interface=127.0.0.1"),)
    config = Config(**settings, http=HTTP(listen=listen, token=str(token)))
    assert found(config) == []
    (readable,) = found(config, build=True)
    assert readable == f"http.token: others can read {token} (chmod 600 {token})"
    token.chmod(0o600)
    assert found(config, build=True) == []
    token.write_text("brief")
    (fault,) = found(config)
    assert fault.startswith("http.token: ") and "openssl rand" in fault
    monkeypatch.setattr("mailgate.service.inspection.has_http", lambda: False)
    missing, _ = found(config)
    assert missing == "http.listen: its packages are not installed (pip install 'mailgate[http]')"
    assert len(found(Config(**settings, http=HTTP(listen=listen)))) == 1  # that it has no token is said elsewhere
