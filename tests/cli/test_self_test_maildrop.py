"""The client that fetches and removes, against scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from attrs import evolve

from mailgate.cli import self_test_connection, self_test_maildrop
from mailgate.cli.self_test_connection import Trouble
from mailgate.cli.self_test_maildrop import PAUSE_SECONDS, Account, Box, Client, LoginRefused, opened
from mailgate.cli.self_test_message import make_sample
from tests.cli.self_test_support import TLS, Host, Step, door

T = TypeVar("T")

OK: bytes = b"+OK\r\n"
GREETING: Step = (b"", OK)
USER: Step = (b"USER alice@example.test", OK)
QUIT: Step = (b"QUIT", OK)
OFFER: Step = (b"CAPA", b"+OK\r\nSTLS\r\n.\r\n")
STLS: tuple[Step, ...] = (GREETING, OFFER, (b"STLS", OK), (b"", TLS))
LOGIN: tuple[Step, ...] = (*STLS, USER, (b"PASS w", OK))
SAMPLE = make_sample("alice@example.test", "smtp.listen", datetime(2026, 11, 23, tzinfo=UTC))
HEAD = SAMPLE.content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    host = Host(tmp_path)
    monkeypatch.setattr(self_test_connection, "connect", host.connect)
    yield host
    host.end()


class Waits:
    """How long somebody has waited."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, seconds: float) -> None:
        self.seconds += seconds


def visit(host: Host, work: Callable[[Box], T], *steps: Step, key: str = "pop3.listen") -> T:
    host.will(*steps)
    account = Account("alice@example.test", "w", 5.0, wait=Waits())
    with opened(door(key, "tls" if key.endswith("tls") else "pop3"), account, host.trust()) as box:
        return work(box)


def lines(*said: bytes) -> bytes:
    return OK + b"".join(each + b"\r\n" for each in said) + b".\r\n"


@pytest.mark.parametrize("key", ["pop3.listen", "pop3.listen_tls"])
def test_what_is_there(host: Host, key: str) -> None:
    begin = LOGIN if key == "pop3.listen" else ((b"", TLS), GREETING, *LOGIN[4:])
    uids = visit(
        host, lambda box: (box.uids(), box.seen.version), *begin, (b"UIDL", lines(b"1 a", b"2 b")), QUIT, key=key
    )
    assert uids == ({"a": 1, "b": 2}, "TLSv1.3")


@pytest.mark.parametrize(
    ("told", "seconds"), [((b"LOGIN-DELAY 60 USER",), 60.0), ((b"TOP",), 0.0), ((b"LOGIN-DELAY x",), 0.0)]
)
def test_how_often_one_may_come(host: Host, told: tuple[bytes, ...], seconds: float) -> None:
    assert visit(host, Box.delay_seconds, *LOGIN, (b"CAPA", lines(*told)), QUIT) == seconds


def test_ours_are_found_and_fetched(host: Host) -> None:
    content = b"Received: x\r\n" + SAMPLE.content
    stuffed = OK + b"".join(
        (b"." + line if line.startswith(b".") else line) + b"\r\n" for line in content.split(b"\r\n")[:-1]
    )
    fetched = visit(
        host,
        lambda box: box.fetch(box.find([SAMPLE], {"a"})),
        *LOGIN,
        (b"UIDL", lines(b"1 a", b"2 b", b"3 c")),
        (b"TOP 2 0", lines(b"Subject: " + b"x" * 100_000, b"In-Reply-To: " + SAMPLE.message_id.encode(), b"")),
        (b"TOP 3 0", OK + HEAD + b".\r\n"),
        (b"RETR 3", stuffed + b".\r\n"),
        QUIT,
    )
    assert fetched == {SAMPLE.token: (content,)}


def test_they_alone_are_removed(host: Host) -> None:
    visit(host, lambda box: box.remove({"x": [3, 5], "y": [4]}), *LOGIN,
          (b"DELE 3", OK), (b"DELE 5", OK), (b"DELE 4", OK), QUIT)  # fmt: skip
    assert [line for line in host.heard if line.startswith((b"DELE", b"QUIT"))] == [
        b"DELE 3\r\n", b"DELE 5\r\n", b"DELE 4\r\n", b"QUIT\r\n",
    ]  # fmt: skip


