"""Reads dialogue scripts and plays them with a peer; README.md beside this file describes the form."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, Protocol, get_args

from attrs import field, frozen

HERE: Final = Path(__file__).parent
Listener = Literal["smtp", "submission", "lmtp", "pop3"]
LISTENERS: Final[tuple[str, ...]] = get_args(Listener)
WILDCARD: Final = "..."
SETTINGS: Final = ("listener", "allow_plaintext", "trouble", "in memory only")
_COUNTED: Final = re.compile(r"([CRS])([1-9][0-9]*)")


class Peer(Protocol):
    """The client's end of a connection, on whatever it runs."""

    def send(self, octets: bytes) -> None:
        """Send octets, at once and as one write."""

    def line(self) -> str:
        """The server's next line, without its CRLF. Raises `Mismatch` if none comes."""

    def start_tls(self) -> None:
        """Shake hands; from now on all is encrypted. Only scripts whose `wants_tls` is true ask for it."""

    def wait(self, seconds: float) -> None:
        """Say nothing for so long. Only scripts that are for memory only ask for it."""

    def stop(self) -> None:
        """The service begins to stop. Only scripts that are for memory only ask for it."""

    def finish(self, *, closed: bool) -> None:
        """The script is over: nothing may be left that the server said and nobody expected; if `closed`, the server
        has closed the connection, else it has not. Raises `Mismatch`.
        """


class Mismatch(AssertionError):
    """The server did not say what the script has."""


class ScriptError(ValueError):
    """The script is not written as README.md has it."""


@frozen
class Send:
    """`C:` and `R:` lines that stand together: one write."""

    octets: bytes


@frozen
class Expect:
    """An `S:` line, or with `repeated` an `S*:` one; `times` of them, one after the other."""

    pattern: str
    repeated: bool = False
    times: int = 1

    def matches(self, line: str) -> bool:
        """Is the line what the pattern says, `...` standing for anything?"""
        parts = (re.escape(part) for part in self.pattern.split(WILDCARD))
        return re.fullmatch(".*".join(parts), line, re.DOTALL) is not None


@frozen
class StartTLS:
    """`TLS`: the handshake."""


@frozen
class Closed:
    """`CLOSED`: the server ends the connection."""


@frozen
class Wait:
    """`WAIT`: the client says nothing."""

    seconds: float


@frozen
class Stop:
    """`STOP`: the service stops."""


Step = Send | Expect | StartTLS | Closed | Wait | Stop


@frozen
class Script:
    """One dialogue."""

    name: str
    listener: Listener
    allow_plaintext: bool  # may passwords travel before TLS on the listener?
    trouble: str  # what is wrong with the house, in the words of README.md; empty: nothing
    memory_only: str  # why the script cannot be played against the daemon; empty: it can
    messages: tuple[bytes, ...]  # what alice's maildrop has at the beginning, oldest first
    steps: tuple[tuple[int, Step], ...] = field(repr=False)  # with the number of the line in the file

    @property
    def wants_tls(self) -> bool:
        """Does the client start TLS on the way?"""
        return any(isinstance(step, StartTLS) for _, step in self.steps)


def scripts() -> list[Script]:
    """The scripts beside this file, in the order of their names."""
    return [read_script(file) for file in sorted(HERE.glob("*.txt"))]


def read_script(file: Path) -> Script:
    """Raises `ScriptError`."""
    return parse(file.stem, file.read_text())


def parse(name: str, text: str) -> Script:
    """Read a script. Raises `ScriptError` with the number of the line."""
    settings: dict[str, str] = {}
    messages: list[bytes] = []
    steps: list[tuple[int, Step]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        word, colon, rest = line.partition(":")
        if not steps and colon and word == "message":
            messages.append(_octets(rest.strip()))
            continue
        if not steps and colon and word in SETTINGS:
            settings[word] = rest.strip()
            continue
        try:
            step = _step(word, rest.removeprefix(" "))
        except ValueError as error:
            raise ScriptError(f"{name}, line {number}: {error}") from None
        if isinstance(step, Send) and steps and isinstance(before := steps[-1][1], Send):
            steps[-1] = (steps[-1][0], Send(before.octets + step.octets))
        else:
            steps.append((number, step))
    listener = settings.get("listener", "")
    if listener not in LISTENERS:
        raise ScriptError(f"{name}: the first line is 'listener:' and one of {', '.join(LISTENERS)}")
    script = Script(
        name,
        listener,  # type: ignore[arg-type]
        settings.get("allow_plaintext") == "yes",
        settings.get("trouble", ""),
        settings.get("in memory only", ""),
        tuple(messages),
        tuple(steps),
    )
    if not script.memory_only and (script.trouble or any(isinstance(step, Wait | Stop) for _, step in steps)):
        raise ScriptError(f"{name}: trouble, WAIT and STOP want 'in memory only:' and the reason")
    return script


def _step(word: str, rest: str) -> Step:
    times = 1
    if counted := _COUNTED.fullmatch(word):
        word, times = counted[1], int(counted[2])
    match word:
        case "C":
            return Send((rest.encode() + b"\r\n") * times)
        case "R":
            return Send(_octets(rest) * times)
        case "S":
            return Expect(rest, times=times)
        case "S*":
            return Expect(rest, repeated=True)
        case "TLS":
            return StartTLS()
        case "CLOSED":
            return Closed()
        case "STOP":
            return Stop()
    if word.startswith("WAIT "):
        return Wait(float(word.removeprefix("WAIT ")))
    raise ValueError(f"{word!r} is no C:, R:, S:, S*:, TLS, WAIT, STOP or CLOSED")


def _octets(text: str) -> bytes:
    octets, _ = codecs.escape_decode(text.encode())
    return octets


def play(script: Script, peer: Peer) -> None:
    """Play the script from beginning to end. Raises `Mismatch` with the script's line."""
    ahead: list[str] = []  # a line that ended a repetition
    closed = False
    for number, step in script.steps:
        try:
            match step:
                case Send():
                    peer.send(step.octets)
                case StartTLS():
                    peer.start_tls()
                case Wait():
                    peer.wait(step.seconds)
                case Stop():
                    peer.stop()
                case Closed():
                    closed = True
                case Expect():
                    _expect(step, peer, ahead)
        except Mismatch as mismatch:
            raise Mismatch(f"{script.name}, line {number}: {mismatch}") from None
    try:
        if ahead:
            raise Mismatch(f"nobody expected {ahead[0]!r}")
        peer.finish(closed=closed)
    except Mismatch as mismatch:
        raise Mismatch(f"{script.name}, at its end: {mismatch}") from None


def _expect(step: Expect, peer: Peer, ahead: list[str]) -> None:
    def lines() -> Iterator[str]:
        while True:
            yield ahead.pop() if ahead else peer.line()

    for number, line in enumerate(lines(), 1):
        if step.repeated:
            if not step.matches(line):
                ahead.append(line)
                return
            continue
        if not step.matches(line):
            raise Mismatch(f"expected {step.pattern!r}, got {line!r}")
        if number == step.times:
            return
