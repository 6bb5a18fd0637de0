"""The words of the demo: what is happening, step by step, for somebody who has never seen SMTP or POP3.

The first letter is told in full; of the others, what is new with each.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from mailgate import __version__
from mailgate.cli.demo.journey import Got, Kept, Sent
from mailgate.cli.demo.letters import Letter, Shown
from mailgate.cli.demo.proof import Proof
from mailgate.cli.demo.screen import Screen
from mailgate.cli.demo.transcript import Transcript, abbreviate, between

LINES_OF_A_FILE: Final = 4
DIGEST: Final = 16  # how much of a SHA-256 is shown; all of it is compared


@frozen(kw_only=True)
class Ending:
    """How it went with one letter, as far as it went."""

    letter: Letter
    sent: Sent
    kept: Kept | None = None
    got: Got | None = None
    proof: Proof | None = None
    trouble: str = ""

    @property
    def is_good(self) -> bool:
        """Did it come back as it was sent?"""
        return not self.trouble and self.proof is not None and self.proof.intact


class Story:
    """Tells it on a screen. `root` is the directory of the maildrops; paths are shown relative to it."""

    def __init__(self, screen: Screen, root: str, total: int) -> None:
        self._screen = screen
        self._root = root
        self._total = total
        self._number = 0

    def open(self) -> None:
        """What the reader is going to see."""
        self._screen.heading(f"mailgate {__version__}: a demonstration")
        self._screen.say(
            f"{self._total} messages travel through a mail server that was started for this. Who sends mail hands it "
            "to the server in a language called SMTP; who wants to read it fetches it there in another, POP3. Both "
            "are conversations in lines of text, and a tap on the wire shows them as they are spoken."
        )
        self._screen.say(f"The server keeps the mail in {self._root}")

    def letter(self, letter: Letter) -> None:
        """The next one."""
        self._number += 1
        self._screen.heading(f"{self._number} of {self._total}: {letter.title}")
        self._screen.say(letter.about)

    def sent(self, letter: Letter, sent: Sent) -> None:
        """The conversation by SMTP, and what the handlers did."""
        self._step(
            "In, by SMTP",
            "A client, here Python's smtplib, connects to mailgate. It greets (EHLO), says from whom the message is "
            "(MAIL) and for whom (RCPT), then sends it (DATA), up to a line with nothing but a dot.",
        )
        start = "STARTTLS" if letter.tls else letter.start
        self._conversation(sent.transcript, "smtplib", letter.sent, start, whole=bool(sent.trouble))
        self._step(
            "Handlers",
            "Before it answers the dot, mailgate shows the message to its handlers. They may refuse it, or put fields "
            "in front of it.",
        )
        self._screen.handlers(
            (fact.handler, f"{fact.result} ({fact.detail})" if fact.detail else fact.result) for fact in sent.handled
        )

    def kept(self, kept: Kept) -> None:
        """The file."""
        self._step(
            "On the disk",
            "Then it writes the message into a file of its own in Alice's Maildir, and makes sure that even a power "
            "cut cannot take it away. Only after that it says 250; the id in the 250 is in the file's name.",
        )
        first_lines = kept.first_lines[:LINES_OF_A_FILE] if self._is_first else ()
        self._screen.file(os.path.relpath(kept.path, self._root), kept.octets, first_lines)

    def got(self, letter: Letter, got: Got) -> None:
        """The conversation by POP3."""
        self._step(
            "Out, by POP3",
            "Later Alice's mail program, here Python's poplib, connects. It logs in (USER, PASS), asks how much there "
            "is (STAT) and fetches the message (RETR). Here, too, a line with nothing but a dot ends it.",
        )
        start = "STLS" if letter.tls else "RETR"
        self._conversation(got.transcript, "poplib", letter.fetched, start, whole=bool(got.trouble))

    def proof(self, proof: Proof) -> None:
        """Is it the same?"""
        if not proof.intact:
            return
        lines = proof.front.count(b"\n")
        self._step(
            "Intact?",
            f"What poplib got begins with {lines} lines that mailgate put in front ({', '.join(proof.names)}). What "
            "follows is compared with what smtplib was given, octet for octet.",
        )
        octets, digest = f"{proof.returned_octets:,} octets", proof.returned_digest[:DIGEST]
        self._screen.good(f"{octets} came back, the same as were sent; SHA-256 {digest}...")

    def trouble(self, letter: Letter, trouble: str) -> None:
        """What went wrong, loudly."""
        self._screen.alarm(f"{letter.title}: {trouble}")

    def close(self, endings: Sequence[Ending], *, kept: bool) -> None:
        """The sum of it; `kept`: does the mail stay where it is?"""
        self._screen.heading("The sum of it")
        self._screen.table(
            ("Message", "Sent", "Handlers", "File", "Fetched", "Intact"),
            [(_row(ending), ending.is_good) for ending in endings],
            amounts=("Sent", "File", "Fetched"),
        )
        self._screen.say(
            "Sizes are in octets. What was fetched has mailgate's lines in front; a file ends its lines with one octet "
            "(LF), the wire with two (CRLF)."
        )
        bad = [ending.letter.title for ending in endings if not ending.is_good]
        if not bad:
            self._screen.say(f"All {len(endings)} messages came back as they were sent, octet for octet.")
        if kept:
            self._screen.say(f"The mail is still in {self._root}", always=True)
        else:
            self._screen.say("The mail is gone with its temporary directory; --keep keeps it.")
        self._screen.say("To send and fetch some yourself: twistd -n mailgate --dev")
        if bad:
            self._screen.alarm(
                f"FAILED: {len(bad)} of {len(endings)} messages did not come back as they were sent: {', '.join(bad)}"
            )

    @property
    def _is_first(self) -> bool:
        return self._number == 1

    def _step(self, name: str, sentence: str) -> None:
        if self._is_first:
            self._screen.step(name, sentence)

    def _conversation(self, transcript: Transcript, client: str, shown: Shown, start: str, *, whole: bool) -> None:
        lines = transcript.lines if whole or self._is_first else between(transcript.lines, start, "QUIT")
        self._screen.conversation(abbreviate(lines, shown.head, shown.tail), client)
        if transcript.sealed is not None:
            self._screen.sealed(transcript.sealed, client)


def _row(ending: Ending) -> tuple[str, ...]:
    kept, got = ending.kept, ending.got
    handlers = (fact.handler + ("" if fact.result == "passed" else f" {fact.result}") for fact in ending.sent.handled)
    return (
        ending.letter.title,
        f"{len(ending.letter.content):,}",
        ", ".join(handlers) or "none",
        f"{kept.octets:,}" if kept else "no file",
        f"{len(got.content):,}" if got and got.content else "nothing",
        "yes" if ending.is_good else "NO",
    )
