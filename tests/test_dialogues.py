"""The dialogues, played in memory; tests/e2e plays them against the daemon. And the runner itself."""

from __future__ import annotations

import ast
import errno
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import evolve
from twisted.cred.credentials import UsernamePassword
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from zope.interface import implementer

import mailgate.accounts.directory
import mailgate.delivery
import mailgate.handlers
import mailgate.pipeline
import mailgate.quotas
import mailgate.sending
import mailgate.service.stack
import mailgate.smtp
from mailgate.accounts.directory import Directory
from mailgate.accounts.domains import Domains
from mailgate.connection import Build, ConnectionFactory, Enter
from mailgate.delivery import Delivery
from mailgate.failures import StoreError, StoreFull
from mailgate.handlers.exec import refusal
from mailgate.handlers.turns import BUSY
from mailgate.interfaces import IConnectPolicy, IDirectory, IMessageHandler, IStaged
from mailgate.limits.admission import TOO_MANY, TOO_MANY_NEW
from mailgate.limits.networks import Networks
from mailgate.mail import Copy, Destination, Message, Refused, Reply, Verdict
from mailgate.pipeline import Step
from mailgate.quotas import Quotas
from mailgate.rules import NO_QUOTA, Quota
from mailgate.service.stack import Approach, layered
from mailgate.smtp.mailing import NOBODY
from mailgate.smtp.personality import Personality
from mailgate.smtp.server import smtp_door
from mailgate.smtp.session import FAREWELLS
from mailgate.store.memory import MemoryStore
from tests.dialogues.runner import (
    HERE,
    LISTENERS,
    Closed,
    Expect,
    Mismatch,
    Script,
    ScriptError,
    Send,
    StartTLS,
    parse,
    play,
    scripts,
)
from tests.dialogues.smarthosts import SMARTHOSTS, Make
from tests.limits.support import Refusing as RefusingThrottle
from tests.pop3.dialogues import THROTTLED, pop3_house
from tests.pop3.dialogues import TROUBLES as POP3_TROUBLES
from tests.smtp.support import HOSTNAME, Checker, MemorySpool, Spools, World
from tests.support import Facts, started

T = TypeVar("T")


class MemoryPeer:
    """A client whose server is in the same process, without a network."""

    def __init__(self, build: Build[Any], clock: Clock, turned_away: str = "") -> None:
        """`turned_away` is why the client may not come in; empty: it may."""
        self._clock = clock
        self._factory: ConnectionFactory[Any] = ConnectionFactory(clock, None, build)
        enter: Enter = lambda *_: turned_away or (lambda: None)  # noqa: E731
        approach = Approach(enter=enter, proxies=Networks(), clock=clock, tell=lambda fact: None)
        factory: Any = layered(self._factory, approach, listener="smtp", implicit_tls=None)
        self._connection = factory.buildProtocol(None)
        self._transport = StringTransport()
        self._connection.makeConnection(self._transport)
        self._unread = b""

    def send(self, octets: bytes) -> None:
        self._connection.dataReceived(octets)

    def line(self) -> str:
        self._fetch()
        line, end, rest = self._unread.partition(b"\r\n")
        if not end:
            raise Mismatch(f"expected a line, got {self._unread!r}")
        self._unread = rest
        return line.decode()

    def start_tls(self) -> None:
        raise NotImplementedError("there is no TLS in memory")

    def wait(self, seconds: float) -> None:
        self._clock.advance(seconds)

    def stop(self) -> None:
        started(self._factory.drain(30.0))

    def finish(self, *, closed: bool) -> None:
        self._fetch()
        if self._unread:
            raise Mismatch(f"nobody expected {self._unread!r}")
        if self._transport.disconnecting is not closed:
            raise Mismatch("the connection is still open" if closed else "the server has closed the connection")

    def _fetch(self) -> None:
        while any(call.getTime() <= self._clock.seconds() for call in self._clock.getDelayedCalls()):
            self._clock.advance(0)  # others have had their turn
        self._unread += self._transport.value()
        self._transport.clear()


