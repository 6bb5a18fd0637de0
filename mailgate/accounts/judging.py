"""What is wrong with names that are spelled rightly: aliases that lead to nobody, to other systems, in a circle; names
that differ in nothing that counts. Judged over all domains at once, in time that grows with the files and no faster.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from mailgate.accounts.aliases import Alias
from mailgate.accounts.circles import on_circles
from mailgate.accounts.lookup import Names, is_catch_all
from mailgate.accounts.users import Account
from mailgate.faults import Fault, probably

MAX_GUESSES: Final = 10  # each compares a name with all of its domain, which takes 20 ms where there are 10,000


def astray(names: Names) -> Mapping[str, Fault]:
    """The aliases that cannot be served, with the reason: a target that is nobody, or foreign, or a loop."""
    served = {alias.name: alias for alias in names.aliases.values() if _is_asked(alias, names)}
    before = on_circles({name: list(_aliases_behind(alias, names)) for name, alias in served.items()})
    faults: dict[str, Fault] = {}
    for name, alias in served.items():
        fault = _bad_target(alias, names, guess=len(faults) < MAX_GUESSES)
        if fault is None and name in before:
            through = "itself" if before[name] == name else f"itself through {before[name]}"
            fault = Fault(alias.where, f"{name} leads to {through}")
        if fault is not None:
            faults[name] = fault
    return faults


def _is_asked(alias: Alias, names: Names) -> bool:
    """Does any name lead to it? An account comes before an alias of its name."""
    if is_catch_all(alias.name):
        return True
    found = names.find(alias.name)
    return found is not None and found.alias is alias


def _aliases_behind(alias: Alias, names: Names) -> Iterator[str]:
    for target in alias.targets:
        found = names.find(target)
        if found is not None and found.alias is not None:
            yield found.name


def _bad_target(alias: Alias, names: Names, *, guess: bool) -> Fault | None:
    for target in alias.targets:
        domain = target.rpartition("@")[2]
        if domain not in names.domains:
            hint = probably(domain, names.domains) or "aliases lead to accounts of this gateway only"
            return Fault(alias.where, f"{alias.name} leads to {target}, and {domain} is not ours", hint)
        found = names.find(target)
        # A target that the catch-all takes is somebody, as mail for it is taken. The catch-all's own cannot be.
        nobody = not names.may_be_new(target) if found is None else found.alias is alias and is_catch_all(alias.name)
        if nobody:
            hint = _perhaps(target, names, alias) if guess else ""
            return Fault(alias.where, f"alias to nobody: {alias.name} leads to {target}", hint)
    return None


def _perhaps(target: str, names: Names, alias: Alias) -> str:
    """A hint that names somebody of the same domain whose name is much like the target's."""
    local_part, _, domain = target.rpartition("@")
    base = names.spelling.split(local_part)[0]
    known = (name.rpartition("@") for name in (*names.accounts, *names.aliases) if name != alias.name)
    near = difflib.get_close_matches(base, [name for name, _, of in known if of == domain], n=1)
    return f"did you mean {f'{near[0]}@{domain}'!r}?" if near else ""


def alike(names: Names) -> tuple[Fault, ...]:
    """Accounts, and aliases that lead to different targets, which differ in dots alone where dots mean nothing: each
    has the mail for its own spelling, and the first has that for all others.
    """
    if not names.spelling.ignore_dots:
        return ()  # as a look at everybody would find, which takes 10 ms where there are 30,000
    accounts = [account for account in names.accounts.values() if names.first_account(account.name) != account.name]
    faults = [_differs_in_dots(account, names.accounts[names.first_account(account.name)]) for account in accounts]
    for alias in names.aliases.values():
        first = names.aliases[names.first_alias(alias.name)] if not is_catch_all(alias.name) else alias
        if first.targets != alias.targets and _is_asked(alias, names):
            faults.append(_differs_in_dots(alias, first))
    return tuple(faults)


def _differs_in_dots(later: Account | Alias, first: Account | Alias) -> Fault:
    line, domain = first.where.rpartition(":")[2], later.name.rpartition("@")[2]
    what = f"{later.name} differs from {first.name} on line {line} in dots alone, which mean nothing in {domain}"
    return Fault(later.where, what)
