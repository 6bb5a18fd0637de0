"""A machine between: what is not shaped goes through it untouched."""

from __future__ import annotations

from twisted.internet.task import Clock

from mailgate.interference.machine import InterferedMachine
from mailgate.interference.shaping import DROPPED, Manner, Shaped
from mailgate.mail import Reply
from mailgate.smtp import events
from mailgate.smtp.machine import SMTPMachine
from mailgate.wire.output import After, Output
from tests.pop3.support import gather
from tests.support import result_of

GREETING = Reply(220, "", "mx.example.test")
OK = Reply(250, "2.0.0", "OK")


def greeted() -> InterferedMachine:
    machine = InterferedMachine(SMTPMachine(), Clock())
    assert isinstance(machine.next_event(), events.Connected)
    assert machine.send(GREETING) == Output(b"220 mx.example.test\r\n")
    return machine


def test_everything_is_the_real_machines() -> None:
    machine = greeted()
    machine.receive(b"NOOP\r\nNOO")
    assert machine.buffered == 9
    assert machine.next_event() == events.Noop()
    assert machine.said == "NOOP"
    assert machine.next_event() is None
    assert machine.send(OK) == Output(b"250 2.0.0 OK\r\n")
    assert machine.next_event() is None
    assert machine.buffered == 3


def test_nothing_comes_after_a_drop() -> None:
    machine = greeted()
    machine.receive(b"NOOP\r\nNOOP\r\n")
    machine.next_event()
    assert machine.send(DROPPED) == Output(b"", After.CLOSE)
    assert machine.next_event() is None


def cut(octets: int) -> tuple[bytes, After]:
    machine = greeted()
    machine.receive(b"NOOP\r\nNOOP\r\n")
    machine.next_event()
    output = machine.send(Shaped(OK, Manner(drop_after_octets=octets)))
    assert machine.next_event() is None
    assert output.body is not None
    return output.octets + result_of(gather(output.body)), output.after


def test_cut() -> None:
    assert cut(5) == (b"250 2", After.CLOSE)
    assert cut(0) == (b"", After.CLOSE)
    assert cut(1_000) == (b"250 2.0.0 OK\r\n", After.CLOSE)


def test_a_slow_reply_leads_where_a_quick_one_does() -> None:
    machine = greeted()
    machine.receive(b"EHLO x\r\nMAIL FROM:<>\r\n")
    machine.next_event()
    output = machine.send(Shaped(OK, Manner(octets_per_second=1e9)))
    assert output.after is After.GO_ON
    assert isinstance(machine.next_event(), events.Mail)