def world(script: Script, accounts: Path) -> World:
    facts = Facts()
    submission = script.listener == "submission"
    made = World(
        Personality(
            hostname=HOSTNAME,
            listener=script.listener,
            lmtp=script.listener == "lmtp",
            auth_required=submission,
            starttls=True,
            allow_plaintext=script.allow_plaintext,
        ),
        facts=facts,
        delivery=Delivery(MemoryStore(), facts),
    )
    made.checker.passwords = {b"alice@example.test": b"secret", b"bob@example.test": b"secret"}
    if script.trouble in TROUBLES:
        TROUBLES[script.trouble](made, accounts)
    return made


# What may be wrong with the house.


class FailingStore(MemoryStore):
    """Keeps no copies for `names`; for nobody, if there are none."""

    def __init__(self, error: StoreError, *names: str) -> None:
        super().__init__()
        self._error, self._names = error, names

    async def stage(self, message: Message, copies: Sequence[Copy]) -> IStaged:
        if not self._names or any(copy.maildrop in self._names for copy in copies):
            raise self._error
        return await super().stage(message, copies)


class FailingSpools(Spools):
    """Spools whose disk fails."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def __call__(self) -> MemorySpool:
        spool = super().__call__()
        spool.write_error = OSError(self._number, "the disk")
        return spool


class FailingChecker(Checker):
    """Cannot tell about any password."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def _check(self, credentials: UsernamePassword) -> str:
        raise self._error


@implementer(IConnectPolicy, IMessageHandler)
class Failing:
    """Refuses clients, or fails with messages."""

    def __init__(self, refusal: Reply | None) -> None:
        self._refusal = refusal

    def check_connect(self, session: object) -> None:
        if self._refusal is not None:
            raise Refused(self._refusal)

    def handle(self, message: Message) -> Verdict:
        raise RuntimeError("a bug")


@implementer(IMessageHandler)
class Refusing:
    """Says no to every message."""

    def __init__(self, refusal: Reply) -> None:
        self._refusal = refusal

    def handle(self, message: Message) -> Verdict:
        raise Refused(self._refusal)


@implementer(IDirectory)
class FailingDirectory:
    """Has a bug."""

    async def resolve(self, path: object) -> tuple[Destination, ...]:
        raise RuntimeError("a bug")


Trouble = Callable[[World, Path], None]


def store(error: StoreError, *names: str) -> Trouble:
    def trouble(made: World, accounts: Path) -> None:
        made.delivery = Delivery(FailingStore(error, *names), made.facts)

    return trouble


def step(refusal: Reply | None) -> Trouble:
    def trouble(made: World, accounts: Path) -> None:
        made.steps = (Step("step", Failing(refusal)),)

    return trouble


def judgement(refusal: Reply) -> Trouble:
    return attribute("steps", lambda: (Step("program", Refusing(refusal)),))


def smarthost(make: Make) -> Trouble:
    def trouble(made: World, accounts: Path) -> None:
        made.personality = evolve(made.personality, relays=True)
        made.delivery = Delivery(MemoryStore(), made.facts, make(made.clock, made.facts))

    return trouble


def attribute(name: str, value: Callable[[], object]) -> Trouble:
    return lambda made, accounts: setattr(made, name, value())


def quota(*, permanent: bool = False, error: StoreError | None = None) -> Trouble:
    """Of bob; `error`: why nobody can tell how full his maildrop is."""

    def trouble(made: World, accounts: Path) -> None:
        kept = MemoryStore()

        async def usage(maildrop: str) -> tuple[int, int]:
            if error is not None:
                raise error
            return await kept.usage(maildrop)

        limits = {"bob@example.test": Quota(octets=2_000, messages=2)}
        quotas = Quotas(lambda name: limits.get(name, NO_QUOTA), usage, made.facts, permanent=permanent)
        made.limits = {"check_quotas": quotas.check}
        made.delivery = Delivery(kept, made.facts)

    return trouble


def out_of_service(made: World, accounts: Path) -> None:
    for domain, users in (("example.test", "alice:{PLAIN}secret\n"), ("broken.test", "this is no account\n")):
        (accounts / domain).mkdir()
        (accounts / domain / "users").write_text(users)
    made.directory = Directory(Domains(str(accounts), lambda fault: None), HOSTNAME)


