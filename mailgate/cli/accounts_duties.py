"""Who has mail to postmaster and abuse of a domain: somebody must, and it is seldom who one thinks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mailgate.cli.accounts_saying import complain, say

if TYPE_CHECKING:
    from mailgate.accounts.register import Register


def tell_duties(register: Register, domain: str) -> bool:
    """Tell who has it, or will, and how somebody else is named. False: it cannot be told, and that is told."""
    from mailgate.accounts.lookup import ABUSE, POSTMASTER
    from mailgate.accounts.register import OutOfService

    addresses = [f"{duty}@{domain}" for duty in (POSTMASTER, ABUSE)]
    try:
        sentences = [_who_has_it(register, address) for address in addresses]
    except OutOfService as doubt:
        complain(f"who has mail to {' and '.join(addresses)} cannot be told: {doubt}")
        return False
    for who in dict.fromkeys(sentences):
        about = [address for address, each in zip(addresses, sentences, strict=True) if each == who]
        say(f"Mail to {' and '.join(about)} {who}")
    if _nobody_is_named(register, addresses[0]):
        click.echo("To name somebody for it, in place of ACCOUNT:")
        click.echo(f"  mailgate alias add {addresses[0]} ACCOUNT")
    return True


def _who_has_it(register: Register, address: str) -> str:
    """The end of a sentence. Raises `OutOfService`."""
    local_part, _, domain = address.rpartition("@")
    accounts = register.maildrops(local_part, domain)
    if any(account.endswith(f"@{domain}") for account in accounts) or not _nobody_is_named(register, address):
        return f"goes to {', '.join(accounts)}."
    # While the domain has no users it is the first of all, whoever that is when all files can be read.
    _require_all(register)
    # RFC 5321 4.5.1 wants a postmaster in every domain, RFC 2142 2 and 4 want somebody who answers for abuse.
    if not accounts:
        return f"is refused until {domain} has a user, and then goes there. Add one soon: somebody has to answer it."
    return f"goes to {accounts[0]} until {domain} has a user of its own, and then there."


def _nobody_is_named(register: Register, address: str) -> bool:
    """Is it only by their place in the files that somebody has its mail?"""
    found = register.names.find(address)
    return found is None or (found.alias is None and found.name != address)


def _require_all(register: Register) -> None:
    from mailgate.accounts.register import OutOfService

    for own in register.domains.values():
        if own.unread_users is not None:
            raise OutOfService(str(own.unread_users))
