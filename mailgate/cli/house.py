"""What every `mailgate store` command begins with: a configuration, and the gateway's mail that it leads to."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

import click

from mailgate.cli.reaching import configuration

if TYPE_CHECKING:
    from mailgate.accounts.domains import Domains
    from mailgate.faults import Fault
    from mailgate.interfaces import IContent
    from mailgate.mail import Entry
    from mailgate.service.maintenance import Maintenance

T = TypeVar("T")

WRONG: Final = 2  # the exit code of what is done, while something is wrong; what cannot be done is click's 1

with_config = click.option(
    "-c", "--config", "path", help="The configuration file. [$MAILGATE_CONFIG, ./mailgate.toml, /etc/…]"
)
with_json = click.option("--json", "as_json", is_flag=True, help="For programs: JSON objects, one a line.")


def open_house(path: str | None) -> Maintenance:
    """By the configuration in this file, or where it is looked for. Raises `ClickException`."""
    from mailgate.service.maintenance import WrongUser, maintenance

    try:
        return maintenance(configuration(path), _warn)
    except WrongUser as error:
        raise click.ClickException(str(error)) from error


def accounts_of(path: str | None) -> Domains:
    """Who has mail there, and by which rules. Tells nothing of what is wrong with them: `open_house` has.

    Raises `ClickException`.
    """
    from mailgate.service.front import registered

    return registered(configuration(path), lambda _: None)


def root_of(path: str | None) -> str:
    """Where the mail of that configuration is. Raises `ClickException`."""
    return configuration(path).store.directory


def check_may_make(root: str) -> None:
    """Would what this process makes below `root` be of use to the gateway? Raises `ClickException`.

    Where there is no mail yet, the owner of the directory above decides.
    """
    above = os.path.abspath(root)
    while not os.path.exists(above):
        above = os.path.dirname(above)
    if os.stat(above).st_uid != os.geteuid():
        raise click.ClickException(f"{above} belongs to somebody else: run this as the user that mailgate runs as")


def maildrop_of(house: Maintenance, user: str) -> str:
    """The name of a user's maildrop; the local part alone will do where there are maildrops of one domain. Raises
    `ClickException` where there is none.
    """
    name = named(user, domain_of(now(house.store.names())))
    if name not in now(house.store.names()):
        raise click.ClickException(f"there is no maildrop of {name}: 'mailgate store list' names all")
    return name


def named(user: str, domain: str = "") -> str:
    """The name of the maildrop, whether there is one or not; `domain` completes a local part, unless it is empty.
    Raises `ClickException` for what can be none.
    """
    from mailgate.wire.address import fold_domain, fold_local_part

    local_part, at, own = (user if "@" in user or not domain else f"{user}@{domain}").rpartition("@")
    if not (local_part and at and own):
        raise click.ClickException(f"{user!r} is not local-part@domain")
    return f"{fold_local_part(local_part)}@{fold_domain(own)}"


def only_domain(accounts: Domains) -> str:
    """The domain of the gateway; empty: it has several, or none."""
    domains = tuple(accounts.current().domains)
    return domains[0] if len(domains) == 1 else ""


def domain_of(maildrops: Iterable[str]) -> str:
    """The domain of all of them; empty: they are of several, or there are none."""
    domains = {maildrop.rpartition("@")[2] for maildrop in maildrops}
    return domains.pop() if len(domains) == 1 else ""


def entry_of(house: Maintenance, maildrop: str, uid: str) -> Entry:
    """The message of that UID. Raises `ClickException`."""
    for entry in now(house.store.browse(maildrop)).entries:
        if entry.uid == uid:
            return entry
    raise click.ClickException(f"{maildrop} has no message with the UID {uid}: 'mailgate store list {maildrop}'")


def blocks_of(house: Maintenance, maildrop: str, entry: Entry) -> Iterator[bytes]:
    """A message's octets as they are in the store. Raises `Gone` and `StoreError`."""
    content = now(house.store.read(maildrop, entry))
    try:
        while block := now(_next(content)):
            yield block
    finally:
        content.close()


def now(work: Awaitable[T]) -> T:
    """What it gives, or raises: no command waits for anything but the disk."""
    from mailgate.service.maintenance import at_once

    return at_once(_await(work))


@contextmanager
def readable_errors() -> Iterator[None]:
    """What may go wrong with a disk, a store or an archive, as a `ClickException`."""
    from mailgate.archive.message import ArchiveError
    from mailgate.failures import StoreError

    try:
        yield
    except BrokenPipeError:
        raise  # nobody reads on, as with `| head`: click ends the command quietly
    except OSError as error:
        where = f"{error.filename}: " if isinstance(error.filename, str) else ""
        raise click.ClickException(f"{where}{error.strerror or error}") from error
    except (StoreError, ArchiveError) as error:
        raise click.ClickException(str(error)) from error


async def _next(content: IContent) -> bytes:
    block = content.read_block()
    return block if isinstance(block, bytes) else await block


async def _await(work: Awaitable[T]) -> T:
    return await work


def _warn(fault: Fault) -> None:
    click.echo(f"mailgate: {fault}", err=True)
