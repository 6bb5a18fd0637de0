"""The call `note_restored`: a command has put messages back into a maildrop, and the gateway is to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.logger import Logger

from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.facts import Fact, Restored
from mailgate.interfaces import Offload
from mailgate.journal.journal import Journal
from mailgate.journal.lines import LAST_SECONDS

MAX_MESSAGES: Final = 1_000  # a call: they are told in one turn of the reactor
MAX_CHARACTERS: Final = 320  # of an id or a UID, which are shorter
log: Final = Logger(namespace="mailgate.control")


def make_restoring_functions(tell: Callable[[Fact], None], journal: Journal, offload: Offload) -> Functions:
    """`note_restored`, by its name. `tell` is the Bulletin's, whom `journal` reads; `offload` waits for that."""

    async def note_restored(arguments: Arguments) -> dict[str, Any]:
        """Tell of each message that was restored to `user` from the directory `backup`, made at `made` (Unix time).
        Each of `messages` has an `id` (of mailgate's, or empty), a `uid`, and with `clashed` the UID that it had. How
        many were told of is given when the journal has them.
        """
        arguments.only("user", "backup", "made", "messages")
        user, backup = arguments.wanted("user"), arguments.wanted("backup")
        made = arguments.number("made", 0.0, most=LAST_SECONDS)
        messages = [_message(value) for value in arguments.list("messages")]
        if len(messages) > MAX_MESSAGES:
            raise CallError("bad", f"messages has to be a list of {MAX_MESSAGES} at most")
        for message in messages:
            tell(restored(user, backup, made, **message))
        log.info("restored {count} messages of {user} from {backup}", count=len(messages), user=user, backup=backup)
        await offload(journal.flush)
        return {"noted": len(messages)}

    return {"note_restored": note_restored}


def restored(user: str, backup: str, made: float, *, id: str, uid: str, clashed: str) -> Restored:
    """What there is to tell of one message."""
    return Restored(user=user, message=id, uid=uid, clashed=clashed, backup=backup, made=made)


def _message(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or set(value) != {"id", "uid", "clashed"} or not value["uid"]:
        raise CallError("bad", "each of messages has an id, a uid and clashed")
    if not all(isinstance(text, str) and len(text) <= MAX_CHARACTERS for text in value.values()):
        raise CallError("bad", f"id, uid and clashed of a message are texts of {MAX_CHARACTERS} characters at most")
    return value
