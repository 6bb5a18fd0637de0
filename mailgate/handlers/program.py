"""A program that an administrator named, and what it is told of a message in its environment.

The values come from strangers: none can end its line or keep the program from starting. Nothing of the server's own
environment is passed on.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import frozen

from mailgate.mail import Message

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Linux takes 128 KiB a variable (MAX_ARG_STRLEN), and starts no program that is to have more.
MAX_RECIPIENTS_OCTETS: Final = 100_000
MAX_VALUE_OCTETS: Final = 4_096  # of any other; the limits of RFC 5321 4.5.3.1 are far below
_OURS: Final = "MAILGATE_"  # how the names begin that we set
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # controls, line ends, surrogates


@frozen
class Program:
    """What to run: the absolute path and its arguments, and the environment that does not depend on the message."""

    command: tuple[str, ...]
    environment: Mapping[str, str]

    def __str__(self) -> str:
        return self.command[0]


def find_program(command: object, environment: object = None) -> Program:
    """A program from what somebody wrote. Raises ValueError, which says what to do."""
    if not (isinstance(command, list) and command and all(_is_text(word) for word in command) and command[0]):
        raise ValueError('command is a list of texts, the program first: ["/usr/bin/thing", "--flag"]')
    surroundings = {"PATH": PATH, "LANG": "C.UTF-8"} | _settings(environment)
    name = command[0]
    if "/" in name and not os.path.isabs(name):
        raise ValueError(f"command: {name} depends on where the server runs; write the whole path, from / on")
    path = shutil.which(name, path=surroundings["PATH"])
    if path is None:
        where = "" if "/" in name else f" in {surroundings['PATH']}"
        raise ValueError(f"command: there is no program {name}{where} that may be run; install it, or chmod +x it")
    return Program((os.path.abspath(path), *command[1:]), surroundings)


def _settings(environment: object) -> dict[str, str]:
    if environment is None:
        return {}
    if not isinstance(environment, Mapping) or not all(_is_text(value) for value in environment.values()):
        raise ValueError('environment is a table of texts: { HOME = "/var/lib/thing" }')
    for name in environment:
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"environment: {name!r} cannot be the name of a variable")
        if name.startswith(_OURS):
            raise ValueError(f"environment: {name} is mailgate's own; names that begin with {_OURS} are taken")
    return dict(environment)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def told(message: Message) -> dict[str, str]:
    """The variables that say what is known of a message."""
    envelope = message.envelope
    session = envelope.session
    facts = {
        "ID": message.id,
        "SENDER": str(envelope.reverse_path),  # empty for bounces
        "CLIENT": session.client,
        "HELO": session.helo,
        "TLS": session.tls,
        "USER": session.user,
        "LISTENER": session.listener,
        "SESSION": session.id,
        "SIZE": str(message.body.wire_octets),
    }
    variables = {f"{_OURS}{name}": _on_one_line(value) for name, value in facts.items()}
    # One a line: a quoted local part may have spaces and commas, but no line break (RFC 5321 4.1.2).
    lines = (_on_one_line(str(recipient.path)) for recipient in envelope.recipients)
    return variables | {
        f"{_OURS}RECIPIENTS": "\n".join(_first(lines)),
        f"{_OURS}RECIPIENT_COUNT": str(len(envelope.recipients)),  # who counts the lines knows whether some are missing
    }


def _first(lines: Iterable[str]) -> Iterator[str]:
    """As many as there is room for."""
    octets = 0
    for line in lines:
        octets += len(line.encode()) + 1
        if octets > MAX_RECIPIENTS_OCTETS:
            return
        yield line


def _on_one_line(text: str) -> str:
    line = _UNFIT.sub("?", text)
    return line.encode()[:MAX_VALUE_OCTETS].decode(errors="ignore")
