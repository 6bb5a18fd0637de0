"""The log: a reader of facts that writes a readable line each, and the observers that put lines on a stream.

What a client said is written with its control characters escaped, so that a line stays a line.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

from attrs import asdict, frozen
from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, formatEvent, formatTime
from zope.interface import implementer

from mailgate import facts
from mailgate.interfaces import IFactReader

WARNINGS: Final = (
    facts.LoginFailed,
    facts.LoginThrottled,
    facts.NotDeleted,
    facts.NotRelayed,
    facts.CertificateExpires,
)
# Other lines sum these up, at the end of a session, a sweep or a restore.
DETAILS: Final = (
    facts.Connected,
    facts.Secured,
    facts.LoggedIn,
    facts.Fetched,
    facts.Deleted,
    facts.Expired,
    facts.Restored,
)
_LEVELS: Final[dict[type, Any]] = {}  # what was found out of each kind
ERRORS: Final = (facts.NotDelivered, facts.Unavailable, facts.Failed, facts.SweepHeld, facts.CertificateRefused)


@implementer(IFactReader)
class FactLog:
    """Writes facts to the log, details only on request: a line that nobody wants would cost as much as others."""

    def __init__(self, *, details: bool = True) -> None:
        self._details = details
        self.log = Logger(namespace="mailgate")  # as a class attribute it would have the class's name

    def read(self, fact: facts.Fact) -> None:
        level = level_of(fact)
        if level is LogLevel.debug and not self._details:
            return
        # What `emit` would make of it: but that one looks for the level among all there are, which takes too long.
        event: LogEvent = {
            "log_logger": self.log,
            "log_level": level,
            "log_namespace": self.log.namespace,
            "log_source": None,
            "log_format": "{line}",
            "log_time": fact.at or time.time(),
            "line": _Line(fact),
            "fact": fact,
        }
        self.log.observer(event)


@frozen
class _Line:
    """A fact that is described when somebody writes it down, which depends on the level."""

    fact: facts.Fact

    def __str__(self) -> str:
        return describe(self.fact)


def level_of(fact: facts.Fact) -> Any:
    """At which of Twisted's `LogLevel` a fact is logged."""
    if type(fact) is facts.Handled and fact.result == "passed":
        return LogLevel.debug  # nothing has come of it: that the message was accepted says as much
    level = _LEVELS.get(type(fact))
    if level is None:
        level = _LEVELS[type(fact)] = _level_of_kind(fact)
    return level


def _level_of_kind(fact: facts.Fact) -> Any:
    if isinstance(fact, ERRORS):
        return LogLevel.error
    if isinstance(fact, WARNINGS):
        return LogLevel.warn
    return LogLevel.debug if isinstance(fact, DETAILS) else LogLevel.info


def describe(fact: facts.Fact) -> str:
    """The fact in a line: its kind, then what matters most."""
    text = _TEXTS.get(type(fact))
    return escape(text(fact) if text is not None else repr(fact))


def escape(text: str) -> str:
    """The text on one line: anything that is not printable as \\xNN or \\uNNNN."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def observer(stream: TextIO, style: str = "text", level: str = "info") -> ILogObserver:
    """An observer that writes events from `level` up to `stream`; `style` is "text" or "json"."""
    write = _JSONLines(stream) if style == "json" else _TextLines(stream)
    return _From(LogLevel.levelWithName(level), write)


@implementer(ILogObserver)
class _From:
    """Hands on events of a level and of those above it. Twisted's filter knows more, and takes longer than a line."""

    def __init__(self, least: Any, observer: ILogObserver) -> None:
        self._levels = [level for level in LogLevel.iterconstants() if level >= least]
        self._observer = observer

    def __call__(self, event: LogEvent) -> None:
        if event.get("log_level") in self._levels:
            self._observer(event)


@implementer(ILogObserver)
class _TextLines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: LogEvent) -> None:
        line = event.get("line")
        if type(line) is _Line:  # which is most of all lines, and complete
            text = f"{_second(int(event['log_time']))} {event['log_level'].name} {line}"
        else:
            text = f"{_time(event.get('log_time'))} {_level(event)} {_text(event)}"
        _write(self._stream, text)


@implementer(ILogObserver)
class _JSONLines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: LogEvent) -> None:
        line: dict[str, Any] = {
            "time": event.get("log_time"),
            "level": _level(event),
            "namespace": event.get("log_namespace", ""),
            "text": _text(event),
        }
        if isinstance(fact := event.get("fact"), facts.Fact):
            line |= {"fact": type(fact).__name__, **asdict(fact)}  # its "message" is the message's id
        _write(self._stream, json.dumps(line, default=str))


