"""A message's life in plain sentences, for a person who looks after mail now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from mailgate.cli.fitting import COLUMNS, fitted

Event = Mapping[str, Any]

SHOWN: Final = 5  # of many recipients so many are named
_INDENT: Final = "    "
_KIB: Final = 1 << 10
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
_ENDS: Final[Mapping[str, str]] = {
    "lost": "the connection was lost",
    "time-out": "the client took too long and was cut off",
    "stopped": "the gateway was stopped",
    "shown out": "the client was sent away (421)",
    "quit": "the client took it back (QUIT)",
    "reset": "the client took it back (RSET)",
    "hello": "the client took it back (a new greeting)",
    "starttls": "the client took it back (STARTTLS)",
}
_BEFORE: Final[Mapping[str, str]] = {
    "mail": "before anybody was to have it",
    "rcpt": "before it sent the message",
}


def told(life: Mapping[str, Any], now: float) -> str:
    """The life as a block of lines; `now` is Unix time."""
    events: Sequence[Event] = life["events"]
    lines = [fitted(_escaped(f"{_title(life, events)}, {ago(now - life['begun'])}"), "", _INDENT)]
    lines += [fitted(_escaped(line), _INDENT, f"{_INDENT}  ") for line in _origin(life, events)]
    lines += [line for event in events for line in _lines(event)]
    return "\n".join(lines)


def when(seconds: float) -> str:
    """A Unix time by the clock on the wall."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")


def _lines(event: Event) -> Iterator[str]:
    # By the clock on the wall without its zone: a sentence has to find room beside it.
    at = datetime.fromtimestamp(event["at"]).isoformat(" ", "seconds")
    for sentence in _sentences(event):
        yield fitted(_escaped(sentence), f"{_INDENT}{at}  ")
    for copy in (*event.get("copies", ()), *event.get("visible", ())):
        yield from _path(_escaped(copy))


def _path(copy: str) -> Iterator[str]:
    """Where a copy is; a path that is too long for a line has the file's name on one of its own."""
    indent = _INDENT * 2
    directory, slash, name = copy.rpartition("/")
    if len(indent + copy) <= COLUMNS or not slash:
        yield f"{indent}{copy}"
    else:
        yield f"{indent}{directory}{slash}"
        yield f"{indent}  {name}"


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
        whence = "that was restored" if any(map(_is_restored, events)) else "that another program brought"
        return f"a message of {user} {whence}, UID {uid}"
    return str(life["id"])


def _origin(life: Mapping[str, Any], events: Sequence[Event]) -> Iterator[str]:
    """Where it came from; the last event of those that know, for they know most."""
    incoming = [event for event in events if _is_incoming(event)]
    if not incoming:
        if life["kind"] == "message":
            yield "how it came is not in the journal any more"
        return
    last = incoming[-1]
    if life["kind"] == "message":
        recipients = list(dict.fromkeys(name for event in incoming for name in _recipients(event)))
        yield f"from <{incoming[0].get('sender', '')}> to {_listed(recipients)}"
    if last.get("message_id"):
        came = " came" if last["what"] == "abandoned" else ""
        yield f"Message-ID <{last['message_id']}>, {last.get('octets', 0)} octets{came}"
    about = ", ".join(filter(None, (last.get("helo"), last.get("tls", "").partition(" ")[0] or "in clear")))
    user = f", logged in as {last['user']}" if last.get("user") else ""
    session = f", session {last['session']}" if last.get("session") else ""
    door = _DOORS.get(last.get("listener", ""), last.get("listener", ""))
    yield f"came by {door} from {last.get('client', '')} ({about}){user}{session}"


def _is_incoming(event: Event) -> bool:
    return event["what"] in ("accepted", "refused", "abandoned")


def _is_restored(event: Event) -> bool:
    return bool(event["what"] == "restored")


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
    copies = event.get("copies", ())
    where = f", {'files' if len(copies) > 1 else 'file'}:" if copies else ""
    yield f"delivered to <{recipient}>{leads}{where}"


def _not_delivered(event: Event) -> Iterator[str]:
    there = "; there all the same:" if event.get("visible") else ""
    yield f"not delivered: {event.get('reason', '')}{there}"


def _relayed(event: Event) -> Iterator[str]:
    recipients = _listed(event.get("recipients", ()))
    yield f"passed on for {recipients} to {event.get('smarthost', '')}, which said: {event.get('reply', '')}"


def _not_relayed(event: Event) -> Iterator[str]:
    reason = f" ({event['reason']})" if event.get("reason") else ""
    recipients = _listed(event.get("recipients", ()))
    yield f"not passed on for {recipients} to {event.get('smarthost', '')}: {event.get('reply', '')}{reason}"


def _abandoned(event: Event) -> Iterator[str]:
    phase, reason = event.get("phase", ""), event.get("reason", "")
    came = ("at least " if event.get("reply") else "") + _size(event.get("octets", 0))  # after a fault none is counted
    if phase == "content":
        how_far = f"after {came} of the message, before its end"
    elif phase == "answer":
        how_far = f"after all {came} of the message, before it was delivered"
    else:
        how_far = _BEFORE.get(phase, f"at {phase}")
    fault = f". It would have heard: {event['reply']}" if event.get("reply") else ""
    yield f"{_ENDS.get(reason, reason)} {how_far}; nothing was delivered{fault}"


def _size(octets: int) -> str:
    for unit, name in ((_KIB * _KIB, "MiB"), (_KIB, "KiB")):
        if octets >= unit:
            return f"{octets} octets ({octets / unit:.1f} {name})"
    return f"{octets} octets"


def _restored(event: Event) -> Iterator[str]:
    made = f" of {when(event['made'])}" if event.get("made") else ""
    yield (
        f"restored to the maildrop of {event.get('user', '')} from the backup {event.get('backup', '')}{made}"
        f"{_other_uid(event)}"
    )


def _other_uid(event: Event) -> str:
    if "clashed" not in event:
        return ""
    was = f". It was {event['message']}" if "message" in event else ""
    return f", under another UID, as another message has {event['clashed']}{was}"


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
    "abandoned": _abandoned,
    "restored": _restored,
}
