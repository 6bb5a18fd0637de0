"""Which aliases lead astray: to nobody, to other systems, in a circle. Judged over all domains at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import field, frozen

from mailgate.accounts.aliases import Alias, expand
from mailgate.faults import Fault, probably


@frozen
class Names:
    """Everybody there is, as far as is known. All names are as `names.account_name` gives them."""

    domains: Collection[str]
    accounts: Collection[str] = field(repr=False)
    aliases: Mapping[str, Alias] = field(repr=False)
    likely: Collection[str] = field(default=(), repr=False)  # lines with a fault are about them
    opaque: Collection[str] = ()  # domains of ours in which there may be anybody

    def may_be_somebody(self, name: str) -> bool:
        """Is that an account or an alias, or can it not be told?"""
        here = name in self.accounts or name in self.aliases or name in self.likely
        return here or name.rpartition("@")[2] in self.opaque


def astray(names: Names) -> Mapping[str, Fault]:
    """The aliases that cannot be served, with the reason: a target that is nobody, or foreign, or a loop."""
    faults: dict[str, Fault] = {}
    for alias in names.aliases.values():
        if alias.name in names.accounts:
            continue  # the account comes first, so the alias is never asked
        fault = _bad_target(alias, names) or _loop(alias, names)
        if fault is not None:
            faults[alias.name] = fault
    return faults


def _bad_target(alias: Alias, names: Names) -> Fault | None:
    for target in alias.targets:
        domain = target.rpartition("@")[2]
        if domain not in names.domains:
            hint = probably(domain, names.domains) or "aliases lead to accounts of this gateway only"
            return Fault(alias.where, f"{alias.name} leads to {target}, and {domain} is not ours", hint)
        if not names.may_be_somebody(target):
            hint = probably(target, [name for name in (*names.accounts, *names.aliases) if name != alias.name])
            return Fault(alias.where, f"alias to nobody: {alias.name} leads to {target}", hint)
    return None


def _loop(alias: Alias, names: Names) -> Fault | None:
    for here in expand(alias.name, names.aliases, names.accounts.__contains__):
        passed_on = here in names.aliases and here not in names.accounts
        if passed_on and alias.name in names.aliases[here].targets:
            through = "itself" if here == alias.name else f"itself through {here}"
            return Fault(alias.where, f"{alias.name} leads to {through}")
    return None
