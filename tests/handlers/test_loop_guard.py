"""The loop guard counts hops, and refuses one too many."""

from __future__ import annotations

from typing import Any

import pytest
from zope.interface.verify import verifyObject

from mailgate.handlers.loop_guard import MAX_HOPS, LoopGuard
from mailgate.interfaces import IMessageHandler, IRehearsal
from mailgate.mail import PASS, Refused
from tests.support import a_message


def content(hops: int) -> bytes:
    return b"Subject: x\n" + b"Received: from a\n\tby b\n" * hops + b"\nReceived: in the body\n" * 200


def test_it_is_a_handler() -> None:
    assert verifyObject(IMessageHandler, LoopGuard())
    assert verifyObject(IRehearsal, LoopGuard())


@pytest.mark.parametrize("hops", [0, 1, MAX_HOPS])
def test_passes_up_to_the_limit(hops: int) -> None:
    assert LoopGuard().handle(a_message(content=content(hops))) is PASS


def test_refuses_beyond_the_limit() -> None:
    with pytest.raises(Refused) as refusal:
        LoopGuard(max_hops=2).handle(a_message(content=content(3)))
    assert (refusal.value.reply.code, refusal.value.reply.status) == (554, "5.4.6")
    assert LoopGuard(max_hops=2).handle(a_message(content=content(2))) is PASS


@pytest.mark.parametrize("hops", range(5))
@pytest.mark.parametrize("rest", [b"", b"\n", b"\n\n", b"To: x", b"To: x\n", b"To: x\n\nReceived: in the body\n"])
def test_a_header_is_judged_by_its_hops_however_it_ends(hops: int, rest: bytes) -> None:
    message, guard = a_message(content=b"Received: a\n" * hops + rest), LoopGuard(max_hops=3)
    if hops > 3:
        with pytest.raises(Refused):
            guard.handle(message)
    else:
        assert guard.handle(message) is PASS


def test_a_header_without_the_last_line_end_is_judged_as_well() -> None:
    with pytest.raises(Refused):
        LoopGuard(max_hops=1).handle(a_message(content=b"Received: a\nReceived: b"))


def test_the_fields_that_we_put_on_do_not_count() -> None:
    message = a_message(content=content(1))
    assert LoopGuard(max_hops=1).handle(message.with_fields(message.fields * 5)) is PASS


@pytest.mark.parametrize("max_hops", [0, -1, "x", True, 5.0, None])
def test_a_limit_that_refuses_everything_or_is_no_number_is_none(max_hops: Any) -> None:
    with pytest.raises(ValueError, match="a whole number, at least 1"):
        LoopGuard(max_hops=max_hops)


def test_a_rehearsal_says_what_would_be_said() -> None:
    assert LoopGuard().rehearse(a_message(content=content(3))) == "passes it: 3 hops, and 100 are the limit"
    with pytest.raises(Refused, match=r"554 5\.4\.6"):
        LoopGuard(max_hops=2).rehearse(a_message(content=content(3)))