def _time(seconds: float | None) -> str:
    return _second(int(seconds)) if seconds is not None else formatTime(None)


@functools.lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    """A busy gateway writes thousands of lines a second, and their times cost more than the rest of them."""
    return formatTime(seconds)


def _level(event: LogEvent) -> str:
    level = event.get("log_level")
    return level.name if level is not None else "info"


def _text(event: LogEvent) -> str:
    failure = event.get("log_failure")
    if isinstance(line := event.get("line"), _Line):
        return str(line)
    text = formatEvent(event)
    if failure is None and (failure := event.get("failure")) is not None:
        text = event.get("why") or "Unhandled error"  # Twisted's older log puts the traceback into the text
    text = escape(text)
    if failure is not None:
        # Indented, so that no exception's message can look like a line of the log.
        text += "".join(f"\n    {escape(line)}" for line in failure.getTraceback().rstrip().split("\n"))
    return text


def _write(stream: TextIO, line: str) -> None:
    try:
        try:
            stream.write(line + "\n")
        except UnicodeEncodeError:  # instead of letters that the stream cannot write, their numbers
            stream.write(line.encode("ascii", "backslashreplace").decode() + "\n")
        stream.flush()
    except (OSError, ValueError):
        # A log that cannot be written (a full disk, a closed pipe, letters that its encoding does not have) must not
        # stop the mail; and there is hardly anybody to tell.
        if stream is not sys.__stderr__ and sys.__stderr__ is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.__stderr__.write("mailgate: the log cannot be written\n")


def _to(recipients: tuple[str, ...]) -> str:
    shown = ", ".join(f"<{path}>" for path in recipients[:3])
    return shown + (f" and {len(recipients) - 3} more" if len(recipients) > 3 else "")


def _accepted(fact: facts.Accepted) -> str:
    how = "discarded" if fact.discarded else "accepted"
    unsent = "" if fact.reply_sent else ", reply not sent"
    return (
        f"{how} {fact.message} from <{fact.sender}> to {_to(fact.recipients)}, {fact.octets} octets, "
        f"client {fact.client}, session {fact.session}{unsent}"
    )


def _abandoned(fact: facts.Abandoned) -> str:
    fault = f", it would have heard {fact.reply}" if fact.reply else ""
    return (
        f"abandoned {fact.message} at {fact.phase} from <{fact.sender}> to {_to(fact.recipients) or 'nobody'}, "
        f"{fact.octets} octets came, {fact.reason}{fault}, client {fact.client}, session {fact.session}"
    )


def _login_refused(how: str, fact: facts.LoginFailed | facts.LoginThrottled) -> str:
    # Other programs read this line (etc/fail2ban), so its form stays. The address comes first: nothing that a client
    # may say stands in front of it.
    where = f"client {fact.client}, {fact.listener}"
    return f"login {how}: {where}, {fact.reason}, session {fact.session}, user {fact.user!r}"


def _command_refused(fact: facts.CommandRefused) -> str:
    sender = f" from <{fact.sender}>" if fact.phase in ("mail", "rcpt") else ""
    recipient = f" to <{fact.recipient}>" if fact.phase == "rcpt" else ""
    return f"refused {fact.client} at {fact.phase}{sender}{recipient}: {fact.reply}, session {fact.session}"


def _not_delivered(fact: facts.NotDelivered) -> str:
    visible = f"; these copies exist: {', '.join(fact.visible)}" if fact.visible else ""
    return f"not delivered {fact.message}: {fact.reason}{visible}"


def _not_relayed(fact: facts.NotRelayed) -> str:
    reason = f"; {fact.reason}" if fact.reason else ""
    return f"not relayed {fact.message} to {_to(fact.recipients)} through {fact.smarthost}: {fact.reply}{reason}"


def _ended(fact: facts.Disconnected, did: str = "") -> str:
    user = (f" user {fact.user}" if fact.user else "") + (f" helo {fact.helo}" if fact.helo else "")
    # Neither in clear nor secured: the client broke off in between.
    how = "TLS handshake not finished" if fact.reason == "handshake" else f"{fact.tls or 'in clear'}, {fact.reason}"
    return (
        f"session {fact.session} ended: {fact.listener} {fact.client}{user}, {how}, "
        f"{fact.commands} commands, {did}{fact.octets_in} octets in, {fact.octets_out} out, {fact.seconds:.1f} s"
    )


