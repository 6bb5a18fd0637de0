"""Messages put into maildrops as they are: no session brings them, and nothing is written in front of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mailgate.control.calls import CallError
from mailgate.control.letter import Kept, Letter, Reached
from mailgate.control.letters import Letters
from mailgate.failures import StoreError
from mailgate.interfaces import IDirectory, IMailStore
from mailgate.mail import NULL_PATH, Body, Copy, Envelope, Local, Message, Path, Refused, Session
from mailgate.waits import to_the_end
from mailgate.wire.address import AddressError

MAX_OCTETS: Final = 26_214_400  # as much as SMTP takes unless configured otherwise
LISTENER: Final = "preload"  # in letters: no listener took them


class Preload:
    """Stores messages for addresses, and has the letters known."""

    def __init__(
        self,
        store: IMailStore,
        directory: IDirectory,
        letters: Letters,
        now: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        """`now` gives Unix time in seconds."""
        self._store = store
        self._directory = directory
        self._letters = letters
        self._now = now
        self._new_id = new_id

    async def put(self, to: str, content: bytes, at: float | None = None) -> Kept:
        """Store `content` in the maildrops of an address. CRLF becomes LF, as on every way in; all else stays.

        `at` is the letter's time; what the store calls its arrival is now. Raises `CallError`: "bad" for what is no
        address of ours, "too large", "unavailable".
        """
        if len(content) > MAX_OCTETS:
            raise CallError("too large", f"the message has {len(content)} octets; {MAX_OCTETS} are the limit")
        path = _path(to)
        copies = await self._copies(path)
        content = content.replace(b"\r\n", b"\n")
        message = self._message(content)
        maildrops = tuple(copy.maildrop for copy in copies)
        letter = Letter(
            id=message.id,
            at=self._now() if at is None else at,
            sender="",
            recipients=(Reached(str(path), maildrops),),
            listener=LISTENER,
            smtputf8=message.envelope.smtputf8,
            octets=len(content),
        )
        with self._letters.expecting(message.id):
            await self._stored(message, copies)
            return self._letters.add(letter, content)

    async def _copies(self, path: Path) -> list[Copy]:
        try:
            places = await self._directory.resolve(path)
        except Refused as refusal:
            raise CallError("unavailable", f"{path} takes no mail now: {refusal.reply}") from refusal
        maildrops = dict.fromkeys(place.maildrop for place in places if isinstance(place, Local))
        if not maildrops:
            raise CallError("bad", f"{path} is nobody's address here")
        return [Copy(maildrop) for maildrop in maildrops]

    def _message(self, content: bytes) -> Message:
        message_id = self._new_id()
        smtputf8 = not content.partition(b"\n\n")[0].isascii()  # a header that RFC 6532 alone allows
        envelope = Envelope(message_id, Session("", LISTENER, ""), NULL_PATH, smtputf8=smtputf8)
        return Message(message_id, envelope, (), Body(len(content), content.count(b"\n"), content=content))

    async def _stored(self, message: Message, copies: list[Copy]) -> None:
        try:
            staged = await self._store.stage(message, copies)
            try:
                await to_the_end(staged.commit())
            finally:
                staged.discard()
        except StoreError as error:
            raise CallError("unavailable", f"the message cannot be kept: {error}") from error


def _path(address: str) -> Path:
    try:
        return Path.parse(address)
    except AddressError as error:
        raise CallError("bad", f"to has to be an address, not {address[:80]!r}: {error}") from None
