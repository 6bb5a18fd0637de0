"""One transaction: what is kept of its content, and what is said of what is not."""

from __future__ import annotations

import errno

import pytest

from mailgate.delivery import FAILED, FULL
from mailgate.mail import Refused, Reply
from mailgate.smtp.transaction import Transaction, too_big
from mailgate.wire.content import ContentFault
from tests.smtp.support import Spools
from tests.support import a_message, recipient


class Bench:
    def __init__(self, max_octets: int = 20) -> None:
        self.spools = Spools()
        self.transaction = Transaction(a_message().envelope, self.spools, max_octets)

    def refusal(self, fault: str | None = None) -> Reply:
        with pytest.raises(Refused) as refusal:
            self.transaction.freeze(fault)
        return refusal.value.reply


def test_recipients_are_gathered_in_order() -> None:
    transaction = Bench().transaction
    for name in ("a@example.test", "b@example.test", "a@example.test"):
        transaction.add(recipient(name))
    assert [to.path.local_part for to in transaction.envelope.recipients] == ["a", "b", "a"]


def test_from_nothing_to_a_body() -> None:
    bench = Bench()
    assert (bench.transaction.receiving, bench.transaction.octets) == (False, 0)
    bench.transaction.begin_content()
    assert (bench.transaction.receiving, bench.transaction.octets) == (True, 0)
    bench.transaction.write(b"a\n")
    bench.transaction.write(b"b\n")
    assert bench.transaction.octets == 6
    body = bench.transaction.freeze(None)
    assert (body.content, body.octets, body.lines) == (b"a\nb\n", 4, 2)
    assert not bench.spools.made[0].closed
    bench.transaction.close()
    bench.transaction.close()
    assert bench.spools.made[0].closed


def test_without_content_there_is_nothing_to_close() -> None:
    bench = Bench()
    bench.transaction.close()
    assert bench.spools.made == []


def test_the_limit_is_one_of_octets_on_the_wire() -> None:
    bench = Bench(max_octets=6)
    bench.transaction.begin_content()
    bench.transaction.write(b"a\nb\n")
    assert bench.transaction.freeze(None).wire_octets == 6
    bench.transaction.write(b"c")
    assert bench.spools.made[0].closed
    assert bench.refusal() == too_big(6)
    assert (too_big(6).code, too_big(6).status) == (552, "5.3.4")  # RFC 1870 6.3


def test_content_that_is_refused_is_read_on_and_not_kept() -> None:
    bench = Bench(max_octets=6)
    bench.transaction.begin_content()
    for _ in range(100):
        bench.transaction.write(b"x" * 100)
    assert bench.transaction.octets == 100
    assert bench.refusal(ContentFault.NUL).code == 552  # what was found first


@pytest.mark.parametrize(
    ("number", "reply"), [(errno.ENOSPC, FULL), (errno.EDQUOT, FULL), (errno.EIO, FAILED), (errno.EROFS, FAILED)]
)
def test_a_disk_that_fails(number: int, reply: Reply) -> None:
    writing = Bench()
    writing.transaction.begin_content()
    writing.spools.made[0].write_error = OSError(number, "disk")
    writing.transaction.write(b"x")
    assert writing.spools.made[0].closed
    writing.spools.made[0].write_error = None
    writing.transaction.write(b"x")
    assert writing.refusal() == reply
    freezing = Bench()
    freezing.transaction.begin_content()
    freezing.spools.made[0].freeze_error = OSError(number, "disk")
    assert freezing.refusal() == reply


@pytest.mark.parametrize("fault", [ContentFault.BARE_CR, ContentFault.BARE_LF, ContentFault.NUL])
def test_faults_of_content(fault: str) -> None:
    bench = Bench()
    bench.transaction.begin_content()
    assert bench.refusal(fault) == Reply(550, "5.6.0", f"The content has {fault}")


def test_the_session_may_find_something_as_well() -> None:
    bench = Bench()
    bench.transaction.begin_content()
    bench.transaction.fail(Reply(451, "4.3.0", "A bug"))
    assert bench.refusal().text == "A bug"


# Chunks.


def test_what_is_announced_counts_before_it_comes() -> None:
    bench = Bench(max_octets=10)
    bench.transaction.begin_content()
    bench.transaction.expect(6)
    bench.transaction.write(b"abcd\n")  # six on the wire
    bench.transaction.check()
    bench.transaction.expect(4)
    bench.transaction.check()
    bench.transaction.expect(5)
    with pytest.raises(Refused, match="552"):
        bench.transaction.check()
    assert bench.spools.made[0].closed


def test_what_has_failed_before_it_began_is_refused_once() -> None:
    bench = Bench()
    bench.transaction.fail(Reply(451, "4.3.0", "A bug"))
    bench.transaction.write(b"x")
    assert (bench.refusal().text, bench.transaction.octets) == ("A bug", 0)


def test_the_header_is_looked_at_while_it_comes() -> None:
    bench = Bench(max_octets=100)
    bench.transaction.begin_content()
    for block in (b"Recei", b"ved: x\nDate", b": y\n\nMessage-ID: z\n"):
        bench.transaction.write(block)
    header = bench.transaction.header
    assert (header.hops, header.has_date, header.has_message_id) == (1, True, False)
