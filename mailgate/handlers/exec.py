"""Lets any program judge a message: the message on its standard input, what is known of it in its environment.

Exit code 0 takes the message, and header fields on standard output go in front of it; 20 refuses it for good; anything
else is a failure, which puts it off.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import alsoProvides, implementer

from mailgate.handlers.process import CallLater, Content, Ended, Run, Spawn, call_later, spawn
from mailgate.handlers.program import Program, find_program, told
from mailgate.handlers.turns import Place, Turns
from mailgate.interfaces import IHandlerInTurn, IMessageHandler, IRehearsal
from mailgate.mail import BLOCK_OCTETS, PASS, Field, Message, Refused, Reply, Verdict
from mailgate.waits import uncut

log = Logger(namespace="mailgate.handlers.exec")

MAX_PROCESSES: Final = 4
TAKE: Final = 0
REFUSE: Final = 20
REFUSED: Final = Reply(550, "5.7.1", "The message is refused")
REHEARSAL: Final[Mapping[str, str]] = {"MAILGATE_REHEARSAL": "yes"}  # besides: nothing may come of this run
MAX_LINE_OCTETS: Final = 998  # RFC 5322 2.1.1
MAX_REPLY_TEXT: Final = 400  # RFC 5321 4.5.3.1.5: 512 octets a reply line, with what we put around it
MAX_SHOWN_LINES: Final = 5  # of standard error, in the log of a failure
_REPLY: Final = re.compile(r"(5[0-5]\d) (?:(5\.\d{1,3}\.\d{1,3}) )?[ ]*(\S.*)")


class ProgramFailed(Exception):
    """The program gave no verdict; the message says what it did instead."""


def make_exec(
    command: Sequence[str],
    max_processes: int = MAX_PROCESSES,
    environment: Mapping[str, str] | None = None,
    rehearse: bool = False,
) -> Exec:
    """The handler for a [[handler]] of the configuration.

    `command` is the program and its arguments, `max_processes` how many of it may run at a time (more messages wait
    their turn), `environment` what it finds in its environment besides. `rehearse`: the program writes, counts and
    sends nothing when it finds `REHEARSAL` there, so that `explain` may ask it: the handler provides `IRehearsal`.
    Raises ValueError, also if there is no such program.
    """
    if type(max_processes) is not int or max_processes < 1:  # TOML gives what somebody wrote; true is no number
        raise ValueError("max_processes is a whole number, at least 1")
    if type(rehearse) is not bool:
        raise ValueError("rehearse is true or false")
    handler = Exec(find_program(command, environment), max_processes)
    if rehearse:
        alsoProvides(handler, IRehearsal)
    return handler


@implementer(IHandlerInTurn)
class Exec:
    """Asks a program about each message."""

    def __init__(
        self,
        program: Program,
        max_processes: int = MAX_PROCESSES,
        spawn: Spawn = spawn,
        call_later: CallLater = call_later,
    ) -> None:
        self._program = program
        self._turns = Turns(max_processes)
        self._spawn = spawn
        self._call_later = call_later

    def turn(self, message: Message) -> _Turn | Deferred[_Turn]:
        """Raises `Refused` if too many wait."""
        place = self._turns.take(message.envelope.session.client)
        return place.addCallback(self._with) if isinstance(place, Deferred) else self._with(place)

    async def handle(self, message: Message) -> Verdict:
        """Wait for the turn, then ask. Raises `Refused`, and `ProgramFailed`."""
        turn = self.turn(message)
        if isinstance(turn, Deferred):
            turn = await turn
        return await turn.handle(message)

    async def rehearse(self, message: Message) -> str:
        """As `IRehearsal` has it, which only those provide that may. Takes nobody's turn. Raises what `handle` does."""
        run = self._start(message, _no_place, REHEARSAL)
        verdict = self._judge(await uncut(run.ended, run.kill))
        return f"adds {', '.join(added.name for added in verdict.fields)}" if verdict.fields else "passes it"

    def _with(self, place: Place) -> _Turn:
        return _Turn(self, place)

    async def run(self, message: Message, place: Place) -> Verdict:
        """Ask the program, now that there is a place. If it is cancelled, the program is killed."""
        run = self._start(message, place)
        ended = await uncut(run.ended, run.kill)
        self._tell(message, ended)
        return self._judge(ended)

    def _start(self, message: Message, place: Place, more: Mapping[str, str] | None = None) -> Run:
        run = Run(content(message), self._call_later)
        words = [os.fsencode(word) for word in self._program.command]
        try:
            self._spawn(run, words, _encoded({**self._program.environment, **told(message), **(more or {})}))
        except OSError as error:
            place()
            raise ProgramFailed(f"{self._program} cannot be started: {error}") from error
        except BaseException:
            place()
            raise

        def free(ended: Ended) -> Ended:
            place()  # only now: a process that was killed counts until it is gone
            return ended

        run.ended.addCallback(free)
        return run

    def _tell(self, message: Message, ended: Ended) -> None:
        """What it said besides; of a failure that tells with the failure."""
        for line in () if _has_failed(ended) else _lines(ended.errors):
            log.info("{program} says of {message}: {line}", program=self._program, message=message.id, line=line)

    def _judge(self, ended: Ended) -> Verdict:
        if _has_failed(ended):
            raise ProgramFailed(f"{self._program}: {ended.fault or _how(ended.status)}{_shown(ended.errors)}")
        if ended.status == REFUSE:
            raise Refused(refusal(ended.output))
        try:
            fields = read_fields(ended.output)
        except ValueError as error:
            raise ProgramFailed(f"{self._program}: its output is no header: {error}{_shown(ended.errors)}") from error
        return Verdict(fields=fields) if fields else PASS


