"""One mail transaction (RFC 5321 3.3): its envelope, and its content while that comes in."""

from __future__ import annotations

import errno

from mailgate.delivery import FAILED, FULL
from mailgate.mail import Body, Envelope, Recipient, Refused, Reply
from mailgate.spool import Spool, SpoolFactory
from mailgate.wire.header import HeaderScanner


class Transaction:
    """From MAIL to the reply to the final dot. `close` it always."""

    def __init__(self, envelope: Envelope, spools: SpoolFactory, max_octets: int) -> None:
        self.envelope = envelope
        self.header = HeaderScanner()
        self.has_surplus = False  # were there recipients beyond what one message may have?
        self.is_cut_short = False  # has all content come, and the client did not wait for what is said of it?
        self._spools = spools
        self._max_octets = max_octets
        self._spool: Spool | None = None
        self._fault: Reply | None = None  # why the content will be refused, once it has come to its end
        self.trouble = ""  # what of ours is to blame for that, in words for the log

    def add(self, recipient: Recipient) -> None:
        """One recipient more."""
        self.envelope = self.envelope.with_recipient(recipient)

    @property
    def receiving(self) -> bool:
        """Is content coming in?"""
        return self._spool is not None

    @property
    def octets(self) -> int:
        """The size of the content so far, as it came on the wire; not counted on after a fault."""
        return self._spool.wire_octets if self._spool is not None else 0

    @property
    def fault(self) -> Reply | None:
        """Why the content will be refused at its end, as far as it has come."""
        return self._fault

    def begin_content(self) -> None:
        """From now on `write` is called."""
        self._spool = self._spools()

    def expect(self, octets: int) -> None:
        """So many are to come now: if that is too much, keep none of them (RFC 3030 4.1)."""
        if self.octets + octets > self._max_octets:
            self.fail(too_big(self._max_octets))

    def check(self) -> None:
        """Raise `Refused` with what was found wrong so far."""
        if self._fault is not None:
            raise Refused(self._fault)

    def write(self, block: bytes) -> None:
        """Keep a block. What cannot be kept is read on and refused at its end, once (RFC 5321 4.1.1.4)."""
        if self._fault is not None:
            return
        assert self._spool is not None, "begin_content() comes first"
        self.header.feed(block)
        try:
            self._spool.write(block)
        except OSError as error:
            self.fail(self._unkept(error))
        else:
            if self._spool.wire_octets > self._max_octets:
                self.fail(too_big(self._max_octets))

    def fail(self, reply: Reply) -> None:
        """Keep nothing of the content, and refuse it with `reply` at its end."""
        self._fault = reply
        self.close()

    def freeze(self, fault: str | None) -> Body:
        """The content, complete. Raises `Refused` with what was found wrong on the way."""
        self.check()
        assert self._spool is not None, "begin_content() comes first"
        if fault is not None:
            # Bare CR and LF are how one message is smuggled inside another; RFC 5321 2.3.8 forbids them.
            raise Refused(Reply(550, "5.6.0", f"The content has {fault}"))
        try:
            return self._spool.freeze()
        except OSError as error:
            raise Refused(self._unkept(error)) from error

    def close(self) -> None:
        """Forget the content. Any number of times."""
        if self._spool is not None:
            self._spool.close()

    def _unkept(self, error: OSError) -> Reply:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "make room on the file system of the store" if full else "see to the file system of the store"
        self.trouble = f"the content cannot be spooled: {error.strerror or error}; {advice}"
        return FULL if full else FAILED


def too_big(max_octets: int) -> Reply:
    """552 (RFC 1870 6.1, 6.3)."""
    return Reply(552, "5.3.4", f"Message too big; {max_octets} octets are the limit")
