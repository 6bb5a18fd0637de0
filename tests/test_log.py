"""The log: a line a fact, harmless whatever a client says, and never the end of the mail."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import ILogObserver, LogEvent, Logger, LogLevel, formatEvent, formatTime
from twisted.python import log as legacy
from zope.interface.verify import verifyObject

from mailgate import facts
from mailgate.facts import Fact
from mailgate.interfaces import IFactReader
from mailgate.log import DETAILS, FactLog, describe, escape, observer
from tests.support import logged

NASTY = "x\x1b[31m\r\n2026-01-01 info accepted forged\u2028\x85\u202e\0"
NOON = 1_800_014_400.0

CLOSED: dict[str, Any] = {
    "session": "s",
    "listener": "pop3",
    "client": "c",
    "user": "alice",
    "helo": "",
    "tls": "",
    "reason": "lost",
    "commands": 9,
    "octets_in": 1,
    "octets_out": 2,
    "seconds": 0.5,
    "messages": 7,
    "listed": 6,
    "fetched": 5,
    "fetched_octets": 999,
}

SAMPLES: list[Fact] = [
    facts.Connected(session="s", listener="smtp", client="192.0.2.1", port=25),
    facts.TurnedAway(listener="smtp", client="192.0.2.1", reason="too many connections"),
    facts.Secured(session="s", tls="TLSv1.3 X"),
    facts.Relayed(message="m", smarthost="relay.example.org:587", recipients=("a@b",), reply="250 OK"),
    facts.NotRelayed(
        message="m", smarthost="relay.example.org:587", recipients=("a@b",), reply="550 No", reason="its name"
    ),
    facts.NotRelayed(message="m", smarthost="relay.example.org:587", recipients=("a@b",), reply="550 No", reason=""),
    facts.Disconnected(
        session="s",
        listener="smtp",
        client="c",
        user="alice",
        helo="client.example.org",
        tls="TLSv1.3 X",
        reason="quit",
        commands=3,
        octets_in=1,
        octets_out=2,
        seconds=0.25,
    ),
    facts.MaildropClosed(**CLOSED, tops=0, deleted=0),
    facts.MaildropClosed(**CLOSED, tops=2, deleted=3),
    facts.LoggedIn(session="s", listener="pop3", client="c", user="alice"),
    facts.LoginFailed(session="s", listener="pop3", client="c", user="alice", reason="wrong password"),
    facts.LoginThrottled(session="s", listener="pop3", client="c", user="alice", reason="10 wrong passwords"),
    facts.LoginDeferred(session="s", listener="pop3", client="c", user="alice", reason="another session has it"),
    facts.CommandRefused(
        message="m", session="s", client="c", phase="rcpt", sender="a@b", recipient="c@d", reply="550 No"
    ),
    facts.Handled(message="m", handler="loop-guard", result="passed", detail="", seconds=0.0),
    facts.Delivered(message="m", recipient="a@b", maildrops=("a@b",), copies=("new/1",)),
    facts.Delivered(message="m", recipient="a@b", maildrops=(), copies=()),
    facts.NotDelivered(message="m", reason="disk", visible=()),
    facts.NotDelivered(message="m", reason="disk", visible=("new/1",)),
    facts.Accepted(
        message="m", session="s", client="c", sender="", recipients=("a@b",), octets=9, reply_sent=True, discarded=False
    ),
    facts.Accepted(
        message="m",
        session="s",
        client="c",
        sender="x@y",
        recipients=tuple("12345"),
        octets=9,
        reply_sent=False,
        discarded=True,
    ),
    facts.MessageRefused(
        message="m", session="s", client="c", sender="x@y", recipients=("a@b",), octets=9, reply="550 No"
    ),
    facts.Abandoned(
        message="m",
        session="s",
        client="c",
        sender="x@y",
        recipients=("a@b",),
        octets=9,
        phase="content",
        reason="lost",
    ),
    facts.Abandoned(
        message="m",
        session="s",
        client="c",
        sender="",
        recipients=(),
        octets=0,
        phase="mail",
        reason="time-out",
        reply="552 Big",
    ),
    facts.Fetched(session="s", user="alice", message="", uid="u1", octets=9),
    facts.Deleted(session="s", user="alice", message="m", uid="u1"),
    facts.NotDeleted(session="s", user="alice", uids=("u1", "u2"), reason="disk"),
    facts.Expired(user="alice", message="m", uid="u1", to_trash=False),
    facts.Expired(user="alice", message="", uid="u1", to_trash=True),
    facts.Restored(user="alice", message="m", uid="u1", clashed="", backup="/b", made=NOON),
    facts.Swept(user="alice", messages=2, octets=9, spared=0, emptied=0, trouble=""),
    facts.Swept(user="alice", messages=2, octets=9, spared=3, emptied=4, trouble="in use"),
    facts.SweepEnded(maildrops=3, messages=2, octets=9, seconds=1.5),
    facts.SweepHeld(reason="the clock"),
    facts.Unavailable(session="s", user="alice", where="PASS", reason="cannot open it: permission denied"),
    facts.Failed(error="e1", session="s", where="smtp Mail", reason="KeyError: x"),
    facts.CertificateChanged(certificate="c.pem", names=("mx.test", "a.test"), serial="0A", not_after=NOON),
    facts.CertificateRefused(certificate="c.pem", reason="k.pem: is not the key of c.pem"),
    facts.CertificateExpires(certificate="c.pem", names=("mx.test",), not_after=NOON, days=7),
    facts.CertificateExpires(certificate="c.pem", names=("mx.test",), not_after=NOON, days=0),
    facts.CertificateExpires(certificate="c.pem", names=("mx.test",), not_after=NOON, days=-1),
]

EXPECTED = [
    "session s begun: smtp 192.0.2.1 port 25",
    "turned away 192.0.2.1: smtp, too many connections",
    "session s secured: TLSv1.3 X",
    "relayed m to <a@b> through relay.example.org:587: 250 OK",
    "not relayed m to <a@b> through relay.example.org:587: 550 No; its name",
    "not relayed m to <a@b> through relay.example.org:587: 550 No",
    "session s ended: smtp c user alice helo client.example.org, TLSv1.3 X, quit, 3 commands, 1 octets in, 2 out, "
    "0.2 s",
    "session s ended: pop3 c user alice, in clear, lost, 9 commands, messages: 7 there, 6 listed, "
    "5 fetched (999 octets), 0 deleted, 1 octets in, 2 out, 0.5 s",
    "session s ended: pop3 c user alice, in clear, lost, 9 commands, messages: 7 there, 6 listed, "
    "5 fetched (999 octets), 2 tops, 3 deleted, 1 octets in, 2 out, 0.5 s",
    "login alice: pop3 c, session s",
    "login failed: client c, pop3, wrong password, session s, user 'alice'",
    "login throttled: client c, pop3, 10 wrong passwords, session s, user 'alice'",
    "login deferred 'alice': pop3 c, another session has it, session s",
    "refused c at rcpt from <a@b> to <c@d>: 550 No, session s",
    "handled m by loop-guard: passed",
    "delivered m to <a@b>: new/1",
    "delivered m to <a@b>: nowhere",
    "not delivered m: disk",
    "not delivered m: disk; these copies exist: new/1",
    "accepted m from <> to <a@b>, 9 octets, client c, session s",
    "discarded m from <x@y> to <1>, <2>, <3> and 2 more, 9 octets, client c, session s, reply not sent",
    "refused m from <x@y> to <a@b>, 9 octets: 550 No, client c, session s",
    "abandoned m at content from <x@y> to <a@b>, 9 octets came, lost, client c, session s",
    "abandoned m at mail from <> to nobody, 0 octets came, time-out, it would have heard 552 Big, client c, session s",
    "fetched u1 by alice, 9 octets, session s",
    "deleted m by alice, session s",
    "not deleted for alice: u1, u2: disk, session s",
    "expired m of alice",
    "expired u1 of alice, to the trash",
    "restored m of alice, UID u1, from /b",
    "swept alice: 2 messages, 9 octets",
    "swept alice: 2 messages, 9 octets, 3 more are left for the next sweep, 4 out of the trash; in use",
    "sweep ended: 3 maildrops, 2 messages, 9 octets removed, 1.5 s",
    "no sweep: the clock",
    "unavailable to 'alice' in PASS: cannot open it: permission denied, session s",
    "error e1 in smtp Mail: KeyError: x, session s",
    f"certificate changed: mx.test, a.test, serial 0A, until {formatTime(NOON)}, c.pem",
    "certificate refused, the one from before stays: k.pem: is not the key of c.pem",
    f"certificate expires in 7 days: mx.test, until {formatTime(NOON)}, c.pem",
    f"certificate expires within a day: mx.test, until {formatTime(NOON)}, c.pem",
    f"certificate has expired: mx.test, until {formatTime(NOON)}, c.pem",
]


@pytest.mark.parametrize(("fact", "line"), list(zip(SAMPLES, EXPECTED, strict=True)))
def test_a_fact_is_a_readable_line(fact: Fact, line: str) -> None:
    assert describe(fact) == line


def test_every_kind_of_fact_has_its_words() -> None:
    kinds = {kind for kind in vars(facts).values() if isinstance(kind, type) and issubclass(kind, Fact)} - {Fact}
    assert {type(fact) for fact in SAMPLES} == kinds


def test_a_fact_that_the_log_does_not_know_is_shown_as_it_is() -> None:
    @attrs.frozen(kw_only=True)
    class Rained(Fact):
        where: str

    assert describe(Rained(where="here\n")) == repr(Rained(where="here\n"))


def nasty(fact: Fact) -> Fact:
    """The fact with a hostile client's words in every place that takes words."""
    kinds = {name: str(field.type) for name, field in attrs.fields_dict(type(fact)).items()}
    words: dict[str, Any] = {"str": NASTY, "tuple[str, ...]": (NASTY, NASTY)}
    values = {name: words[kind] for name, kind in kinds.items() if kind in words}
    return attrs.evolve(fact, **values)


