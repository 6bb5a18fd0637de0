"""What is said of a certificate that a port has shown."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from mailgate.cli.tls_probe import Served
from mailgate.cli.tls_reaching import Door
from mailgate.cli.tls_report import failure, file_failure, row, show
from mailgate.faults import Fault
from mailgate.tls.pair import Pair
from tests.tls.support import DAY, KEY, NOW, OTHER_KEY, Disk, certificate

DOOR = Door("pop3.listen", "127.0.0.1", 110, "pop3")


def served(chain: bytes, distrust: str = "") -> Served:
    der = ssl.PEM_cert_to_DER_cert(chain.decode())
    return Served(der, "TLSv1.3", "TLS_AES_256_GCM_SHA384", distrust)


SELF = certificate("mx.test", serial=1, dns=["mx.test", "*.mail.test"], addresses=["192.0.2.1"])
SIGNED = certificate("mx.test", KEY, "ca", OTHER_KEY, serial=2)


def wrong(
    chain: bytes, asked: str = "", distrust: str = "", now: float = NOW, pairs: tuple[Pair | None, ...] = ()
) -> list[str]:
    found: list[str] = row(DOOR, asked, served(chain, distrust), pairs, "mx.test", now)["wrong"]
    return found


def test_a_row(tmp_path: Path) -> None:
    pair = Disk(tmp_path).pair(SELF)
    assert row(DOOR, "mx.test", served(SELF, "self-signed certificate"), (pair,), "mx.test", NOW) == {
        "listener": "pop3.listen",
        "place": "127.0.0.1:110",
        "begin": "STLS",
        "asked": "mx.test",
        "protocol": "TLSv1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "names": ["mx.test", "*.mail.test", "192.0.2.1"],
        "issuer": "CN=mx.test",
        "serial": "01",
        "sha256": pair.fingerprint,
        "not_before": int(NOW - DAY),
        "not_after": int(NOW + 90 * DAY),
        "days_left": 90,
        "self_signed": True,
        "verified": False,
        "reason": "self-signed certificate",
        "wrong": [],
        "remarks": [],
    }


@pytest.mark.parametrize("asked", ["", "mx.test", "any.mail.test", "192.0.2.1"])
def test_names_that_are_its_own(asked: str) -> None:
    assert wrong(SELF, asked, "self-signed certificate") == []


def test_what_is_wrong() -> None:
    assert wrong(SELF, "other.test") == [
        "it is not for other.test, but for mx.test, *.mail.test, 192.0.2.1: "
        "get one for that name, or have clients ask for a name that it has"
    ]
    assert wrong(SIGNED, "mx.test", "unable to get local issuer certificate") == [
        "clients do not trust it: unable to get local issuer certificate"
    ]
    assert wrong(SIGNED, "mx.test", "certificate has expired", NOW + 91 * DAY) == ["it has expired on 2026-12-20"]
    assert wrong(SIGNED, "mx.test", "certificate is not yet valid", NOW - 2 * DAY) == [
        "it is not valid before 2026-09-20"
    ]
    # It is that of an intermediate.
    assert wrong(SIGNED, "mx.test", "certificate has expired") == ["clients do not trust it: certificate has expired"]


def test_what_is_not_what_the_file_has(tmp_path: Path) -> None:
    main, other = Disk(tmp_path, "main").pair(SIGNED), Disk(tmp_path, "other").pair(certificate("other.test"))
    (what,) = wrong(SELF, "mx.test", pairs=(main, other))
    assert what.startswith(f"{main.files.certificate} has another one now, serial 02: ")
    assert wrong(SIGNED, "mx.test", pairs=(main, other)) == wrong(SIGNED, "", pairs=(main, other)) == []
    assert wrong(SIGNED, "", pairs=(None, other)) == []  # nobody knows what the main one should be


def test_another_name_than_that_of_the_file(tmp_path: Path) -> None:
    main = Disk(tmp_path, "main").pair(SIGNED)
    name, file = wrong(certificate("old.test"), "mx.test", pairs=(main,))
    assert name == "it is not for mx.test, but for old.test"  # and the other sentence says what to do
    assert file.startswith(f"{main.files.certificate} has another one now, serial 02: ")
    assert "get one" in wrong(certificate("old.test"), "mx.test", pairs=(None,))[0]


def test_dates_and_the_name_are_both_told() -> None:
    dates, name = wrong(SIGNED, "other.test", "certificate has expired", NOW + 91 * DAY)
    assert dates.startswith("it has expired on ") and name.startswith("it is not for other.test, ")


def test_what_is_soon_to_be_done() -> None:
    for days, remarks in ((15, []), (14, ["renew it: 14 days are left"]), (0, ["renew it: 0 days are left"]), (-1, [])):
        assert row(DOOR, "", served(SIGNED), (), "mx.test", NOW + (90 - days) * DAY)["remarks"] == remarks


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    evil = served(certificate("evil\x1b[31m", KEY, "ca", OTHER_KEY, serial=3, dns=[]), "no issuer")
    soon = NOW + 80 * DAY
    rows = [
        row(DOOR, "", served(SELF, "self-signed certificate"), (), "mx.test", soon),
        row(DOOR, "mx.test", served(SELF, "self-signed certificate"), (), "mx.test", soon),
        row(DOOR, "mx.other.test", evil, (), "mx.test", NOW),
        failure(Door("lmtp.listen", "/run/lmtp", 0, "lmtp"), "", "nobody answers: Connection refused"),
        row(Door("pop3.listen_tls", "127.0.0.1", 995, "tls"), "mx.test", served(SIGNED), (), "mx.test", NOW),
    ]
    show(rows)
    assert (
        capsys.readouterr().out
        == """\