TROUBLES: Mapping[str, Trouble] = {
    "the store is full": store(StoreFull("no room")),
    "the store is broken": store(StoreError("broken")),
    "bob's maildrop is full": store(StoreFull("no room"), "bob@example.test"),
    "the spool is full": attribute("spools", lambda: FailingSpools(errno.ENOSPC)),
    "the spool is broken": attribute("spools", lambda: FailingSpools(errno.EIO)),
    "a handler has a bug": step(None),
    "the directory has a bug": attribute("directory", FailingDirectory),
    "clients are refused for good": step(Reply(550, "5.7.1", "Not you")),
    "clients are refused for now": step(Reply(450, "4.7.1", "Not now")),
    "this client has named too many recipients": attribute(
        "limits", lambda: {"may_name_recipient": lambda client: False}
    ),
    "there is less room than the reserve": attribute("limits", lambda: {"has_room": lambda: False}),
    "bob may have two messages and 2000 octets": quota(),
    "bob may have two messages and 2000 octets, and more is sent back": quota(permanent=True),
    "nobody can tell how full bob's maildrop is": quota(error=StoreError("unreadable")),
    "the passwords cannot be read": attribute("checker", lambda: FailingChecker(StoreError("unreadable"))),
    "the checker has a bug": attribute("checker", lambda: FailingChecker(RuntimeError("a bug"))),
    THROTTLED: attribute("limits", lambda: {"throttle": RefusingThrottle()}),
    "broken.test is out of service": out_of_service,
    "a program refuses every message": judgement(refusal(b"no reply that we could pass on\n")),
    "too many messages wait for a program": judgement(BUSY),
    **{name: smarthost(make) for name, make in SMARTHOSTS.items()},
}
TURNED_AWAY: Mapping[str, str] = {
    "too many are connected": TOO_MANY,
    "too many have come within a minute": TOO_MANY_NEW,
}


IN_MEMORY = [script for script in scripts() if not script.wants_tls]


@pytest.mark.parametrize("script", IN_MEMORY, ids=lambda script: script.name)
def test_dialogue(script: Script, tmp_path: Path) -> None:
    if script.listener == "pop3":
        play(script, MemoryPeer(pop3_house(script, tmp_path), Clock()))
        return
    made = world(script, tmp_path)
    play(script, MemoryPeer(smtp_door(made.surroundings()), made.clock, TURNED_AWAY.get(script.trouble, "")))


def test_there_are_some_for_every_listener() -> None:
    assert {script.listener for script in IN_MEMORY} == set(LISTENERS)
    assert len(IN_MEMORY) >= 40


def test_every_trouble_is_played_and_written_down() -> None:
    troubles = TROUBLES.keys() | TURNED_AWAY.keys() | POP3_TROUBLES.keys()
    assert {script.trouble for script in scripts()} - {""} == troubles
    words = (HERE / "README.md").read_text()
    assert not [trouble for trouble in troubles if f"`{trouble}`" not in words]


# Every reply is in a script, with the section that has it.

TOLD = [
    *(
        module
        for room in (mailgate.smtp, mailgate.sending, mailgate.handlers)
        for module in sorted(Path(str(room.__file__)).parent.glob("*.py"))
    ),
    *(
        Path(str(module.__file__))
        for module in (
            mailgate.delivery,
            mailgate.accounts.directory,
            mailgate.pipeline,
            mailgate.quotas,
            mailgate.service.stack,
        )
    ),
]
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
LINE = re.compile(rb"([2-5]\d\d) ([245]\.\d{1,3}\.\d{1,3}) (.*)\r\n")  # a reply that is ready for the wire
Pair = tuple[int, str]


