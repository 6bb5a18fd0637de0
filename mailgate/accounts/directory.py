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

REMEMBERED: Final = 4_096  # of how many paths it is known where they lead; parsing lets no long ones through
FEW: Final = 8  # what leads to more is not remembered: strangers can name a list with any tag

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
        self._register = Register()
        # What that has said, by local part and domain. A register never changes: an edit makes another one.
        self._said: dict[tuple[str, str], tuple[Local, ...]] = {}

    async def resolve(self, path: Path) -> tuple[Destination, ...]:
        """As `IDirectory` has it. Refused for now, 450 4.3.5: a path that leads to a broken alias, or whose domain's
        files cannot be read and never could be.
        """
        register = self._domains.current(path.domain or self._hostname)
        if register is not self._register:
            self._register, self._said = register, {}
        said = self._said.get((path.local_part, path.domain))
        return said if said is not None else self._ask(register, path)

    def _ask(self, register: Register, path: Path) -> tuple[Destination, ...]:
        domain = path.domain or self._domain_of_postmaster(register)
        if path.is_null or domain is None:
            return ()
        if not register.is_ours(domain):
            return (Relay(path),)
        try:
            found = locals_of(register.reached(path.local_part, domain))
        except OutOfService as reason:
            raise Refused(_OUT_OF_SERVICE) from reason
        if 0 < len(found) <= FEW:
            self._remember(path, found)
        return found

    def _remember(self, path: Path, found: tuple[Local, ...]) -> None:
        if len(self._said) >= REMEMBERED:
            del self._said[next(iter(self._said))]
        self._said[path.local_part, path.domain] = found

    def _domain_of_postmaster(self, register: Register) -> str | None:
        return self._hostname if register.is_ours(self._hostname) else next(iter(register.domains), None)


def locals_of(reached: Iterable[Reached]) -> tuple[Local, ...]:
    """The destinations that accounts are: their maildrops have their names, each copy says whose it is, tag and all."""
    return tuple(Local(each.account, (Field("Delivered-To", _mailbox(each)),)) for each in reached)


def _mailbox(reached: Reached) -> str:
    local_part, _, domain = reached.account.rpartition("@")
    return address.format_mailbox(local_part + reached.tag, domain)
