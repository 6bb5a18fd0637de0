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
from mailgate.control.letter import Kept
from mailgate.control.letters import MAX_LETTERS, Letters
from mailgate.control.matching import NAMES, Criteria, criteria_in, namespace_in, recipient_key
from mailgate.control.preloading import Preload
from mailgate.control.removing import Removal
from mailgate.control.rendering import View, parts, summary, with_content
from mailgate.control.searching import Search
from mailgate.interfaces import IDirectory, IMailStore, Offload
from mailgate.namespaces import SHARED

WAIT_SECONDS: Final = 10.0
MAX_WAIT_SECONDS: Final = 600.0
MAX_COUNT: Final = 1_000
ARRIVED: Final = 20  # how many messages a time-out tells of
LARGE_OCTETS: Final = 262_144  # what is larger is taken apart off the reactor
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
) -> Functions:
    """The calls, by name. `store` provides `IBrowser` as well; `now` gives Unix time in seconds; `offload` has large
    messages taken apart.
    """
    contents = Contents(IBrowser(store))
    listing = _Listing(letters, contents)
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
    def __init__(self, letters: Letters, contents: Contents) -> None:
        self._contents = contents
        self.search = Search(letters, contents)

    async def messages(self, arguments: Arguments) -> dict[str, Any]:
        """The messages that are there now; with `removed`, those that were there as well."""
        arguments.only("namespace", *NAMES, "removed", "limit", "content")
        criteria = criteria_in(arguments)
        limit = arguments.integer("limit", MAX_LETTERS, least=1, most=MAX_LETTERS)
        content, removed = arguments.flag("content"), arguments.flag("removed")
        return await self.rendered(await self.search.find(criteria, limit, removed=removed), criteria, content)

    async def rendered(self, letters: Sequence[Kept], criteria: Criteria, content: bool) -> dict[str, Any]:
        """These letters as the answer to a question."""
        views = [View(kept, criteria.recipients(kept.letter)) for kept in letters]
        if not content:
            return {"messages": [summary(view) for view in views]}
        return {"messages": [with_content(view, await self._contents.of(view.kept)) for view in views]}


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
        criteria = criteria_in(arguments)
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
            await wait.done
            return wait.found
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
            arrived=[summary(View(kept, criteria.recipients(kept.letter))) for kept in newest],
            conversations=list(self._conversations_of(namespace)),
        )


class _Reading:
    def __init__(self, letters: Letters, contents: Contents, offload: Offload) -> None:
        self._letters = letters
        self._contents = contents
        self._offload = offload

    async def message(self, arguments: Arguments) -> dict[str, Any]:
        """One message with all that is in it."""
        arguments.only("namespace", "id")
        view = self.view(arguments)
        raw = await self._raw(view)
        return {**summary(view), **await self._taken_apart(raw, lambda: parts(raw))}

    async def raw(self, arguments: Arguments) -> Octets:
        """The octets as they are stored."""
        arguments.only("namespace", "id")
        view = self.view(arguments)
        return Octets(await self._raw(view), MESSAGE_TYPE, f"{view.kept.letter.id}.eml")

    async def attachment(self, arguments: Arguments) -> Octets:
        """One attachment, by its number in the message, from 1."""
        arguments.only("namespace", "id", "number")
        view = self.view(arguments)
        number = arguments.integer("number", 0, least=1, most=MAX_COUNT)
        raw = await self._raw(view)
        attachments = await self._taken_apart(raw, lambda: mime.attachments_of(mime.read(raw)))
        if number > len(attachments):
            raise CallError("missing", f"there is no attachment {number}; the message has {len(attachments)}")
        attachment = attachments[number - 1]
        return Octets(attachment.content, attachment.content_type, attachment.filename)

    def view(self, arguments: Arguments) -> View:
        """The letter that a call names, if its namespace may see it."""
        namespace, message_id = namespace_in(arguments), arguments.wanted("id")
        kept = self._letters.find(message_id)
        recipients = kept.letter.recipients_for(namespace) or kept.letter.recipients_for(SHARED) if kept else ()
        if kept is None or not recipients:
            where = f"namespace {namespace!r}" if namespace else "no namespace"
            raise CallError("missing", f"there is no message {message_id[:80]!r} in {where}")
        return View(kept, recipients)

    async def _raw(self, view: View) -> bytes:
        content = await self._contents.of(view.kept)
        if content is None:
            raise CallError("missing", f"message {view.kept.letter.id} was removed, and is too old to be in memory")
        return view.front + content

    async def _taken_apart(self, raw: bytes, work: Callable[[], T]) -> T:
        return work() if len(raw) <= LARGE_OCTETS else await self._offload(work)


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
        content = _decoded(arguments.wanted("content"))
        at = arguments.number("at", -1.0, least=-1.0, most=LAST_SECONDS)
        kept = await self._preload.put(to, content, at if at >= 0 else None)
        return summary(View(kept, kept.letter.recipients_for(namespace, key)))


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CallError("bad", f"content has to be base64: {error}") from None