def test_a_removal_that_failed(host: Host) -> None:
    with pytest.raises(Trouble, match=r"it says -ERR \[SYS/TEMP\] disk"):
        visit(host, lambda box: box.remove({"x": [3]}), *LOGIN, (b"DELE 3", OK), (b"QUIT", b"-ERR [SYS/TEMP] disk\r\n"))


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (b"-ERR [AUTH] no\r\n", LoginRefused, "it answers the login with -ERR [AUTH] no"),
        (b"-ERR no\r\n", LoginRefused, "it answers the login with -ERR no"),
        (b"-ERR [SYS/TEMP] later\r\n", Trouble, "it answers the login with -ERR [SYS/TEMP] later"),
        (b"", Trouble, "it closed the connection"),
    ],
)
def test_no_way_in(host: Host, answer: bytes, kind: type[Trouble], said: str) -> None:
    with pytest.raises(Trouble) as caught:
        visit(host, Box.uids, *STLS, USER, (b"PASS", answer))
    assert (type(caught.value), str(caught.value)) == (kind, said)


def test_a_maildrop_in_use_is_waited_for(host: Host) -> None:
    for code in (b"IN-USE", b"LOGIN-DELAY"):
        host.will(*STLS, USER, (b"PASS", b"-ERR [" + code + b"] later\r\n"))
    host.will(*LOGIN, QUIT)
    waits = Waits()
    with opened(door("pop3.listen", "pop3"), Account("alice@example.test", "w", 5.0, wait=waits), host.trust()):
        assert waits.seconds == 2 * PAUSE_SECONDS


def test_but_not_for_ever(host: Host) -> None:
    for _ in range(3):
        host.will(*STLS, USER, (b"PASS", b"-ERR [IN-USE] x\r\n"))
    account = Account("alice@example.test", "w", 1.0, wait=Waits())
    with (
        pytest.raises(Trouble, match=r"it says -ERR \[IN-USE\] x, for 1 seconds now"),
        opened(door("pop3.listen", "pop3"), account, host.trust()),
    ):
        raise AssertionError("it is in use")


def test_addresses_beyond_ascii(host: Host) -> None:
    host.will(*STLS, (b"UTF8", OK), ("USER jörg@example.test".encode(), OK), (b"PASS w", OK), QUIT)
    account = Account("jörg@example.test", "w", 5.0, utf8=True)
    with opened(door("pop3.listen", "pop3"), account, host.trust()) as box:
        assert box.seen.verified


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (((b"", b"-ERR [SYS/TEMP] full\r\n"),), r"it says -ERR \[SYS/TEMP\] full"),
        ((GREETING, OFFER, (b"STLS", b"-ERR no\r\n")), "it says -ERR no"),
        ((GREETING, (b"CAPA", b"+OK\r\nTOP\r\n.\r\n")), "STLS not supported"),
        ((*STLS, USER), "it says it closed the connection|it closed the connection|the connection broke"),
        ((*LOGIN, (b"UIDL", b"+OK\r\n" + b"x" * 100)), "it says it closed the connection"),
    ],
)
def test_what_may_break(host: Host, steps: tuple[Step, ...], said: str) -> None:
    with pytest.raises(Trouble, match=said):
        visit(host, Box.uids, *steps)


def test_a_line_without_end(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_test_maildrop, "LINE_OCTETS", 50)
    with pytest.raises(Trouble, match="the line is too long"):
        visit(host, Box.uids, *LOGIN, (b"UIDL", b"+OK\r\n" + b"x" * 100 + b"\r\n.\r\n"))


def test_a_connection_that_breaks(host: Host) -> None:
    def work(box: Box) -> None:
        raise TimeoutError("timed out")

    with pytest.raises(Trouble, match="the connection broke: timed out"):
        visit(host, work, *LOGIN)


def test_an_interruption_leaves_nothing_open(host: Host) -> None:
    boxes: list[Box] = []

    def work(box: Box) -> None:
        boxes.append(box)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        visit(host, work, *LOGIN)
    assert boxes[0].client.sock is None


def test_an_interrupted_login(host: Host) -> None:
    def wait(_: float) -> None:
        raise KeyboardInterrupt

    host.will(*STLS, USER, (b"PASS", b"-ERR [IN-USE] x\r\n"))
    account = evolve(Account("alice@example.test", "w", 5.0), wait=wait)
    with pytest.raises(KeyboardInterrupt), opened(door("pop3.listen", "pop3"), account, host.trust()):
        raise AssertionError("it is in use")


def test_a_login_that_is_cut_leaves_no_connection(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[Client] = []

    def cut_off(client: Client, _: str) -> bytes:
        cut.append(client)
        raise TimeoutError("timed out")

    monkeypatch.setattr(Client, "user", cut_off)
    with pytest.raises(Trouble, match="the connection broke: timed out"):
        visit(host, Box.uids, *STLS)
    assert [client.sock for client in cut] == [None]