def given() -> Iterator[tuple[Pair, str]]:
    """What the server can say: code and enhanced status, and the text where it is always the same."""
    for module in TOLD:
        tree = ast.parse(module.read_text())
        calls = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reply"
        ]
        within = {id(inner) for call in calls for inner in ast.walk(call)}
        # A status that is passed on has been written elsewhere in the same module.
        loose = [
            node.value
            for node in ast.walk(tree)
            if id(node) not in within
            and isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and STATUS.fullmatch(node.value)
        ]
        for call in calls:
            code, status, text = call.args
            said = text.value if isinstance(text, ast.Constant) else ""
            assert isinstance(said, str)
            for pair in itertools.product(_constants(code, int), _constants(status, str) or loose):
                yield pair, said
        yield from _lines(tree)


def _lines(tree: ast.AST) -> Iterator[tuple[Pair, str]]:
    for node in ast.walk(tree):
        octets = node.value if isinstance(node, ast.Constant) else None
        if isinstance(octets, bytes) and (match := LINE.fullmatch(octets)):
            code, status, text = match.groups()
            yield (int(code), status.decode()), text.decode()


def _constants(node: ast.expr, kind: type[T]) -> list[T]:
    if isinstance(node, ast.IfExp):
        return _constants(node.body, kind) + _constants(node.orelse, kind)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, kind) else []


def played() -> Iterator[tuple[Pair, str, bool]]:
    """What scripts expect: code and enhanced status, the line, and whether its paragraph names an RFC."""
    for script in scripts():
        if script.listener == "pop3":
            continue
        for paragraph in re.split(r"\n\s*\n", (HERE / f"{script.name}.txt").read_text()):
            named = re.search(r"^#.*\bRFC \d+", paragraph, re.MULTILINE) is not None
            for code, status, text in re.findall(
                r"^S[0-9]*: (\d{3})(?:[ -](\d\.\d+\.\d+))?(.*)$", paragraph, re.MULTILINE
            ):
                yield (int(code), status), text.strip(), named


def test_the_replies_are_found() -> None:
    pairs = {pair for pair, _ in given()}
    assert len(pairs) > 35
    assert {(220, ""), (501, "5.1.3"), (503, "5.5.1"), (554, "5.5.1"), (421, "4.3.2"), (450, "4.3.5")} <= pairs
    assert ((550, "5.1.1"), NOBODY.text) in set(given())
    assert {(451, "4.4.1"), (451, "4.4.6"), (550, "5.6.7"), (554, "5.6.9"), (451, "4.3.2")} <= pairs
    assert ((421, "4.7.0"), "Too many connections, try again later") in set(given())


def test_every_reply_is_in_a_script_beside_its_section() -> None:
    shown = {pair for pair, _, named in played() if named}
    assert {pair for pair, _ in given()} - shown == set()


def test_every_goodbye_and_every_550_is_shown_with_its_reason() -> None:
    said = {(pair, text) for pair, text in given() if text and pair[0] in (421, 550)}
    shown = {(pair, text.removesuffix("...")) for pair, text, named in played() if named}
    assert len(said) >= 9
    farewells = {((421, "4.4.2"), FAREWELLS["time-out"]), ((421, "4.3.2"), FAREWELLS["stopped"])}
    assert (said | farewells) - shown == set()


# The runner.

TEXT = r"""# a comment
listener: pop3
allow_plaintext: yes

S: +OK ...
C: USER alice
R: PASS a\x00b\r\n
S*: +...
S: -ERR [...] no
TLS
C:
CLOSED
"""


class Puppet:
    """A peer that says what it was given."""

    def __init__(self, *lines: str, closed: bool = False) -> None:
        self.lines = list(lines)
        self.closed = closed
        self.sent: list[bytes] = []

    def send(self, octets: bytes) -> None:
        self.sent.append(octets)

    def line(self) -> str:
        if not self.lines:
            raise Mismatch("nothing comes")
        return self.lines.pop(0)

    def start_tls(self) -> None:
        self.sent.append(b"TLS")

    def wait(self, seconds: float) -> None:
        self.sent.append(b"WAIT %d" % seconds)

    def stop(self) -> None:
        self.sent.append(b"STOP")

    def finish(self, *, closed: bool) -> None:
        if self.lines or closed is not self.closed:
            raise Mismatch("not over")


