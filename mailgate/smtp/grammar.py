"""The arguments of SMTP commands (RFC 5321 4.1): text to events, or `Unparsable` with the reply that says why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from attrs import frozen

from mailgate.mail import Path, Reply
from mailgate.smtp import events
from mailgate.wire.address import MAX_DOMAIN_OCTETS, AddressError, parse_path

REMEMBERED: Final = 4_096  # paths: senders and recipients come again, and each has MAX_PATH_OCTETS at most

# RFC 5321 4.1.2: esmtp-param = esmtp-keyword ["=" esmtp-value]
_PARAMETER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e]+))?")
_CHUNK: Final = re.compile(r"(?P<octets>[0-9]{1,18})(?P<last> +LAST)?", re.IGNORECASE | re.ASCII)
_MECHANISM: Final = re.compile(r"[A-Za-z0-9_-]{1,20}")  # RFC 4422 3.1


@frozen
class Bdat:
    """What BDAT says; the machine makes a chunk of it."""

    octets: int
    last: bool


class Unparsable(ValueError):
    """The argument does not fit its command."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


def syntax(text: str, status: str = "5.5.4") -> Unparsable:
    """501 (RFC 5321 4.2.4), with the enhanced status of RFC 3463 3.6 unless a better one is given."""
    return Unparsable(Reply(501, status, text))


def hello(extended: bool) -> Callable[[str], events.Event]:
    """EHLO and HELO want a domain or address literal (RFC 5321 4.1.1.1).

    Names that are neither (underscores are common) are taken: a server must not refuse mail for its greeting
    (RFC 5321 4.1.4), and nothing but the log uses such a name.
    """

    def parse(argument: str) -> events.Event:
        name = argument.strip(" ")
        if not name or len(name.encode()) > MAX_DOMAIN_OCTETS or re.search(r"[\x00-\x20\x7f]", name):
            raise syntax("Say the name of your host: EHLO host.example", "")  # RFC 2034 4: no status here
        return events.Hello(extended, name)

    return parse


def mail(argument: str) -> events.Event:
    """FROM:Reverse-path [SP Mail-parameters]."""
    path, parameters = _path_and_parameters(argument, "FROM", "5.1.7")
    if path.local_part and not path.domain:  # RFC 5321 4.1.1.3: a bare postmaster is a forward-path alone
        raise syntax("Bad address: the address needs a domain", "5.1.7")
    return events.Mail(path, parameters)


def rcpt(argument: str) -> events.Event:
    """TO:Forward-path [SP Rcpt-parameters]; the null path is nobody's address."""
    path, parameters = _path_and_parameters(argument, "TO", "5.1.3")
    if path.is_null:
        raise syntax("A recipient cannot be <>", "5.1.3")
    return events.Rcpt(path, parameters)


def bdat(argument: str) -> Bdat:
    """chunk-size [SP "LAST"] (RFC 3030 2)."""
    match = _CHUNK.fullmatch(argument)
    if match is None:
        raise syntax("Syntax: BDAT octets [LAST]")
    return Bdat(int(match["octets"]), last=match["last"] is not None)


def auth(argument: str) -> events.Event:
    """AUTH SP mechanism [SP initial-response] (RFC 4954 4)."""
    mechanism, _, initial = argument.partition(" ")
    if _MECHANISM.fullmatch(mechanism) is None or " " in initial:
        raise syntax("Syntax: AUTH mechanism [initial-response]")
    return events.Auth(mechanism.upper(), initial.encode() if initial else None)


def verify(argument: str) -> events.Event:
    """VRFY SP String: what is asked for is not looked at, so it is not kept either."""
    if not argument:
        raise syntax("Say whom: VRFY user")
    return events.Verify()


def alone(event: events.Event) -> Callable[[str], events.Event]:
    """Commands without an argument (RFC 5321 4.1.1.4, .5, .10)."""

    def parse(argument: str) -> events.Event:
        if argument:
            raise syntax("This command has no argument")
        return event

    return parse


def anything(event: events.Event) -> Callable[[str], events.Event]:
    """NOOP and HELP: an argument may be there, and is ignored (RFC 5321 4.1.1.8, 4.1.1.9)."""
    return lambda argument: event


def _path_and_parameters(argument: str, prefix: str, status: str) -> tuple[Path, Mapping[str, str | None]]:
    word, colon, text = argument.partition(":")
    if not colon or word.upper() != prefix:
        raise syntax(f"Syntax: {prefix}:<address>")
    text = text.lstrip(" ")  # spaces after the colon are not in the grammar, but in many clients
    written, _, rest = text.partition(" ")
    try:
        if '"' in written:  # a quoted local part may have spaces
            path, rest = _path_and_rest(text)
        else:
            path = _path(written)
    except AddressError as error:
        raise syntax(f"Bad address: {error}", status) from None
    return path, _parameters(rest) if rest else {}


def _path_and_rest(text: str) -> tuple[Path, str]:
    local_part, domain, rest = parse_path(text)
    if rest and not rest.startswith(" "):
        raise syntax("Expected a space after the address")
    return Path(local_part, domain), rest


@lru_cache(maxsize=REMEMBERED)
def _path(written: str) -> Path:
    return _path_and_rest(written)[0]


def _parameters(text: str) -> Mapping[str, str | None]:
    parameters: dict[str, str | None] = {}
    for word in filter(None, text.split(" ")):
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise syntax("A parameter is not keyword or keyword=value")
        if match[1].upper() in parameters:
            raise syntax(f"{match[1].upper()} is said twice")
        parameters[match[1].upper()] = match[2]
    return parameters
