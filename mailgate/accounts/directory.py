"""Where forward-paths lead, by the domains on disk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from zope.interface import implementer

from mailgate.accounts.domains import Domains
from mailgate.accounts.register import OutOfService, Reached, Register
from mailgate.interfaces import IDirectory
from mailgate.mail import Destination, Field, Local, Path, Refused, Relay, Reply
from mailgate.wire import address
from mailgate.wire.address import fold_domain

_OUT_OF_SERVICE: Final = Reply(450, "4.3.5", "This address is out of service for now")


@implementer(IDirectory)
class Directory:
    """Looks names up in the order of `lookup.Names.find`. Mail for a disabled account is taken; postmaster and abuse
    always reach somebody.
    """

    def __init__(self, domains: Domains, hostname: str) -> None:
        """`hostname` is whose postmaster the bare `<postmaster>` is, if its domain is ours; else the first domain's."""
        self._domains = domains
        self._hostname = fold_domain(hostname)

    async def resolve(self, path: Path) -> tuple[Destination, ...]:
        """As `IDirectory` has it. Refused for now, 450 4.3.5: a path that leads to a broken alias, or whose domain's
        files cannot be read and never could be.
        """
        if path.is_null:
            return ()
        register = self._domains.current(path.domain or self._hostname)
        domain = path.domain or self._domain_of_postmaster(register)
        if domain is None:
            return ()
        if not register.is_ours(domain):
            return (Relay(path),)
        try:
            return locals_of(register.reached(path.local_part, domain))
        except OutOfService as reason:
            raise Refused(_OUT_OF_SERVICE) from reason

    def _domain_of_postmaster(self, register: Register) -> str | None:
        return self._hostname if register.is_ours(self._hostname) else next(iter(register.domains), None)


def locals_of(reached: Iterable[Reached]) -> tuple[Local, ...]:
    """The destinations that accounts are: their maildrops have their names, each copy says whose it is, tag and all."""
    return tuple(Local(each.account, (Field("Delivered-To", _mailbox(each)),)) for each in reached)


def _mailbox(reached: Reached) -> str:
    local_part, _, domain = reached.account.rpartition("@")
    return address.format_mailbox(local_part + reached.tag, domain)
