"""The calls about mail: list, read, wait, remove, preload."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from twisted.internet.interfaces import IReactorTime

from mailgate import mime
from mailgate.abilities import IBrowser
from mailgate.control.calls import Arguments, CallError, Functions, Octets
from mailgate.control.contents import Contents
from mailgate.control.letter import Kept, Reached
from mailgate.control.letters import MAX_LETTERS, Letters
from mailgate.control.matching import NAMES, Criteria, criteria_in, namespace_in, recipient_key
from mailgate.control.preloading import Preload
from mailgate.control.reading import LARGE_OCTETS
from mailgate.control.removing import Removal
from mailgate.control.rendering import View, parts, summary, with_content
from mailgate.control.searching import Search
from mailgate.interfaces import IDirectory, IMailStore, Offload
from mailgate.namespaces import SHARED

WAIT_SECONDS: Final = 10.0
MAX_WAIT_SECONDS: Final = 600.0
MAX_COUNT: Final = 1_000
ARRIVED: Final = 20  # how many messages a time-out tells of
LAST_SECONDS: Final = 99_999_999_999.0  # what the store's names have room for
MESSAGE_TYPE: Final = "message/rfc822"

T = TypeVar("T")

ConversationsOf = Callable[[str], Sequence[Any]]
"""What was said in the sessions of a namespace, as JSON."""


def make_functions(
    letters: Letters,
    store: IMailStore,
    directory: IDirectory,
    conversations_of: ConversationsOf,
    *,
    clock: IReactorTime,
    now: Callable[[], float],
    new_id: Callable[[], str],
    offload: Offload,
    patterns: bool = False,
) -> Functions:
    """The calls, by name. `store` provides `IBrowser` and `IMaildropNames` as well; `now` gives Unix time in seconds;
    `offload` has large messages taken apart. `patterns`: may callers ask with regular expressions? One of these can
    stop the process for good, so it is for those alone who harm nobody but themselves.
    """
    contents = Contents(IBrowser(store))
    listing = _Listing(letters, contents, offload, patterns)
    reading = _Reading(letters, contents, offload)
    waiting = _Waiting(letters, listing, conversations_of, clock)
    changing = _Changing(reading, Removal(store, letters), Preload(store, directory, letters, now, new_id))
    return {
        "messages": listing.messages,
        "message": reading.message,
        "raw": reading.raw,
        "attachment": reading.attachment,
        "wait": waiting.wait,
        "delete": changing.delete,
        "clear": changing.clear,
        "preload": changing.preload,
    }


class _Listing:
    def __init__(self, letters: Letters, contents: Contents, offload: Offload, patterns: bool) -> None:
        self._contents = contents
        self._offload = offload
        self._patterns = patterns
        self.search = Search(letters, contents, offload)

    def criteria(self, arguments: Arguments) -> Criteria:
        """What a call asks for."""
        return criteria_in(arguments, patterns=self._patterns)

    async def messages(self, arguments: Arguments) -> dict[str, Any]:
        """The messages that are there now; with `removed`, those that were there as well."""
        arguments.only("namespace", *NAMES, "removed", "limit", "content")
        criteria = self.criteria(arguments)
        limit = arguments.integer("limit", MAX_LETTERS, least=1, most=MAX_LETTERS)
        content, removed = arguments.flag("content"), arguments.flag("removed")
        return await self.rendered(await self.search.find(criteria, limit, removed=removed), criteria, content)

    async def rendered(self, letters: Sequence[Kept], criteria: Criteria, content: bool) -> dict[str, Any]:
        """These letters as the answer to a question."""
        views = [View(kept, criteria.recipients(kept.letter), criteria.to) for kept in letters]
        if not content:
            return {"messages": [summary(view) for view in views]}
        return {"messages": [await self._with_content(view) for view in views]}

    async def _with_content(self, view: View) -> dict[str, Any]:
        content = await self._contents.of(view.kept)
        if content is None or len(content) <= LARGE_OCTETS:
            return with_content(view, content)
        return await self._offload(lambda: with_content(view, content))


class _Waiting:
    def __init__(
        self, letters: Letters, listing: _Listing, conversations_of: ConversationsOf, clock: IReactorTime
    ) -> None:
        self._letters = letters
        self._listing = listing
        self._conversations_of = conversations_of
        self._clock = clock

    async def wait(self, arguments: Arguments) -> dict[str, Any]:
        """The first `count` messages, as soon as they have arrived, whatever has become of them since."""
        arguments.only("namespace", *NAMES, "count", "timeout", "content")
        criteria = self._listing.criteria(arguments)
        count = arguments.integer("count", 1, least=1, most=MAX_COUNT)
        seconds = arguments.number("timeout", WAIT_SECONDS, most=MAX_WAIT_SECONDS)
        content = arguments.flag("content")
        return await self._listing.rendered(await self._arrived(criteria, count, seconds), criteria, content)

    async def _arrived(self, criteria: Criteria, count: int, seconds: float) -> list[Kept]:
        mime.prepare()  # the letter that is waited for is not to wait for an import
        wait = self._letters.waits.begin(criteria, count)
        timer = self._clock.callLater(seconds, lambda: wait.fail(self._too_late(criteria, count, seconds, wait.found)))
        try:
            # Since it waits already, no letter can come between this look and the wait.
            wait.take(await self._listing.search.find(criteria, count, removed=True))
            return await wait.finish(self._listing.search.fits)
        finally:
            if timer.active():
                timer.cancel()
            self._letters.waits.end(wait)

    def _too_late(self, criteria: Criteria, count: int, seconds: float, found: Sequence[Kept]) -> CallError:
        namespace = criteria.namespace
        arrived = {kept.letter.number: kept for kept in (*self._letters.of(namespace), *self._letters.to(criteria.to))}
        newest = [arrived[number] for number in sorted(arrived)[-ARRIVED:]]
        short = f"{len(found)} of {count}: " if count > 1 else ""
        return CallError(
            "timeout",
            f"{short}{criteria.words} did not arrive within {seconds:g} s; {len(arrived)} came in all",
            arrived=[summary(View(kept, criteria.recipients(kept.letter), criteria.to)) for kept in newest],
            conversations=list(self._conversations_of(namespace)),
        )


class _Reading:
    def __init__(self, letters: Letters, contents: Contents, offload: Offload) -> None:
        self._letters = letters
        self._contents = contents
        self._offload = offload

    async def message(self, arguments: Arguments) -> dict[str, Any]:
        """One message with all that is in it."""
        arguments.only("namespace", "id", "to")
        view = self.view(arguments)
        raw = await self._raw(view)
        return {**summary(view), **await self._taken_apart(raw, lambda: parts(raw))}

    async def raw(self, arguments: Arguments) -> Octets:
        """The octets as they are stored."""
        arguments.only("namespace", "id", "to")
        view = self.view(arguments)
        return Octets(await self._raw(view), MESSAGE_TYPE, f"{view.kept.letter.id}.eml")

    async def attachment(self, arguments: Arguments) -> Octets:
        """One attachment, by its number in the message, from 1."""
        arguments.only("namespace", "id", "number", "to")
        view = self.view(arguments)
        number = arguments.integer("number", 0, least=1, most=MAX_COUNT)
        raw = await self._raw(view)
        attachments = await self._taken_apart(raw, lambda: mime.attachments_of(mime.read(raw)))
        if number > len(attachments):
            raise CallError("missing", f"there is no attachment {number}; the message has {len(attachments)}")
        attachment = attachments[number - 1]
        return Octets(attachment.content, attachment.content_type, attachment.filename)

    def view(self, arguments: Arguments) -> View:
        """The letter that a call names, if its namespace may see it; with `to`, as that recipient has it."""
        namespace, message_id, to = namespace_in(arguments), arguments.wanted("id"), arguments.text("to")
        key = recipient_key(to, namespace) if to else ""
        kept = self._letters.find(message_id)
        recipients = _seen(kept, namespace, key) if kept is not None else ()
        if kept is None or not recipients:
            where = f"namespace {namespace!r}" if namespace else "no namespace"
            whose = f" to {to[:80]}" if to else ""
            raise CallError("missing", f"there is no message {message_id[:80]!r}{whose} in {where}")
        return View(kept, recipients, key)

    async def _raw(self, view: View) -> bytes:
        content = await self._contents.of(view.kept)
        if content is None:
            raise CallError("missing", f"message {view.kept.letter.id} was removed, and is too old to be in memory")
        return view.front + content

    async def _taken_apart(self, raw: bytes, work: Callable[[], T]) -> T:
        return work() if len(raw) <= LARGE_OCTETS else await self._offload(work)


def _seen(kept: Kept, namespace: str, key: str) -> tuple[Reached, ...]:
    """Whom of a letter's recipients a namespace may see; nobody if the one it asks for by `key` is not among them."""
    letter = kept.letter
    if key:
        recipients = letter.recipients_for(namespace, key)
        return recipients if any(each.key == key for each in recipients) else ()
    return letter.recipients_for(namespace) or letter.recipients_for(SHARED)