@pytest.mark.parametrize("fact", SAMPLES)
def test_control_characters_are_never_raw(fact: Fact) -> None:
    line = describe(nasty(fact))
    assert line.isprintable()
    assert "\\x1b[31m\\r\\n2026" in line or "\\\\x1b" in line or isinstance(fact, (facts.Secured, facts.SweepEnded))


@given(st.text(st.characters(codec=None), max_size=20))
def test_escape_gives_one_printable_line(text: str) -> None:
    escaped = escape(text)
    assert escaped.isprintable()
    assert (escaped == text) == text.isprintable()
    escaped.encode()  # halves of characters are gone as well


# Levels.


def emitted(fact: Fact) -> LogEvent:
    events: list[LogEvent] = []
    reader = FactLog()
    reader.log = Logger(observer=events.append)  # type: ignore[arg-type]
    reader.read(fact)
    assert len(events) == 1
    return events[0]


@pytest.mark.parametrize("fact", SAMPLES)
def test_levels(fact: Fact) -> None:
    bad = dict.fromkeys(
        (facts.NotDelivered, facts.Unavailable, facts.Failed, facts.SweepHeld, facts.CertificateRefused), LogLevel.error
    )
    odd = dict.fromkeys(
        (facts.LoginFailed, facts.LoginThrottled, facts.NotDeleted, facts.NotRelayed, facts.CertificateExpires),
        LogLevel.warn,
    )
    dull = dict.fromkeys((*DETAILS, facts.Handled), LogLevel.debug)
    assert emitted(fact)["log_level"] == {**bad, **odd, **dull}.get(type(fact), LogLevel.info)


