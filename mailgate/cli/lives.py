"""A message's life in plain sentences, for a person who looks after mail now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

Event = Mapping[str, Any]

SHOWN: Final = 5  # of many recipients so many are named
_MINUTE: Final = 60
_UNITS: Final = ((86_400, "day"), (3600, "hour"), (_MINUTE, "minute"))
_DOORS: Final[Mapping[str, str]] = {"smtp": "SMTP", "lmtp": "LMTP", "submission": "submission"}
_PHASES: Final[Mapping[str, str]] = {"connect": "the connection", "helo": "the greeting", "mail": "the sender"}
_RESULTS: Final[Mapping[str, str]] = {
    "skipped": "failed, and was passed over",
    "failed": "failed, so the message is put off",
    "timed out": "took too long, so the message is put off",
    "cancelled": "was cut short",
}


def told(life: Mapping[str, Any], now: float) -> str:
    """The life as a block of lines; `now` is Unix time."""
    events: Sequence[Event] = life["events"]
    lines = [f"{_title(life, events)}, {ago(now - life['begun'])}"]
    lines += [f"    {line}" for line in _origin(life, events)]
    lines += [f"    {when(event['at'])}  {sentence}" for event in events for sentence in _sentences(event)]
    return "\n".join(map(_escaped, lines))


def when(seconds: float) -> str:
    """A Unix time by the clock on the wall."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")


def ago(seconds: float) -> str:
    """How long ago that is, roughly."""
    for unit, name in _UNITS:
        if seconds >= unit:
            count = int(seconds // unit)
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def _escaped(line: str) -> str:
    from mailgate.log import escape

    return escape(line)


def _title(life: Mapping[str, Any], events: Sequence[Event]) -> str:
    if life["kind"] == "session":
        return f"session {life['id']}"
    if life["kind"] == "uid":
        user, _, uid = life["id"].partition(" ")
        return f"a message of {user} that another program brought, UID {uid}"
    incoming = [event for event in events if _is_incoming(event)]
    if not incoming:
        return f"{life['id']}"
    recipients = list(dict.fromkeys(name for event in incoming for name in _recipients(event)))
    return f"{life['id']} from <{incoming[0].get('sender', '')}> to {_listed(recipients)}"


def _origin(life: Mapping[str, Any], events: Sequence[Event]) -> Iterator[str]:
    """Where it came from; the last event of those that know, for they know most."""
    incoming = [event for event in events if _is_incoming(event)]
    if not incoming:
        if life["kind"] == "message":
            yield "how it came is not in the journal any more"
        return
    last = incoming[-1]
    if last.get("message_id"):
        yield f"Message-ID <{last['message_id']}>, {last.get('octets', 0)} octets"
    about = ", ".join(filter(None, (last.get("helo"), last.get("tls", "").partition(" ")[0] or "in clear")))
    user = f", logged in as {last['user']}" if last.get("user") else ""
    session = f", session {last['session']}" if last.get("session") else ""
    door = _DOORS.get(last.get("listener", ""), last.get("listener", ""))
    yield f"came by {door} from {last.get('client', '')} ({about}){user}{session}"


def _is_incoming(event: Event) -> bool:
    return event["what"] in ("accepted", "refused")


def _recipients(event: Event) -> Iterator[str]:
    yield from event.get("recipients", ())
    if event.get("recipient"):
        yield event["recipient"]


def _listed(recipients: Sequence[str]) -> str:
    if not recipients:
        return "nobody"
    more = f" and {len(recipients) - SHOWN} more" if len(recipients) > SHOWN else ""
    return ", ".join(f"<{name}>" for name in recipients[:SHOWN]) + more


def _sentences(event: Event) -> Iterator[str]:
    tell = _TELL.get(event["what"])
    if tell is not None:
        yield from tell(event)
    else:
        yield str(event["what"])  # of a later version


def _accepted(event: Event) -> Iterator[str]:
    how = "accepted, and discarded," if event.get("discarded") else "accepted"
    unsent = "" if event.get("reply_sent") else "; the client was gone before it heard so, and may send it again"
    yield f"{how} for {_listed(event.get('recipients', ()))}{unsent}"


def _refused(event: Event) -> Iterator[str]:
    reply = event.get("reply", "")
    phase = event.get("phase", "")
    if phase == "rcpt":
        yield f"refused <{event.get('recipient', '')}>: {reply}"
    elif phase:
        sender = f" <{event.get('sender', '')}>" if phase == "mail" else ""
        yield f"refused {_PHASES.get(phase, phase)}{sender}: {reply}"
    else:
        yield f"refused for {_listed(event.get('recipients', ()))}: {reply}"


def _handled(event: Event) -> Iterator[str]:
    result, detail = event.get("result", ""), event.get("detail", "")
    yield f"handler {event.get('handler', '')}: {_RESULTS.get(result, result)}" + (f": {detail}" if detail else "")


def _delivered(event: Event) -> Iterator[str]:
    recipient, maildrops = event.get("recipient", ""), event.get("maildrops", ())
    leads = "" if list(maildrops) == [recipient] else f" → {', '.join(maildrops)}"
    yield f"delivered to <{recipient}>{leads}"
    for copy in event.get("copies", ()):
        yield f"    file {copy}"


def _not_delivered(event: Event) -> Iterator[str]:
    yield f"not delivered: {event.get('reason', '')}"
    for copy in event.get("visible", ()):
        yield f"    there all the same: {copy}"


def _relayed(event: Event) -> Iterator[str]:
    recipients = _listed(event.get("recipients", ()))
    yield f"passed on for {recipients} to {event.get('smarthost', '')}, which said: {event.get('reply', '')}"


def _not_relayed(event: Event) -> Iterator[str]:
    reason = f" ({event['reason']})" if event.get("reason") else ""
    recipients = _listed(event.get("recipients", ()))
    yield f"not passed on for {recipients} to {event.get('smarthost', '')}: {event.get('reply', '')}{reason}"


def _of_user(did: str) -> Callable[[Event], Iterator[str]]:
    def tell(event: Event) -> Iterator[str]:
        yield f"{did} by {event.get('user', '')} from {event.get('client', '')}"

    return tell


def _expired(event: Event) -> Iterator[str]:
    where = "moved to the trash" if event.get("to_trash") else "removed"
    yield f"{where} from the maildrop of {event.get('user', '')}: its time was up"


_TELL: Final[Mapping[str, Callable[[Event], Iterator[str]]]] = {
    "accepted": _accepted,
    "refused": _refused,
    "handled": _handled,
    "delivered": _delivered,
    "not delivered": _not_delivered,
    "relayed": _relayed,
    "not relayed": _not_relayed,
    "fetched": _of_user("fetched"),
    "deleted": _of_user("deleted"),
    "expired": _expired,
}
