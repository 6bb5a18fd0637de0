"""Where certificates are looked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mailgate.cli.tls_doors import MAX_NAMES, Lost, doors, names_to_ask_for, pairs_of
from mailgate.cli.tls_reaching import Door
from mailgate.config.model import HTTP, LMTP, POP3, SMTP, TLS, Config, Listener, Pair, Submission
from mailgate.limits.networks import Network
from tests.tls.support import Disk, certificate

CONFIG = Config(
    smtp=SMTP(listen=(Listener("tcp:25"), Listener("tcp6:26")), proxies=(Network("192.0.2.0/24"),)),
    submission=Submission(
        listen=(Listener("tcp:587:interface=192.0.2.1"),),
        listen_tls=(Listener("tcp:0"), Listener("tcp:465"), Listener("tcp:0")),
    ),
    lmtp=LMTP(listen=(Listener("unix:/run/lmtp"),)),
    http=HTTP(listen=(Listener("tcp:8025"),)),
    pop3=POP3(listen_tls=(Listener("systemd:domain=INET:index=0"),)),
)


def listening() -> Sequence[Mapping[str, Any]]:
    return [
        {"listener": key, "host": "0.0.0.0", "port": port}
        for key, port in (("pop3.listen", 1), ("submission.listen_tls", 4650), ("submission.listen_tls", 465),
                          ("submission.listen_tls", 4651), ("submission.listen_tls", 4652))
    ]  # fmt: skip


def shown(places: list[Door | Lost]) -> list[tuple[str, ...]]:
    return [
        (place.key, place.place, place.dialogue) if isinstance(place, Door) else (place.key, place.listener)
        for place in places
    ]


def test_on_this_machine() -> None:
    places = list(doors(CONFIG, "", listening))
    assert shown(places) == [
        ("smtp.listen", "127.0.0.1:25", "smtp"),
        ("smtp.listen", "127.0.0.1:26", "smtp"),
        ("submission.listen", "192.0.2.1:587", "smtp"),
        ("submission.listen_tls", "127.0.0.1:4650", "tls"),
        ("submission.listen_tls", "127.0.0.1:465", "tls"),
        ("submission.listen_tls", "127.0.0.1:4651", "tls"),
        ("lmtp.listen", "/run/lmtp", "lmtp"),
        ("pop3.listen_tls", "systemd:domain=INET:index=0"),
    ]
    first, last = places[0], places[4]
    assert isinstance(first, Door) and isinstance(last, Door)
    assert (first.is_proxy("192.0.2.7"), first.is_proxy("127.0.0.1"), last.is_proxy("192.0.2.7")) == (
        True,
        False,
        False,
    )


def test_on_another_one() -> None:
    assert [place[1] for place in shown(list(doors(CONFIG, "mx.test", listening)))] == [
        "mx.test:25", "mx.test:26", "mx.test:587", "mx.test:4650",
        "mx.test:465", "mx.test:4651", "/run/lmtp", "systemd:domain=INET:index=0",
    ]  # fmt: skip


def test_files_that_can_be_read(tmp_path: Path) -> None:
    main, other = Disk(tmp_path, "main"), Disk(tmp_path, "other")
    other.pair(certificate("other.test"))
    config = Config(
        tls=TLS(
            certificate=str(main.certificate),
            key=str(main.key),
            also=(Pair(certificate=str(other.certificate), key=str(other.key)),),
        )
    )
    said: list[str] = []
    first, second = pairs_of(config, lambda fault: said.append(str(fault)))
    assert first is None and second is not None and second.names == ("other.test",)
    assert said == [f"{file}: cannot be read: No such file or directory" for file in (main.certificate, main.key)]


def test_names(tmp_path: Path) -> None:
    one = Disk(tmp_path, "one").pair(certificate("one", dns=["mx.test", "*.mail.test"]))
    two = Disk(tmp_path, "two").pair(certificate("two", dns=["mx.test", *(f"{n}.test" for n in range(100))]))
    assert names_to_ask_for("a.test", (one, None), "") == ("a.test", "", "mx.test", "any.mail.test")
    assert names_to_ask_for("mx.test", (one,), "mx.test") == ("mx.test", "any.mail.test")
    assert names_to_ask_for("a.test", (None,), "b.test") == ("a.test", "b.test")
    many = names_to_ask_for("a.test", (one, two), "")
    assert (len(many), many[0]) == (MAX_NAMES, "a.test")
