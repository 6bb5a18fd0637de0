"""The `aliases` file of a domain: `info: alice, bob`, each target `local` or `local@domain`; `*: alice` has the mail
for names that nobody has.

`#` begins a comment, at the start of a line or after a space. The syntax is judged here, file by file; whether targets
lead to somebody is judged over all domains (`judging`), and puts a single alias out of service, never a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from mailgate.accounts.names import account_name
from mailgate.faults import Fault
from mailgate.wire import address

_COMMENT: Final = re.compile(r"(?:^|\s)#.*")


@frozen
class Alias:
    """A name that leads to others; `*@domain` is the catch-all's. All names are as `names.account_name` gives them."""

    name: str
    targets: tuple[str, ...]
    where: str  # file and line


def parse_aliases(text: str, domain: str, where: str) -> tuple[Mapping[str, Alias], tuple[Fault, ...]]:
    """The aliases of a file by their names, in its order, and what is wrong with its syntax. Raises nothing.

    `where` names the file in the faults.
    """
    aliases: dict[str, Alias] = {}
    faults: list[Fault] = []
    for number, line in enumerate(text.split("\n"), 1):
        content = _COMMENT.sub("", line).strip()
        if not content:
            continue
        here = f"{where}:{number}"
        try:
            alias = _parse_line(content, domain, here)
        except address.AddressError as error:
            faults.append(Fault(here, str(error), "expected name: target, target"))
            continue
        if alias.name in aliases:
            first = aliases[alias.name].where.rpartition(":")[2]
            faults.append(Fault(here, f"{alias.name} is already on line {first}"))
        else:
            aliases[alias.name] = alias
    return aliases, tuple(faults)


def _parse_line(content: str, domain: str, where: str) -> Alias:
    name, colon, rest = content.partition(":")
    if not colon:
        raise address.AddressError("there is no colon on the line")
    name = name.rstrip()
    if "@" in name and not name.startswith('"'):
        raise address.AddressError("an alias is a local part alone: the directory names the domain")
    targets = [target.strip() for target in rest.split(",")]
    if not all(targets):
        raise address.AddressError(f"an empty target of {name!r}" if len(targets) > 1 else f"{name!r} leads nowhere")
    return Alias(_parse_name(name, domain), tuple(_parse_name(target, domain) for target in targets), where)


def _parse_name(text: str, domain: str) -> str:
    mailbox = text if "@" in text and not text.endswith('"') else f"{text}@{domain}"
    try:
        return account_name(*address.parse_mailbox(mailbox))
    except address.AddressError as error:
        raise address.AddressError(f"{text[:80]!r} is not an address: {error}") from None