@pytest.mark.parametrize("result", ["refused", "discarded", "skipped", "failed", "timed out", "cancelled"])
def test_a_handler_of_which_something_has_come_is_no_detail(result: str) -> None:
    handled = facts.Handled(message="m", handler="h", result=result, detail="", seconds=0.0)
    assert emitted(handled)["log_level"] == LogLevel.info


def test_details_are_for_those_who_want_them() -> None:
    events: list[LogEvent] = []
    reader = FactLog(details=False)
    reader.log = Logger(observer=events.append)  # type: ignore[arg-type]
    for fact in SAMPLES:
        reader.read(fact)
    assert {type(event["fact"]) for event in events} == {type(fact) for fact in SAMPLES} - {*DETAILS, facts.Handled}


def test_an_event_is_what_twisted_makes_of_one(log: list[LogEvent]) -> None:
    Logger(namespace="mailgate").debug("{line}", line="x", fact=SAMPLES[0])
    FactLog().read(attrs.evolve(SAMPLES[0], at=12.5))
    theirs, ours = log
    assert {**theirs, "line": 0, "log_logger": 0, "log_time": 12.5} == {
        **ours,
        "line": 0,
        "log_logger": 0,
        "fact": SAMPLES[0],
    }


def test_the_log_is_a_reader_of_facts() -> None:
    assert verifyObject(IFactReader, FactLog())
    assert FactLog().log.namespace == "mailgate"


