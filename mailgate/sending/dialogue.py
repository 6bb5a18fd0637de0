"""The conversation with the smarthost, from its greeting to its answer to the final dot (RFC 5321 3.1, 3.3).

Decides; knows no transport and no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

from attrs import evolve, field, frozen

from mailgate.mail import Message, Path, Refused, Reply
from mailgate.sending.content import Content
from mailgate.sending.extensions import Extensions, name_of
from mailgate.sending.login import log_in
from mailgate.sending.place import Smarthost
from mailgate.sending.secrecy import Secrecy
from mailgate.sending.trouble import (
    INSECURE,
    LOOPS,
    PASSED_CHARACTERS,
    REASON_CHARACTERS,
    STRANGE,
    UNREACHABLE,
    UNREADABLE,
    Trouble,
    passed_on,
)
from mailgate.sending.wire import Wire

# RFC 6531 3.2, 3.5: what is international goes to no host without SMTPUTF8. X.6.7 is for addresses, X.6.9 for headers.
NO_UTF8_PATHS: Final = Reply(550, "5.6.7", "The next mail server does not take addresses beyond ASCII")
NO_UTF8_HEADER: Final = Reply(554, "5.6.9", "The next mail server does not take a header beyond ASCII")
# What answers which command (RFC 5321 4.3.2). Another 2yz or 3yz is no success: we do not know what it says.
READY: Final = 220
DONE: Final = 250
RECIPIENT_TAKEN: Final = (250, 251, 252)
GO_AHEAD: Final = 354
LOGIN_WANTED: Final = 530  # RFC 4954 6; also "STARTTLS first" (RFC 3207 4)
CLOSING: Final = 421


@frozen
class Dialogue:
    """One message's way to the smarthost. Each step raises `Refused` with the smarthost's refusal, or `Trouble`."""

    wire: Wire
    place: Smarthost
    hostname: str  # our own
    password: str = field(repr=False)

    async def hand_over(self, message: Message, paths: Sequence[Path]) -> Reply:
        """Send the message to `paths`, all or none; give the positive reply to its end. What it gives or raises is free
        of the password, whatever the smarthost repeats.
        """
        try:
            return self._without_secrets(await self._hand_over(message, paths))
        except Refused as refusal:
            raise Refused(self._without_secrets(refusal.reply)) from None
        except Trouble as trouble:
            raise Trouble(trouble.reply, self._secrecy.hide(trouble.reason)[:REASON_CHARACTERS]) from None

    @property
    def _secrecy(self) -> Secrecy:
        return Secrecy(self.place.user, self.password)

    def _without_secrets(self, reply: Reply) -> Reply:
        return evolve(reply, text=self._secrecy.hide(reply.text)[:PASSED_CHARACTERS].rstrip())

    async def _hand_over(self, message: Message, paths: Sequence[Path]) -> Reply:
        offers = await self._open()
        if self.place.user:
            await log_in(self.wire, offers.mechanisms, self.place.user, self.password)
        try:
            return await self._send(message, paths, offers)
        except OSError as error:
            raise Trouble(UNREADABLE, f"the message cannot be read back from its spool: {error}") from error

    async def _open(self) -> Extensions:
        if self.place.security == "tls":
            await self.wire.start_tls()
        greeting = await self.wire.reply()
        if greeting.code != READY:
            raise Trouble(UNREACHABLE, f"the smarthost does not let us in: {greeting}")
        self._refuse_ourselves(greeting)
        offers = await self._hello()
        if self.place.security != "starttls":
            return offers
        await self._secure(offers)
        return await self._hello()  # RFC 3207 4.2: what was said in clear is forgotten

    async def _secure(self, offers: Extensions) -> None:
        if "STARTTLS" not in offers:
            raise Trouble(INSECURE, "the smarthost does not offer STARTTLS")
        reply = await self._ask("STARTTLS")
        if reply.code != READY:
            raise Trouble(INSECURE, f"the smarthost refuses STARTTLS: {reply}")
        await self.wire.start_tls()

    async def _hello(self) -> Extensions:
        reply = await self._ask(f"EHLO {self.hostname}")
        extended = not 500 <= reply.code <= 504
        if not extended and self.place.security != "starttls" and not self.place.user:
            reply = await self._ask(f"HELO {self.hostname}")  # RFC 5321 3.2: a host from before EHLO
        if reply.code != DONE:
            raise Trouble(UNREACHABLE, f"the smarthost refuses EHLO from {self.hostname}: {reply}")
        self._refuse_ourselves(reply)
        return Extensions.read(reply) if extended else Extensions()

    def _refuse_ourselves(self, reply: Reply) -> None:
        if name_of(reply) == self.hostname.lower().rstrip("."):
            raise Trouble(LOOPS, f"the smarthost calls itself {self.hostname}, as we do: mail sent there would loop")

    async def _send(self, message: Message, paths: Sequence[Path], offers: Extensions) -> Reply:
        content = Content(message)
        mail = f"MAIL FROM:<{message.envelope.reverse_path}>{_parameters(content, paths, offers)}"
        rcpts = [f"RCPT TO:<{path}>" for path in paths]
        if "PIPELINING" in offers:  # RFC 2920 3.1; DATA by itself, as it must not come if a recipient is refused
            self.wire.send(mail, *rcpts)
            replies = [await self._reply() for _ in (mail, *rcpts)]
        else:
            replies = [await self._ask(mail)]
            if replies[0].code == DONE:
                replies += [await self._ask(rcpt) for rcpt in rcpts]
        _check(replies[0], DONE)
        _check_recipients(paths, replies[1:])
        _check(await self._ask("DATA"), GO_AHEAD)
        reply = await self.wire.content(content.blocks())
        _check(reply, DONE)
        return passed_on(reply)

    async def _ask(self, command: str) -> Reply:
        self.wire.send(command)
        return await self._reply()

    async def _reply(self) -> Reply:
        reply = await self.wire.reply()
        if reply.code == CLOSING:  # RFC 5321 3.8: it may come in answer to any command, and nothing comes after it
            raise Refused(passed_on(reply))
        return reply


def _parameters(content: Content, paths: Sequence[Path], offers: Extensions) -> str:
    """The parameters of MAIL. Raises `Refused`, and OSError."""
    parameters = ""
    if "SIZE" in offers:
        parameters += f" SIZE={content.wire_octets}"  # RFC 1870 6
    # RFC 6152 3: without 8BITMIME eight-bit content may not be sent. It is, and as it came: hosts have passed it on for
    # decades, and to encode it anew would alter what was received, signatures and all.
    if "8BITMIME" in offers and content.has_eight_bit_octets():
        parameters += " BODY=8BITMIME"
    if (obstacle := _without_utf8(content, paths)) is not None:
        if "SMTPUTF8" not in offers:
            raise Refused(obstacle)
        parameters += " SMTPUTF8"
    return parameters


def _without_utf8(content: Content, paths: Sequence[Path]) -> Reply | None:
    """Why the message cannot go out without SMTPUTF8; None: it can. Raises OSError.

    RFC 6531 3.6: a message that came with SMTPUTF8 need not be international. One that came without it goes out as it
    came: its header's octets beyond ASCII, if any, are not said to be UTF-8.
    """
    envelope = content.message.envelope
    if not all(str(path).isascii() for path in (envelope.reverse_path, *paths)):
        return NO_UTF8_PATHS
    return NO_UTF8_HEADER if envelope.smtputf8 and content.has_international_header() else None


def _check(reply: Reply, wanted: int) -> None:
    if reply.code != wanted:
        _refuse(reply)


def _check_recipients(paths: Sequence[Path], replies: Sequence[Reply]) -> None:
    refusals = [(path, reply) for path, reply in zip(paths, replies, strict=True) if reply.code not in RECIPIENT_TAKEN]
    if refusals:
        # One reply has to speak for all of them, and 5yz makes the client give up on all. As long as one is only put
        # off, not everything is known: a later try may succeed, or hear 5yz alone.
        path, reply = min(refusals, key=lambda refusal: refusal[1].code >= 500)
        _refuse(reply, str(path))


def _refuse(reply: Reply, about: str = "") -> NoReturn:
    if reply.code == LOGIN_WANTED:
        raise Trouble(INSECURE, f"the smarthost wants us to log in, or to use TLS: {reply}")
    if reply.is_positive:
        raise Trouble(STRANGE, f"the smarthost gives an answer that does not fit: {reply}")
    raise Refused(passed_on(reply, about))