def _maildrop_closed(fact: facts.MaildropClosed) -> str:
    tops = f"{fact.tops} tops, " if fact.tops else ""
    return _ended(
        fact,
        f"messages: {fact.messages} there, {fact.listed} listed, "
        f"{fact.fetched} fetched ({fact.fetched_octets} octets), {tops}{fact.deleted} deleted, ",
    )


def _swept(fact: facts.Swept) -> str:
    spared = f", {fact.spared} more are left for the next sweep" if fact.spared else ""
    emptied = f", {fact.emptied} out of the trash" if fact.emptied else ""
    trouble = f"; {fact.trouble}" if fact.trouble else ""
    return f"swept {fact.user}: {fact.messages} messages, {fact.octets} octets{spared}{emptied}{trouble}"


def _certificate_changed(fact: facts.CertificateChanged) -> str:
    until = _second(int(fact.not_after))
    return f"certificate changed: {', '.join(fact.names)}, serial {fact.serial}, until {until}, {fact.certificate}"


def _certificate_expires(fact: facts.CertificateExpires) -> str:
    when = "has expired" if fact.days < 0 else f"expires in {fact.days} days" if fact.days else "expires within a day"
    return f"certificate {when}: {', '.join(fact.names)}, until {_second(int(fact.not_after))}, {fact.certificate}"


_TEXTS: Final[Mapping[type, Callable[[Any], str]]] = {
    facts.Connected: lambda f: f"session {f.session} begun: {f.listener} {f.client} port {f.port}",
    facts.TurnedAway: lambda f: f"turned away {f.client}: {f.listener}, {f.reason}",
    facts.Secured: lambda f: f"session {f.session} secured: {f.tls}",
    facts.Disconnected: _ended,
    facts.MaildropClosed: _maildrop_closed,
    facts.LoggedIn: lambda f: f"login {f.user}: {f.listener} {f.client}, session {f.session}",
    facts.LoginFailed: lambda f: _login_refused("failed", f),
    facts.LoginThrottled: lambda f: _login_refused("throttled", f),
    facts.LoginDeferred: lambda f: (
        f"login deferred {f.user!r}: {f.listener} {f.client}, {f.reason}, session {f.session}"
    ),
    facts.CommandRefused: _command_refused,
    facts.Handled: lambda f: f"handled {f.message} by {f.handler}: {f.result} {f.detail}".rstrip(),
    facts.Delivered: lambda f: f"delivered {f.message} to <{f.recipient}>: {', '.join(f.copies) or 'nowhere'}",
    facts.NotDelivered: _not_delivered,
    facts.Relayed: lambda f: f"relayed {f.message} to {_to(f.recipients)} through {f.smarthost}: {f.reply}",
    facts.NotRelayed: _not_relayed,
    facts.Accepted: _accepted,
    facts.Abandoned: _abandoned,
    facts.MessageRefused: lambda f: (
        f"refused {f.message} from <{f.sender}> to {_to(f.recipients)}, {f.octets} octets: {f.reply}, "
        f"client {f.client}, session {f.session}"
    ),
    facts.Fetched: lambda f: f"fetched {f.message or f.uid} by {f.user}, {f.octets} octets, session {f.session}",
    facts.Deleted: lambda f: f"deleted {f.message or f.uid} by {f.user}, session {f.session}",
    facts.NotDeleted: lambda f: f"not deleted for {f.user}: {', '.join(f.uids)}: {f.reason}, session {f.session}",
    facts.Expired: lambda f: f"expired {f.message or f.uid} of {f.user}" + (", to the trash" if f.to_trash else ""),
    facts.Restored: lambda f: f"restored {f.message or f.uid} of {f.user}, UID {f.uid}, from {f.backup}",
    facts.Swept: _swept,
    facts.SweepEnded: lambda f: (
        f"sweep ended: {f.maildrops} maildrops, {f.messages} messages, {f.octets} octets removed, {f.seconds:.1f} s"
    ),
    facts.SweepHeld: lambda f: f"no sweep: {f.reason}",
    facts.Unavailable: lambda f: f"unavailable to {f.user!r} in {f.where}: {f.reason}, session {f.session}",
    facts.CertificateChanged: _certificate_changed,
    facts.CertificateRefused: lambda f: f"certificate refused, the one from before stays: {f.reason}",
    facts.CertificateExpires: _certificate_expires,
    facts.Failed: lambda f: f"error {f.error} in {f.where}: {f.reason}, session {f.session}",
}