# Streams.


class Output:
    """What an observer writes."""

    def __init__(self, style: str = "text", level: str = "info") -> None:
        self.stream = io.StringIO()
        self.observer = observer(self.stream, style, level)
        self.log = Logger(namespace="mailgate.test", observer=self.observer)

    def read(self, fact: Fact) -> None:
        reader = FactLog()
        reader.log = Logger(namespace="mailgate", observer=self.observer)
        reader.read(fact)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


def test_lines_of_text() -> None:
    output = Output()
    assert verifyObject(ILogObserver, output.observer)
    output.log.info("hello {who}", who="wor\nld")
    output.log.debug("not shown")
    output.read(SAMPLES[1])
    first, second = output.text.splitlines()
    assert first.endswith(" info hello wor\\nld")
    assert second.endswith(" info turned away 192.0.2.1: smtp, too many connections")
    assert first[:4].isdigit()  # the time in front


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warn", 2), ("error", 1)])
def test_levels_filter(level: str, shown: int) -> None:
    output = Output(level=level)
    for emit in (output.log.debug, output.log.info, output.log.warn, output.log.error):
        emit("x")
    assert len(output.text.splitlines()) == shown


def boom(words: str) -> None:
    raise ValueError(words)


@pytest.fixture(params=["text", "json"])
def failing(request: pytest.FixtureRequest) -> Output:
    output = Output(request.param)
    try:
        boom(NASTY)
    except ValueError:
        output.log.failure("it failed for {who}", who=NASTY)
    return output


def test_a_traceback_cannot_forge_a_line(failing: Output) -> None:
    first, *rest = failing.text.splitlines()
    if not rest:
        return  # JSON: one line
    assert "critical it failed for x\\x1b" in first
    assert all(line.startswith("    ") and line.isprintable() for line in rest)
    assert any("in boom" in line for line in rest)
    assert not any(line.startswith("2026-01-01") for line in rest)


@pytest.mark.parametrize("fact", SAMPLES)
def test_json_lines(fact: Fact) -> None:
    output = Output("json", "debug")
    output.read(fact)
    output.read(nasty(fact))
    line, hostile = output.json
    assert line["text"] == describe(fact)
    assert (line["fact"], line["namespace"]) == (type(fact).__name__, "mailgate")
    assert isinstance(line["time"], float)
    assert line["level"] == emitted(fact)["log_level"].name
    fields = {name: getattr(fact, name) for name in attrs.fields_dict(type(fact))}
    assert {
        name: tuple(value) if isinstance(value, list) else value for name, value in line.items() if name in fields
    } == fields
    assert hostile["text"].isprintable()