pop3.listen  127.0.0.1:110  STLS
  asked for no name, mx.test
    names    mx.test, *.mail.test, 192.0.2.1
    issuer   CN=mx.test
    serial   01
    valid    2026-09-20 to 2026-12-20, 10 days left
    TLS      TLSv1.3 TLS_AES_256_GCM_SHA384
    trusted  no, it is self-signed
    remark   renew it: 10 days are left
  asked for mx.other.test
    names    CN=evil\\x1b[31m
    issuer   CN=ca
    serial   03
    valid    2026-09-20 to 2026-12-20, 90 days left
    TLS      TLSv1.3 TLS_AES_256_GCM_SHA384
    trusted  no: no issuer
    WRONG    it is not for mx.other.test, but for CN=evil\\x1b[31m: get one for
             that name, or have clients ask for a name that it has
lmtp.listen  /run/lmtp  STARTTLS
  asked for no name
    WRONG    nobody answers: Connection refused
pop3.listen_tls  127.0.0.1:995  TLS
  asked for mx.test
    names    mx.test
    issuer   CN=ca
    serial   02
    valid    2026-09-20 to 2026-12-20, 90 days left
    TLS      TLSv1.3 TLS_AES_256_GCM_SHA384
    trusted  yes
2 of 5 questions had a wrong answer.
"""
    )
    show(rows[:1])
    assert capsys.readouterr().out.endswith("Nothing is wrong.\n")


def test_a_file_that_somebody_else_may_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key.pem"
    key.touch()
    fault = Fault(str(key), "cannot be read: Permission denied", "a hint")
    assert file_failure(fault)["wrong"] == ["cannot be read: Permission denied (a hint)"]
    monkeypatch.setattr("mailgate.cli.tls_report.os.access", lambda *_: False)
    (said,) = file_failure(fault)["wrong"]
    assert said.endswith("(a hint); if mailgate runs as another user, run this as that user, or as root")


def test_files_are_counted_apart_from_questions(capsys: pytest.CaptureFixture[str]) -> None:
    show([file_failure(Fault(name, "is wrong")) for name in ("/a", "/b")] + [failure(DOOR, "", "nobody answers")])
    assert capsys.readouterr().out.endswith(
        "2 configured files cannot be used.\n1 of 1 questions had a wrong answer.\n"
    )