def test_a_script_is_read() -> None:
    script = parse("name", TEXT)
    assert (script.name, script.listener, script.allow_plaintext, script.wants_tls) == ("name", "pop3", True, True)
    assert (script.trouble, script.memory_only) == ("", "")
    assert script.steps == (
        (5, Expect("+OK ...")),
        (6, Send(b"USER alice\r\nPASS a\0b\r\n")),
        (8, Expect("+...", repeated=True)),
        (9, Expect("-ERR [...] no")),
        (10, StartTLS()),
        (11, Send(b"\r\n")),
        (12, Closed()),
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("C: NOOP", "listener"),
        ("listener: imap\nC: NOOP", "listener"),
        ("C: NOOP\nlistener: smtp", "line 2"),
        ("listener: smtp\nX: NOOP", "line 2: 'X'"),
        ("listener: smtp\nR: \\x0", "line 2"),
        ("listener: smtp\nC0: NOOP", "line 2: 'C0'"),
        ("listener: smtp\nTLS2", "line 2: 'TLS2'"),
        ("listener: smtp\nWAIT long", "line 2"),
        ("listener: smtp\nWAIT 1", "in memory only"),
        ("listener: smtp\nSTOP", "in memory only"),
        ("listener: smtp\ntrouble: much", "in memory only"),
    ],
)
def test_a_script_that_is_none(text: str, complaint: str) -> None:
    with pytest.raises(ScriptError, match=complaint):
        parse("name", text)


@pytest.mark.parametrize("middle", [[], ["+one"], ["+one", "+two", "+three"]])
def test_a_script_is_played(middle: list[str]) -> None:
    puppet = Puppet("+OK hello", *middle, "-ERR [IN-USE] no", closed=True)
    play(parse("name", TEXT), puppet)
    assert puppet.sent == [b"USER alice\r\nPASS a\0b\r\n", b"TLS", b"\r\n"]


@pytest.mark.parametrize(
    ("lines", "closed", "complaint"),
    [
        ([], True, "line 5: nothing comes"),
        (["+NO"], True, "line 5: expected '.OK ...', got '.NO'"),
        (["+OK "], True, "line 8: nothing comes"),
        (["+OK ", "-ERR [x] nope"], True, "line 9"),
        (["+OK ", "-ERR [x] no", "more"], True, "at its end"),
        (["+OK ", "-ERR [x] no"], False, "at its end"),
    ],
)
def test_a_mismatch_is_told_with_its_line(lines: list[str], closed: bool, complaint: str) -> None:
    with pytest.raises(Mismatch, match=f"name, {complaint}"):
        play(parse("name", TEXT), Puppet(*lines, closed=closed))


def test_a_line_that_ended_a_repetition_must_be_expected() -> None:
    script = parse("name", "listener: smtp\nS*: 250-...")
    with pytest.raises(Mismatch, match="nobody expected '250 last'"):
        play(script, Puppet("250-first", "250 last"))
    with pytest.raises(Mismatch, match="nothing comes"):
        play(script, Puppet("250-first"))


def test_what_is_counted_and_what_only_memory_has() -> None:
    text = "listener: lmtp\nin memory only: it waits\nC2: a\nR3: b\nS2: c...\nWAIT 61\nSTOP\nS: d"
    script = parse("name", text)
    assert (script.memory_only, script.trouble) == ("it waits", "")
    puppet = Puppet("c1", "c2", "d")
    play(script, puppet)
    assert puppet.sent == [b"a\r\na\r\nbbb", b"WAIT 61", b"STOP"]
    for lines in (["c1", "d"], ["c1", "c2", "c3", "d"]):
        with pytest.raises(Mismatch, match=r"name, line [58]"):
            play(script, Puppet(*lines))
    assert parse("name", "listener: smtp\nin memory only: x\ntrouble: much").trouble == "much"


def test_wildcards() -> None:
    assert Expect("250 ...").matches("250 anything")
    assert Expect("250 ...").matches("250 ")
    assert not Expect("250 ...").matches("250-")
    assert Expect("...[a].*").matches("x[a].*")
    assert not Expect("[a]").matches("a")
