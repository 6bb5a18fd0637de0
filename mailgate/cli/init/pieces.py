"""What `mailgate init` makes, piece by piece: directories and files, each with its owner, mode and content."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from attrs import field, frozen

from mailgate.cli.init import certificate
from mailgate.cli.init.configuration import configuration_text
from mailgate.cli.init.layout import Layout, Runner
from mailgate.cli.init.people import PLACEHOLDER, aliases_text, is_users_text, users_text
from mailgate.cli.init.unit import Unit, unit_text
from mailgate.cli.init.wishes import Wishes


@frozen
class Content:
    """What is in a file. `make` is asked once, when it is written, and may read pieces in front of it."""

    shown: str  # for people; a secret is not in it
    make: Callable[[], bytes] = field(repr=False)
    is_same: Callable[[bytes], bool]  # would a file with these octets do as well?


@frozen
class Piece:
    """A file, or a directory if it has no content."""

    path: str
    mode: int
    user: str
    group: str
    content: Content | None = None

    @property
    def is_directory(self) -> bool:
        return self.content is None

    @property
    def shown_path(self) -> str:
        """A directory's ends with a slash."""
        return f"{self.path}/" if self.is_directory else self.path


@frozen
class Paths:
    """Where the pieces are that others have to know of."""

    users: str
    aliases: str
    key: str
    certificate: str
    configuration: str
    unit: str

    @classmethod
    def of(cls, layout: Layout, wishes: Wishes) -> Paths:
        """By the defaults of the configuration that is written."""
        domain = os.path.join(layout.state, "domains", wishes.domain)
        tls = os.path.join(layout.state, "tls")
        return cls(
            users=os.path.join(domain, "users"),
            aliases=os.path.join(domain, "aliases"),
            key=os.path.join(tls, "key.pem"),
            certificate=os.path.join(tls, "cert.pem"),
            configuration=layout.configuration,
            unit=layout.unit,
        )


def pieces(wishes: Wishes, layout: Layout, runner: Runner, hash_password: Callable[[], str]) -> Sequence[Piece]:
    """All of them, in the order in which they can be made. `hash_password` gives the hash for the first account."""
    paths = Paths.of(layout, wishes)
    return (*_directories(layout, paths), *_files(wishes, layout, runner, paths, hash_password))


def _directories(layout: Layout, paths: Paths) -> Iterator[Piece]:
    places = {layout.state: 0o750}
    for path in (os.path.dirname(paths.users), os.path.dirname(paths.key), os.path.join(layout.state, "mail")):
        places[path] = 0o700
    above = os.path.dirname(layout.configuration)
    if above != layout.state:
        yield from _missing_above(above, layout)
        yield Piece(above, 0o750, layout.configuration_owner, layout.group)
    yield from _missing_above(layout.state, layout)
    for path, mode in places.items():
        if os.path.dirname(path) != layout.state and path != layout.state:
            yield Piece(os.path.dirname(path), 0o700, layout.user, layout.group)
        yield Piece(path, mode, layout.user, layout.group)


def _missing_above(path: str, layout: Layout) -> Iterator[Piece]:
    """The directories that have to be there for this one, and are not; they belong to who makes them."""
    missing = []
    while not os.path.lexists(path := os.path.dirname(path)):
        missing.append(path)
    user, group = ("root", "root") if layout.is_system else (layout.user, layout.group)
    for above in reversed(missing):
        yield Piece(above, 0o755, user, group)


def _files(
    wishes: Wishes, layout: Layout, runner: Runner, paths: Paths, hash_password: Callable[[], str]
) -> Iterator[Piece]:
    own = layout.user, layout.group
    yield Piece(paths.users, 0o600, *own, _users(wishes, hash_password))
    yield Piece(paths.aliases, 0o600, *own, _text(aliases_text(wishes)))
    yield Piece(paths.key, 0o600, *own, Content("(a private key, made now)", certificate.make_key, certificate.is_key))
    yield Piece(paths.certificate, 0o644, *own, _certificate(wishes, paths.key))
    text = configuration_text(wishes, layout.state_setting, layout.configuration)
    yield Piece(layout.configuration, 0o640, layout.configuration_owner, layout.group, _text(text))
    unit_owner = ("root", "root") if layout.is_system else own
    yield Piece(layout.unit, 0o644, *unit_owner, _text(unit_text(_unit(wishes, layout, runner))))


def _text(text: str) -> Content:
    octets = text.encode()
    return Content(text, lambda: octets, lambda there: there == octets)


def _users(wishes: Wishes, hash_password: Callable[[], str]) -> Content:
    return Content(
        users_text(wishes, PLACEHOLDER),
        lambda: users_text(wishes, hash_password()).encode(),
        lambda there: is_users_text(there, wishes),
    )


def _certificate(wishes: Wishes, key_file: str) -> Content:
    def make() -> bytes:
        return certificate.certify(_read(key_file), wishes.hostname, datetime.datetime.now(datetime.UTC))

    return Content(
        f"(a self-signed certificate for {wishes.hostname}, valid for {certificate.DAYS} days)",
        make,
        lambda there: os.path.exists(key_file) and certificate.is_for(there, _read(key_file), wishes.hostname),
    )


def _unit(wishes: Wishes, layout: Layout, runner: Runner) -> Unit:
    twistd, mailgate = (os.path.join(runner.programs, name) for name in ("twistd", "mailgate"))
    return Unit(
        (twistd, "-n", "--pidfile=", "mailgate", "--config", layout.configuration),
        reload=(mailgate, "reload", "--config", layout.configuration),
        state=layout.state,
        user=layout.user,
        group=layout.group,
        low_ports=wishes.ports.are_low,
        is_system=layout.is_system,
        needs=needed_directories(),
    )


def needed_directories() -> Sequence[str]:
    """What a process of ours reads besides: its Python, and this package, which may be elsewhere than the programs."""
    here = os.path.dirname(os.path.abspath(__file__))
    return sys.base_prefix, here


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:
        return stream.read()