@implementer(IMessageHandler)
class _Turn:
    """A place of a handler, for one message."""

    def __init__(self, handler: Exec, place: Place) -> None:
        self._handler = handler
        self._place = place

    async def handle(self, message: Message) -> Verdict:
        return await self._handler.run(message, self._place)


def _no_place() -> None:
    """What a run that takes nobody's turn gives back."""


def _encoded(variables: Mapping[str, str]) -> dict[bytes, bytes]:
    # UTF-8 whatever the server's locale is; what a command line could not decode goes back as it came.
    return {name.encode(): value.encode(errors="surrogateescape") for name, value in variables.items()}


def content(message: Message) -> Content:
    """The message as it will be kept, but for what each copy has of its own; LF line ends."""
    with message.body.open() as stream:
        yield b"".join(map(bytes, message.fields)) + stream.read(BLOCK_OCTETS)
        while block := stream.read(BLOCK_OCTETS):
            yield block


def read_fields(output: bytes) -> tuple[Field, ...]:
    """Header fields in UTF-8, lines that end with LF or CRLF; empty lines may follow the last, nothing else.

    Raises ValueError.
    """
    fields: list[tuple[str, str]] = []
    lines = output.replace(b"\r\n", b"\n").rstrip(b"\n")
    for line in lines.split(b"\n") if lines else ():
        if len(line) > MAX_LINE_OCTETS:
            raise ValueError(f"a line is longer than {MAX_LINE_OCTETS} octets")
        text = line.decode()
        name, colon, value = text.partition(":")
        if text[:1] in (" ", "\t") and fields:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]}\n{text}")
        elif colon:
            fields.append((name, value.lstrip(" \t")))
        else:
            raise ValueError(f"{text[:80]!r} is no field; a field is a name, a colon and a value")
    return tuple(Field(name, value) for name, value in fields)


def refusal(output: bytes) -> Reply:
    """What the client hears: the first line, if it is a reply such as "550 5.7.1 Why"; else a reply of our own."""
    line = output.split(b"\n", 1)[0].decode("ascii", "replace").rstrip()
    match = _REPLY.fullmatch(line)
    if match is None:
        return REFUSED
    code, status, text = match.groups()
    # RFC 5321 4.2: the text is printable ASCII.
    return Reply(int(code), status or REFUSED.status, re.sub(r"[^ -~]", "?", text)[:MAX_REPLY_TEXT])


def _has_failed(ended: Ended) -> bool:
    return bool(ended.fault) or ended.status not in (TAKE, REFUSE)


def _how(status: int) -> str:
    if status >= 0:
        return f"exit code {status}"
    names: dict[int, Any] = {one.value: one.name for one in signal.Signals}
    return f"killed by {names.get(-status, f'signal {-status}')}"


def _lines(errors: bytes) -> list[str]:
    return [line for line in errors.decode(errors="replace").splitlines() if line.strip()]


def _shown(errors: bytes) -> str:
    lines = _lines(errors)
    more = " …" if len(lines) > MAX_SHOWN_LINES else ""
    return f"; it says: {' | '.join(map(repr, lines[:MAX_SHOWN_LINES]))}{more}" if lines else ""