class _Changing:
    def __init__(self, reading: _Reading, removal: Removal, preload: Preload) -> None:
        self._reading = reading
        self._removal = removal
        self._preload = preload

    async def delete(self, arguments: Arguments) -> dict[str, Any]:
        """Remove one message from the maildrops of a namespace."""
        arguments.only("namespace", "id")
        view = self._reading.view(arguments)
        await self._removal.delete(view)
        return {"deleted": view.kept.letter.id}

    async def clear(self, arguments: Arguments) -> dict[str, Any]:
        """Remove all mail of a namespace."""
        arguments.only("namespace")
        return {"cleared": await self._removal.clear(namespace_in(arguments))}

    async def preload(self, arguments: Arguments) -> dict[str, Any]:
        """Put a message into a maildrop."""
        arguments.only("namespace", "to", "content", "at")
        namespace, to = namespace_in(arguments), arguments.wanted("to")
        key = recipient_key(to, namespace)
        content = _decoded(_content_in(arguments))
        at = arguments.number("at", -1.0, least=-1.0, most=LAST_SECONDS)
        kept = await self._preload.put(to, content, at if at >= 0 else None)
        return summary(View(kept, kept.letter.recipients_for(namespace, key)))


def _content_in(arguments: Arguments) -> str:
    """That of no octets is one, too: broken mail is what tests are for."""
    if "content" not in arguments.besides():
        raise CallError("bad", "content has to be the message's octets in base64, not nothing")
    return arguments.text("content")


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CallError("bad", f"content has to be base64: {error}") from None
