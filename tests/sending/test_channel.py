"""The connection to the smarthost: time-outs, TLS that is verified, back-pressure, and every way it can end."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IHandshakeListener, IPushProducer
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from zope.interface.verify import verifyObject

from mailgate.mail import Reply
from mailgate.sending.channel import CLOSE_SECONDS, COMMAND_SECONDS, Channel
from mailgate.sending.deadline import Deadline
from mailgate.sending.trouble import BROKEN, INSECURE, STRANGE, Trouble
from mailgate.sending.trust import verified
from tests.sending.support import DEFAULTS, HOST, Answers, Authority, Host, Link, hang_up, nothing
from tests.support import outcome_of, splits, started

LIMIT_SECONDS = 300.0
QUEUED = Reply(250, "2.0.0", "queued as 4711")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


class Bench:
    """A channel, connected to a host with these answers."""

    def __init__(
        self,
        host: Host | None = None,
        *,
        ca_file: str | None = None,
        name: str = HOST,
        implicit_tls: bool = False,
        answers: Answers | None = None,
    ) -> None:
        self.clock = Clock()
        self.host = host or Host(answers=answers)
        deadline = Deadline(self.clock, self.clock.seconds() + LIMIT_SECONDS)
        self.channel = Channel(name, verified(name, ca_file), deadline)
        self.link = Link(self.channel, self.host, self.clock, implicit_tls=implicit_tls)

    def ask(self, *commands: str) -> Deferred[Reply]:
        self.channel.send(*commands)
        return self.reply()

    def reply(self) -> Deferred[Reply]:
        waiting = started(self.channel.reply())
        self.link.pump()
        return waiting

    def greeted(self) -> Bench:
        assert outcome_of(self.reply()).code == 220
        return self

    def content(self, *blocks: bytes) -> Deferred[Reply]:
        """Send content; the host has said 354."""
        if "DATA" not in self.host.verbs():
            assert outcome_of(self.ask("DATA")).code == 354
        waiting = started(self.channel.content(block for block in blocks))
        self.link.pump()
        return waiting

    @property
    def aborted(self) -> bool:
        self.clock.advance(0)
        return self.link.client.lost

    def fails(self, waiting: Deferred[Any]) -> tuple[Reply, str]:
        """What the client hears and why; the connection is cut, and remains so."""
        self.clock.advance(0)
        with pytest.raises(Trouble) as error:
            outcome_of(waiting)
        assert self.aborted
        with pytest.raises(Trouble) as again:
            outcome_of(started(self.channel.reply()))
        assert again.value.reason == error.value.reason
        self.channel.quit()
        self.channel.abort()
        assert self.clock.getDelayedCalls() == []
        return error.value.reply, error.value.reason


def test_interfaces() -> None:
    channel = Bench().channel
    assert verifyObject(IPushProducer, channel) and verifyObject(IHandshakeListener, channel)


def test_any_transport_will_do() -> None:
    transport = StringTransport()
    channel: Any = Channel(HOST, verified(HOST, None), Deadline(Clock(), 1.0))
    channel.makeConnection(transport)
    channel.send("NOOP")
    assert transport.value() == b"NOOP\r\n"


def test_replies_in_their_order() -> None:
    bench = Bench(answers={"RCPT": ["250 2.1.5 a", "550 5.1.1 b"]}).greeted()
    assert bench.link.client.no_delay
    replies = [outcome_of(bench.ask("MAIL FROM:<>", "RCPT TO:<a>", "RCPT TO:<b>"))]
    replies += [outcome_of(bench.reply()) for _ in range(2)]
    assert [reply.text for reply in replies] == ["ok", "a", "b"]
    assert bench.clock.getDelayedCalls() == []


def test_a_response_to_a_challenge() -> None:
    bench = Bench(answers={"AUTH": "334 go", "c2VjcmV0": "235 ok"}).greeted()
    assert outcome_of(bench.ask("AUTH LOGIN")).code == 334
    bench.channel.respond("c2VjcmV0")
    assert outcome_of(bench.reply()).code == 235


def test_content_and_its_answer() -> None:
    bench = Bench().greeted()
    assert outcome_of(bench.content(b"Subject: a\n", b"\n.\n")) == QUEUED
    assert bench.host.content == b"Subject: a\r\n\r\n..\r\n.\r\n"


# Time-outs.


@pytest.mark.parametrize(("verb", "asked"), [("", "the greeting"), ("MAIL", "MAIL"), ("DATA", "DATA")])
def test_an_answer_that_does_not_come(verb: str, asked: str) -> None:
    bench = Bench(answers={verb: nothing})
    waiting = bench.greeted().ask(verb) if verb else bench.reply()
    bench.clock.advance(COMMAND_SECONDS - 0.1)
    assert not waiting.called
    bench.clock.advance(0.1)
    assert bench.fails(waiting) == (BROKEN, f"the smarthost does not answer {asked} in time")


def test_the_answer_to_the_final_dot_has_all_the_time_there_is() -> None:
    bench = Bench(answers={".": nothing}).greeted()
    waiting = bench.content(b"x\n")
    bench.clock.advance(LIMIT_SECONDS - 0.1)
    assert not waiting.called
    bench.clock.advance(0.1)
    assert bench.fails(waiting) == (BROKEN, "the smarthost does not answer the end of the message in time")


def test_all_answers_together_have_no_more_than_the_limit() -> None:
    bench = Bench(answers={"MAIL": nothing}).greeted()
    bench.clock.advance(LIMIT_SECONDS - 10)
    waiting = bench.ask("MAIL")
    bench.clock.advance(10)
    assert bench.fails(waiting)[0] == BROKEN


# Back-pressure.


def counted(blocks: list[bytes], taken: list[int]) -> Generator[bytes, None, None]:
    try:
        for number, block in enumerate(blocks):
            taken.append(number)
            yield block
    finally:
        taken.append(-1)  # closed


def test_a_host_that_does_not_read_is_waited_for() -> None:
    bench = Bench().greeted()
    outcome_of(bench.ask("DATA"))
    taken: list[int] = []
    bench.link.host.stuck = True
    waiting = started(bench.channel.content(counted([b"x" * 65_535 + b"\n"] * 10, taken)))
    assert taken == [0]  # no more than a block is in memory
    bench.link.host.stuck = False
    bench.link.pump()
    assert outcome_of(waiting) == QUEUED
    assert taken == [*range(10), -1]
    assert len(bench.host.content) == 10 * 65_537 + 3


def test_a_host_that_reads_no_more() -> None:
    bench = Bench().greeted()
    outcome_of(bench.ask("DATA"))
    taken: list[int] = []
    bench.link.host.stuck = True
    waiting = started(bench.channel.content(counted([b"x" * 65_535 + b"\n"] * 10, taken)))
    bench.clock.advance(LIMIT_SECONDS)
    assert bench.fails(waiting) == (BROKEN, "the smarthost does not take the message in time")
    assert taken == [0, -1]
    assert bench.host.content == b""


# What a host may not do.


@pytest.mark.parametrize("said", ["250 2.0.0 I have it already", "552 5.3.4 too big", "421 4.3.2 closing"])
def test_a_reply_in_the_midst_of_content_ends_it_without_the_final_dot(said: str) -> None:
    bench = Bench().greeted()
    outcome_of(bench.ask("DATA"))
    bench.link.host.stuck = True
    waiting = started(bench.channel.content(b"x" * 65_535 + b"\n" for _ in range(2)))
    bench.host.say(said)
    bench.link.host.deliver()
    assert bench.fails(waiting) == (STRANGE, f"the smarthost says unasked: {said}")
    assert bench.host.content == b""


@pytest.mark.parametrize("blocks_after", [0, 10])
def test_a_reply_while_a_block_is_read(blocks_after: int) -> None:
    bench = Bench().greeted()
    outcome_of(bench.ask("DATA"))
    taken: list[int] = []

    def blocks() -> Generator[bytes, None, None]:
        yield b"x\n"
        bench.host.say("250 2.0.0 I have it already")
        bench.link.host.deliver()
        yield from counted([b"x\n"] * blocks_after, taken)

    assert bench.fails(started(bench.channel.content(blocks())))[0] == STRANGE
    assert bench.host.content == b"" and taken == ([0, -1] if blocks_after else [-1])  # no more is read


def test_what_is_no_reply() -> None:
    bench = Bench(answers={"MAIL": b"hello\r\n250 ok\r\n"}).greeted()
    reply, reason = bench.fails(bench.ask("MAIL"))
    assert reply == STRANGE and reason == "the smarthost sends what is no reply: 'hello'"


def test_a_reply_too_many_is_found_before_the_next_command() -> None:
    bench = Bench(answers={"MAIL": b"250 ok\r\n250 more\r\n"}).greeted()
    assert outcome_of(bench.ask("MAIL")).text == "ok"
    assert bench.fails(started(speaking(bench, "RCPT"))) == (STRANGE, "the smarthost says unasked: 250 more")
    assert bench.host.said == ["MAIL"]


@pytest.mark.parametrize("word", ["RCPT", "=", "."])
def test_half_a_reply_too_many_is_found_before_we_speak(word: str) -> None:
    bench = Bench(answers={"MAIL": b"250 ok\r\n2"}).greeted()
    if word == ".":
        bench.host.answers["DATA"] = b"354 go\r\n2"
        assert outcome_of(bench.ask("DATA")).code == 354
    else:
        assert outcome_of(bench.ask("MAIL")).code == 250
    assert bench.fails(started(speaking(bench, word))) == (
        STRANGE,
        "the smarthost says unasked what is not even a whole reply",
    )
    assert bench.host.said == [bench.host.said[0]] and bench.host.content == b""


def test_half_a_reply_that_is_due_does_not_matter() -> None:
    bench = Bench(answers={"MAIL": b"250 ok\r\n25", "RCPT": b"1 ok\r\n", "NOOP": "250 noop"}).greeted()
    assert outcome_of(bench.ask("MAIL", "RCPT")).text == "ok"
    bench.channel.send("NOOP")
    assert [outcome_of(bench.reply()).text for _ in range(2)] == ["ok", "noop"]


@given(st.data())
def test_what_came_before_the_final_dot_is_no_answer_to_it(data: st.DataObject) -> None:
    ahead = data.draw(st.sampled_from([b"2", b"250 ", b"250-a\r\n", b"250 queued\r\n", b"250 a\r\n250 b\r\n"]))
    bench = Bench(answers={"DATA": nothing, ".": "550 5.7.1 no"}).greeted()
    bench.channel.send("DATA")
    waiting = started(sending(bench))
    for block in data.draw(splits(b"354 go\r\n" + ahead)):
        bench.channel.dataReceived(block)
    bench.link.pump()
    assert bench.fails(waiting)[0] == STRANGE
    assert bench.host.said in ([], ["DATA"]) and bench.host.content == b""


async def speaking(bench: Bench, word: str) -> None:
    """Say a command, a response or the final dot."""
    if word == ".":
        await bench.channel.content(block for block in (b"x\n",))
    elif word == "=":
        bench.channel.respond("word")
    else:
        bench.channel.send(word)


async def sending(bench: Bench) -> Reply:
    """As a dialogue does it: without a pause between the reply and the content."""
    assert (await bench.channel.reply()).code == 354
    return await bench.channel.content(block for block in (b"x\n",))


# Ends.


@pytest.mark.parametrize(("verb", "asked"), [("", "the greeting"), ("MAIL", "MAIL"), ("DATA", "DATA")])
def test_a_connection_that_breaks(verb: str, asked: str) -> None:
    bench = Bench(answers={verb: hang_up})
    waiting = bench.greeted().ask(verb) if verb else bench.reply()
    reply, reason = bench.fails(waiting)
    assert reply == BROKEN and reason.startswith(f"the connection to the smarthost broke at {asked}: ")


def test_a_connection_that_breaks_after_the_final_dot() -> None:
    bench = Bench(answers={".": hang_up}).greeted()
    reply, reason = bench.fails(bench.content(b"x\n"))
    assert reply == BROKEN and "the end of the message" in reason


def test_a_connection_that_breaks_in_the_midst_of_content() -> None:
    bench = Bench().greeted()
    outcome_of(bench.ask("DATA"))
    bench.link.host.stuck = True
    taken: list[int] = []
    waiting = started(bench.channel.content(counted([b"x" * 65_535 + b"\n"] * 10, taken)))
    bench.channel.stopProducing()
    bench.link.client.lose(ConnectionLost())
    reply, reason = bench.fails(waiting)
    assert reply == BROKEN and "broke at the message" in reason
    assert taken == [0, -1]


def test_last_words_are_heard() -> None:
    def answer_and_leave(host: Host) -> None:
        host.say("250 2.0.0 queued as 4711")
        hang_up(host)

    bench = Bench(answers={".": answer_and_leave}).greeted()
    assert outcome_of(bench.content(b"x\n")) == QUEUED


def test_a_message_that_cannot_be_read_to_its_end() -> None:
    bench = Bench().greeted()
    outcome_of(bench.ask("DATA"))

    def blocks() -> Generator[bytes, None, None]:
        yield b"x\n"
        raise OSError("a bad sector")

    waiting = started(bench.channel.content(blocks()))
    with pytest.raises(OSError, match="a bad sector"):
        outcome_of(waiting)
    assert bench.aborted and bench.host.content == b""


def test_quit_is_answered_and_then_closed() -> None:
    bench = Bench().greeted()
    bench.channel.quit()
    bench.channel.quit()
    bench.link.pump()
    assert bench.host.said == ["QUIT"] and bench.host.closed
    assert bench.clock.getDelayedCalls() == []


def test_a_host_that_does_not_answer_quit_is_cut_off() -> None:
    bench = Bench(answers={"QUIT": nothing}).greeted()
    bench.channel.quit()
    bench.link.pump()
    bench.clock.advance(CLOSE_SECONDS - 0.1)
    assert not bench.aborted
    bench.clock.advance(0.1)
    assert bench.aborted


def test_a_host_that_answers_quit_and_does_not_close_is_left() -> None:
    bench = Bench(answers={"QUIT": lambda host: host.say("221 bye")}).greeted()
    bench.channel.quit()
    bench.link.pump()
    assert bench.aborted and bench.clock.getDelayedCalls() == []


# Cancellation.


def test_cancelled_before_the_final_dot() -> None:
    bench = Bench().greeted()
    outcome_of(bench.ask("DATA"))
    bench.link.host.stuck = True
    waiting = started(bench.channel.content(b"x" * 65_535 + b"\n" for _ in range(2)))
    waiting.cancel()
    with pytest.raises(CancelledError):
        outcome_of(waiting)
    assert bench.aborted and bench.host.content == b""
    assert bench.clock.getDelayedCalls() == []


def test_cancelled_after_the_final_dot_the_answer_is_not_lost() -> None:
    bench = Bench(answers={".": nothing}).greeted()
    waiting = bench.content(b"x\n")
    done: list[Reply] = []
    waiting.addCallback(done.append)
    waiting.cancel()
    waiting.cancel()
    assert not bench.aborted
    bench.host.say(DEFAULTS["."])
    bench.link.pump()
    assert done == [QUEUED]


# TLS.


def secured(bench: Bench) -> Deferred[None]:
    """STARTTLS."""
    assert outcome_of(bench.ask("STARTTLS")).code == 220
    waiting = started(bench.channel.start_tls())
    bench.link.pump()
    return waiting


@pytest.mark.parametrize("name", [HOST, "192.0.2.7", "2001:db8::7"])
def test_starttls_with_the_right_certificate(name: str, authority: Authority) -> None:
    bench = Bench(Host(tls=authority.server(name)), ca_file=authority.file, name=name).greeted()
    outcome_of(secured(bench))
    assert outcome_of(bench.ask("MAIL")).code == 250
    assert outcome_of(bench.content(b"x" * 65_535 + b"\n", b"x" * 65_535 + b"\n", b"x\n")) == QUEUED
    assert bench.host.content.endswith(b"x\r\nx\r\n.\r\n")
    bench.channel.quit()
    bench.link.pump()
    assert bench.host.closed and bench.clock.getDelayedCalls() == []


def test_records_of_one_read_come_before_we_speak(authority: Authority) -> None:
    def answer_twice(host: Host) -> None:
        host.say("354 go")
        host.say("250 2.0.0 I have it already")

    answers: Answers = {"DATA": answer_twice, ".": "550 5.7.1 no"}
    bench = Bench(Host(tls=authority.server(HOST), answers=answers), ca_file=authority.file).greeted()
    outcome_of(secured(bench))
    bench.channel.send("DATA")
    waiting = started(sending(bench))
    bench.link.pump()
    assert bench.fails(waiting) == (STRANGE, "the smarthost says unasked: 250 2.0.0 I have it already")
    assert bench.host.verbs() == ["STARTTLS", "DATA"]


def test_tls_that_breaks_in_the_midst_of_content(authority: Authority) -> None:
    bench = Bench(Host(tls=authority.server(HOST)), ca_file=authority.file).greeted()
    outcome_of(secured(bench))
    outcome_of(bench.ask("DATA"))
    bench.link.host.stuck = True
    waiting = started(bench.channel.content(b"x" * 65_535 + b"\n" for _ in range(2)))
    bench.channel.abort()
    assert bench.fails(waiting)[0] == BROKEN


def test_tls_from_the_start(authority: Authority) -> None:
    bench = Bench(Host(tls=authority.server(HOST)), ca_file=authority.file, implicit_tls=True)
    waiting = started(bench.channel.start_tls())
    bench.link.pump()
    outcome_of(waiting)
    bench.greeted()


@pytest.mark.parametrize(
    ("names", "name", "reason"),
    [
        (("other.example.org",), HOST, f"the smarthost's certificate is not for {HOST}"),
        (("192.0.2.8", HOST), "192.0.2.7", "the smarthost's certificate is not for 192.0.2.7"),
        (("other.example.org", "*.example.net"), HOST, f"not for {HOST}"),
    ],
)
def test_a_certificate_for_somebody_else(names: tuple[str, ...], name: str, reason: str, authority: Authority) -> None:
    bench = Bench(Host(tls=authority.server(*names)), ca_file=authority.file, name=name).greeted()
    reply, why = bench.fails(secured(bench))
    assert reply == INSECURE and reason in why
    assert bench.host.said == ["STARTTLS"]


def test_a_certificate_from_nobody_we_know(authority: Authority, tmp_path: Path) -> None:
    for ca_file in (None, Authority.make(tmp_path).file):
        bench = Bench(Host(tls=authority.server(HOST)), ca_file=ca_file).greeted()
        reply, why = bench.fails(secured(bench))
        assert reply == INSECURE and "smarthost_ca" in why


def silent(host: Host) -> None:
    """An act: grant STARTTLS, and leave it at that."""
    host.say("220 go")
    host.deaf = True


def test_a_handshake_that_does_not_end() -> None:
    bench = Bench(answers={"STARTTLS": silent}).greeted()
    waiting = secured(bench)
    bench.clock.advance(COMMAND_SECONDS)
    assert bench.fails(waiting) == (INSECURE, "the smarthost does not finish the TLS handshake in time")


def test_a_host_that_speaks_in_clear_where_tls_is_due() -> None:
    bench = Bench()
    waiting = started(bench.channel.start_tls())
    bench.link.pump()
    reply, why = bench.fails(waiting)
    assert reply == INSECURE and why.startswith("no TLS with the smarthost: ")


def test_a_host_that_goes_away_in_the_handshake() -> None:
    bench = Bench(answers={"STARTTLS": silent}).greeted()
    waiting = secured(bench)
    hang_up(bench.host)
    bench.link.pump()
    reply, why = bench.fails(waiting)
    assert reply == INSECURE and "broke in the TLS handshake" in why


@pytest.mark.parametrize("ahead", [b"2", b"250 injected\r\n", b"250-a\r\n"])
def test_replies_ahead_of_the_handshake_are_not_believed(ahead: bytes) -> None:
    bench = Bench(answers={"STARTTLS": b"220 go\r\n" + ahead}).greeted()
    reply, why = bench.fails(started(ask_for_tls(bench)))
    assert reply == INSECURE and "in clear between" in why


async def ask_for_tls(bench: Bench) -> None:
    """As a dialogue does it: without a pause between the reply and the handshake."""
    bench.channel.send("STARTTLS")
    reply = started(bench.channel.reply())
    starting: Deferred[None] = Deferred()

    def begin(answer: Reply) -> None:
        assert answer.code == 220
        started(bench.channel.start_tls()).chainDeferred(starting)

    reply.addCallback(begin)
    bench.link.pump()
    await starting
