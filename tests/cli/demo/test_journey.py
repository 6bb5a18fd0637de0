"""What each step reports, whatever comes of it. The clients are played; facts come from a real bulletin."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from mailgate.cli.demo import journey
from mailgate.cli.demo.clients import TIMEOUT_SECONDS, Trouble
from mailgate.cli.demo.journey import Door, Got, Journey, Sent, look_at
from mailgate.cli.demo.letters import letters
from mailgate.cli.demo.transcript import Line
from mailgate.cli.demo.wiretap import Chunk, Place, Wiretap
from mailgate.facts import Accepted, Delivered, Fact, Handled, NotDelivered
from tests.support import Facts, outcome_of, result_of, started

LETTER, IN_TLS = letters()[:2]
HANDLED = Handled(message="1", handler="h", result="passed", detail="", seconds=0.0)
DELIVERED = Delivered(message="1", recipient="a", maildrops=("a",), copies=("/mail/1",))
NOT_DELIVERED = NotDelivered(message="1", reason="no room", visible=())
ACCEPTED = Accepted(
    message="1", session="s", client="c", sender="", recipients=(), octets=1, reply_sent=True, discarded=False
)
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class AtOnce(Clock):
    """A reactor whose threads do not run beside it."""

    def getThreadPool(self) -> AtOnce:
        return self

    def callInThreadWithCallback(self, report: Callable[..., None], work: Callable[..., Any], *given: Any) -> None:
        try:
            result = work(*given)
        except Trouble as error:
            report(False, Failure(error))
        else:
            report(True, result)

    def callFromThread(self, work: Callable[..., Any], *given: Any) -> None:
        work(*given)


class Gateway:
    """As much of one as a journey asks for."""

    def __init__(self) -> None:
        self.bulletin = Facts()
        self.add_reader = self.bulletin.add


class Tap(Wiretap):
    """Has overheard a little."""

    def overheard(self) -> tuple[Chunk, ...]:
        return (Chunk("server", b"hello\r\n"),)


class Play:
    """A journey and its surroundings."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, facts: list[Fact], result: bytes | Trouble) -> None:
        self.reactor = AtOnce()
        self.gateway = Gateway()
        self.calls: list[tuple[Any, ...]] = []
        place = Place("127.0.0.1", 1)
        door = Door(place, Tap(self.reactor, place))
        gateway: Any = self.gateway
        self.journey = Journey(self.reactor, gateway, door, door, TLS)

        def client(*arguments: Any) -> bytes:
            self.calls.append(arguments[1:])
            for fact in facts:
                self.gateway.bulletin.tell(fact)
            if isinstance(result, Trouble):
                raise result
            return result

        monkeypatch.setattr(journey, "send", client)
        monkeypatch.setattr(journey, "fetch", client)

    def send(self) -> Sent:
        return result_of(self.journey.send(LETTER))

    def fetch(self) -> Got:
        return result_of(self.journey.fetch(LETTER))


def test_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(monkeypatch, [HANDLED, DELIVERED, ACCEPTED], b"")
    sent = play.send()
    assert sent.trouble == ""
    assert [fact.handler for fact in sent.handled] == ["h"]
    assert sent.copies == ("/mail/1",)
    assert sent.transcript.lines == (Line("server", b"hello"),)
    assert play.calls == [(LETTER, None)]


def test_each_letter_has_its_own_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(monkeypatch, [HANDLED, DELIVERED, ACCEPTED], b"")
    assert play.send() == play.send()


def test_tls_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(monkeypatch, [ACCEPTED], b"")
    result_of(play.journey.send(IN_TLS))
    result_of(play.journey.fetch(IN_TLS))
    assert play.calls == [(IN_TLS, TLS), (IN_TLS.recipient, TLS)]


def test_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Play(monkeypatch, [HANDLED, NOT_DELIVERED], Trouble("451")).send()
    assert sent.trouble == "451; the store said: no room"
    assert len(sent.handled) == 1 and sent.copies == ()


def test_taken_and_never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(monkeypatch, [HANDLED], b"")
    sending = started(play.journey.send(LETTER))
    play.reactor.advance(TIMEOUT_SECONDS)
    assert "never told" in outcome_of(sending).trouble


def test_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Play(monkeypatch, [], b"content")
    got = play.fetch()
    assert (got.content, got.trouble) == (b"content", "")
    assert got.transcript.lines == (Line("server", b"hello"),)
    assert play.calls == [(LETTER.recipient, None)]


def test_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    got = Play(monkeypatch, [], Trouble("-ERR")).fetch()
    assert (got.content, got.trouble) == (b"", "-ERR")


def test_look_at_a_file(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"a\nb\n" + bytes(10_000))
    kept = look_at(str(tmp_path / "one"))
    assert kept.octets == 10_004
    assert kept.first_lines[:2] == (b"a", b"b")
    with pytest.raises(FileNotFoundError):
        look_at(str(tmp_path / "two"))
