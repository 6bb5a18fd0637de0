"""The words: a mail to postmaster, and one to a user whose maildrop is nearly full. Knows nothing of delivery."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Iterator, Sequence
from email.utils import format_datetime
from typing import Final

from attrs import frozen

from mailgate.mail import NULL_PATH, Body, Envelope, Field, Local, Message, Path, Recipient, Session
from mailgate.noticing.reasons import Reason
from mailgate.rules import Quota
from mailgate.units import size

LISTENER: Final = "notices"  # in the session that such a message has come from
WIDTH: Final = 72  # RFC 5322 2.1.1 wants lines of 78 at most
MAX_WORD_CHARACTERS: Final = 200  # RFC 5322 2.1.1: no line over 998 octets; four are one character at most
MAX_TEXT_CHARACTERS: Final = 2_000  # of one reason; the rest is cut


@frozen
class Writer:
    """Writes in the name of one gateway. `hostname` is in ASCII."""

    hostname: str

    def to_postmaster(self, id: str, seconds: float, places: Sequence[Local], reasons: Sequence[Reason]) -> Message:
        """A message to `places`, about all of `reasons`; `seconds` is Unix time."""
        count = "one thing" if len(reasons) == 1 else f"{len(reasons)} things"
        path = Path("postmaster", self.hostname)
        return self._message(
            id, seconds, Recipient(path, tuple(places)), f"mailgate on {self.hostname}: {count} to see to",
            "\n".join(self._about(reasons)),
        )  # fmt: skip

    def to_user(self, id: str, seconds: float, maildrop: str, usage: tuple[int, int], quota: Quota) -> Message:
        """A message to the user of `maildrop`, which has `usage` (messages, octets) of `quota`."""
        path = _path_of(maildrop)
        place = Local(maildrop, (Field("Delivered-To", str(path)),))
        percent = percent_of(usage, quota)
        text = _NEARLY_FULL.format(address=path, percent=percent, room=_room(usage, quota), hostname=self.hostname)
        return self._message(id, seconds, Recipient(path, (place,)), f"Your mailbox is {percent} % full", text)

    def _about(self, reasons: Sequence[Reason]) -> Iterator[str]:
        yield f"The mail server mailgate on {self.hostname} needs somebody to see to this:\n"
        for number, reason in enumerate(reasons, 1):
            yield _paragraph(reason.what, f"{number}. ")
            yield _paragraph(reason.what_to_do, "   ") + "\n"
        yield _ENDING

    def _message(self, id: str, seconds: float, recipient: Recipient, subject: str, text: str) -> Message:
        fields = (
            Field("From", f"mailgate <postmaster@{self.hostname}>"),
            Field("To", f"<{recipient.path}>"),
            Field("Subject", subject),
            Field("Date", format_datetime(datetime.datetime.fromtimestamp(int(seconds), datetime.UTC))),
            Field("Message-ID", f"<{id}@{self.hostname}>"),
            Field("Auto-Submitted", "auto-generated"),  # RFC 3834 5: nobody's holiday answers it
            Field("MIME-Version", "1.0"),
            Field("Content-Type", "text/plain; charset=utf-8"),
            Field("Content-Transfer-Encoding", "8bit"),
        )
        content = b"".join(map(bytes, fields)) + b"\n" + text.encode()
        session = Session(id, LISTENER, "127.0.0.1", helo=self.hostname)
        # RFC 3834 3.3, RFC 5321 4.5.5: the null path, so that no failure comes back.
        envelope = Envelope(id, session, NULL_PATH, (recipient,), smtputf8=not str(recipient.path).isascii())
        return Message(id, envelope, (), Body(len(content), content.count(b"\n"), content))


def percent_of(usage: tuple[int, int], quota: Quota) -> int:
    """How full: whole percents of what is used most, messages or octets. 0 without a quota."""
    messages, octets = usage
    by_messages = messages * 100 // quota.messages if quota.messages else 0
    by_octets = octets * 100 // quota.octets if quota.octets else 0
    return max(by_messages, by_octets)


def _room(usage: tuple[int, int], quota: Quota) -> str:
    messages, octets = usage
    parts = [f"{size(octets)} of {size(quota.octets)}"] if quota.octets else []
    if quota.messages:
        parts.append(f"{messages} of {quota.messages} messages")
    return " and ".join(parts)


def _path_of(maildrop: str) -> Path:
    local_part, _, domain = maildrop.rpartition("@")
    return Path(local_part, domain)


def _paragraph(text: str, first: str) -> str:
    """On lines of their width, and harmless: reasons quote files and addresses that others have written."""
    shown = "".join(char if char.isprintable() else " " for char in text[:MAX_TEXT_CHARACTERS])
    words = " ".join(word[:MAX_WORD_CHARACTERS] for word in shown.split())
    rest = " " * len(first)
    # Paths and addresses stay in one piece, to be copied.
    return textwrap.fill(
        words, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


_ENDING: Final = """\
"mailgate status" shows how the server is now. You get this once a day at
most, as long as there is something to see to.
"""
_NEARLY_FULL: Final = """\
Hello,

your mailbox on this server is {percent} % full:

   {address}
   {room} used

Nothing is lost. But when it is full, new mail for you has to wait, or goes
back to whoever sent it. This is how to make room:

 - Delete messages that you do not need any more, those with large
   attachments first.
 - If your mail program leaves a copy of messages on the server, let it
   remove them after some days. The setting is usually found with those of
   the account, near "POP3" or "server". What the program has fetched stays
   in the program.
 - Then let the program fetch mail once: only then does the server delete.

If you need more room, ask whoever looks after the mail on {hostname}.

This message was written by the mail server. You get it once a day at most,
while your mailbox is nearly full and mail comes in.
"""