def test_json_takes_what_has_no_json() -> None:
    output = Output("json")
    output.log.error("{thing}", thing=object())
    try:
        boom("x")
    except ValueError:
        output.log.failure("failed")
    assert output.json[0]["level"] == "error"
    assert "ValueError: x" in output.json[1]["text"]


def test_an_event_without_anything() -> None:
    output = Output()
    output.observer({"log_level": LogLevel.info, "log_namespace": "x"})
    assert output.text == "- info \n"


def test_events_of_the_standard_kind_without_a_level_count_as_info() -> None:
    from mailgate.log import _level

    assert _level({}) == "info"
    assert _level({"log_level": LogLevel.warn}) == "warn"


# A log that cannot be written.


class Broken(io.StringIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [OSError("disk full"), BrokenPipeError("gone"), ValueError("closed"), UnicodeEncodeError("ascii", "ü", 0, 1, "no")],
)
def test_a_stream_that_fails_costs_a_word_on_standard_error(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    standard_error = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", standard_error)
    Logger(observer=observer(Broken(error))).info("hello")
    assert standard_error.getvalue() == "mailgate: the log cannot be written\n"


def test_if_standard_error_is_broken_too_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Broken(OSError("disk full"))
    for standard_error in (broken, Broken(OSError("as well")), None):
        monkeypatch.setattr(sys, "__stderr__", standard_error)
        observer(broken)({"log_level": LogLevel.info, "log_namespace": "x", "log_format": "hello"})


def test_letters_that_the_stream_lacks_do_not_hide_a_line() -> None:
    octets = io.BytesIO()
    stream = io.TextIOWrapper(octets, encoding="ascii")
    Logger(observer=observer(stream)).info("from <ä@example.org>")
    assert octets.getvalue().endswith(b"info from <\\xe4@example.org>\n")


# Passwords: tests/smtp/test_session.py looks for one in everything that a session tells and logs.


@pytest.fixture
def log() -> Iterator[list[LogEvent]]:
    with logged() as events:
        yield events


def test_the_fact_log_writes_to_twisteds_log(log: list[LogEvent]) -> None:
    FactLog().read(SAMPLES[0])
    assert [formatEvent(event) for event in log] == [describe(SAMPLES[0])]
    assert log[0]["fact"] is SAMPLES[0]
    assert not logging.getLogger("mailgate").handlers  # Python's own logging has no part in it


def test_a_traceback_shows_no_values() -> None:
    # Twisted can print the local variables of every frame; a password may be one of them.
    def check(password: str) -> None:
        raise ValueError("wrong")

    output = Output()
    try:
        check("secret")
    except ValueError:
        output.log.failure("failed")
    assert "in check" in output.text
    assert "secret" not in output.text.replace('check("secret")', "")


def test_an_error_of_the_older_log_is_a_line_and_an_indented_traceback() -> None:
    stream = io.StringIO()
    observe = observer(stream)
    with logged() as events:
        try:
            raise RuntimeError("old")
        except RuntimeError:
            legacy.err(None, "it broke")
    for event in events:
        observe(event)
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith(" critical it broke") and all(line.startswith("    ") for line in rest)
    assert rest[-1].endswith("RuntimeError: old")


@pytest.mark.parametrize("seconds", [0.0, 1_700_000_000.9, 1_700_000_001.0, None])
def test_a_line_begins_with_its_time(seconds: float | None) -> None:
    stream = io.StringIO()
    observer(stream)({"log_time": seconds, "log_level": LogLevel.info, "log_namespace": "x", "log_format": "hello"})
    assert stream.getvalue() == f"{formatTime(seconds)} info hello\n"


def test_a_session_that_ended_within_its_handshake() -> None:
    fact = facts.Disconnected(
        session="s", listener="pop3", client="c", user="", helo="", tls="", reason="handshake", commands=0,
        octets_in=0, octets_out=0, seconds=0.1,
    )  # fmt: skip
    assert describe(fact).startswith("session s ended: pop3 c, TLS handshake not finished, 0 commands, ")
