"""From the octets that a wiretap wrote down to lines a person can read, and from many lines to few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from attrs import frozen

from mailgate.cli.demo.wiretap import Chunk, Speaker

HANDSHAKE: Final = b"\x16\x03"  # how a TLS connection begins (RFC 8446 5.1); no line of SMTP or POP3 does


@frozen
class Line:
    """A line that somebody said, without its line end."""

    speaker: Speaker
    octets: bytes


@frozen
class Omitted:
    """Lines of one speaker that are not shown."""

    speaker: Speaker
    lines: int
    octets: int


@frozen
class Sealed:
    """What was said inside TLS: all that somebody on the way can know of it."""

    from_client: int  # octets
    from_server: int
    beginning: bytes


@frozen
class Transcript:
    """A conversation: what could be read, then what could not, if they went over to TLS."""

    lines: tuple[Line, ...]
    sealed: Sealed | None = None


def transcribe(chunks: Sequence[Chunk]) -> Transcript:
    """The lines in the order in which they ended; what is left without a line end comes last."""
    lines: list[Line] = []
    begun: dict[Speaker, bytes] = {"client": b"", "server": b""}
    for number, chunk in enumerate(chunks):
        if chunk.octets.startswith(HANDSHAKE) and not begun[chunk.speaker]:
            return Transcript(tuple(lines), _sealed(chunks[number:]))
        *ended, begun[chunk.speaker] = (begun[chunk.speaker] + chunk.octets).split(b"\n")
        lines += [Line(chunk.speaker, line.removesuffix(b"\r")) for line in ended]
    lines += [Line(speaker, rest) for speaker, rest in begun.items() if rest]
    return Transcript(tuple(lines))


def between(lines: Sequence[Line], first: str, end: str) -> tuple[Line, ...]:
    """From the client's command `first` on, up to the client's command `end`, which is left out; all, if it is not
    there.
    """
    commands = [line.octets.upper() if line.speaker == "client" else b"" for line in lines]
    start = next((number for number, command in enumerate(commands) if command.startswith(first.encode())), 0)
    # From the end: a content may have a line that looks like the command.
    stop = next((number for number in range(len(lines) - 1, start, -1) if commands[number] == end.encode()), None)
    return tuple(lines[start:stop])


def abbreviate(lines: Iterable[Line], head: int, tail: int) -> Iterator[Line | Omitted]:
    """Of lines that one speaker says in a row show the first `head` and the last `tail`, and how much is between them.

    Two lines or more must be gained by it.
    """
    for speaker, group in groupby(lines, key=lambda line: line.speaker):
        run = list(group)
        middle = run[head : len(run) - tail]
        if len(middle) < 3:
            yield from run
            continue
        yield from run[:head]
        yield Omitted(speaker, len(middle), sum(len(line.octets) + 2 for line in middle))
        yield from run[len(run) - tail :]


def _sealed(chunks: Sequence[Chunk]) -> Sealed:
    said = {
        speaker: b"".join(chunk.octets for chunk in chunks if chunk.speaker == speaker)
        for speaker in ("client", "server")
    }
    return Sealed(len(said["client"]), len(said["server"]), chunks[0].octets[:24])
