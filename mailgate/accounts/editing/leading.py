"""Which aliases name an account, and which are left without a target when it goes."""

from __future__ import annotations

from mailgate.accounts.lookup import Names


def leading_to(name: str, names: Names) -> dict[str, tuple[str, ...]]:
    """The aliases that name that account, in any spelling, with the targets that do; behind them those that name an
    alias which has no other target, and so on. In an order in which they can be taken out.
    """
    hanging: dict[str, tuple[str, ...]] = {}
    waiting = [name]
    while waiting:
        gone = waiting.pop(0)
        for alias in names.aliases.values():
            known = hanging.get(alias.name, ())
            new = [each for each in alias.targets if each not in known and _names(each, gone, names)]
            if new:
                hanging[alias.name] = (*known, *new)
                if set(alias.targets) <= set(hanging[alias.name]):
                    waiting.append(alias.name)
    return hanging


def _names(target: str, gone: str, names: Names) -> bool:
    """Is it `gone` that the target means by its name, not as a catch-all, or as who is on duty?"""
    found = names.find(target)
    if found is None or found.name != gone:
        return False
    local_part, _, domain = target.rpartition("@")
    base = names.spelling.plain(local_part.removesuffix(found.tag), domain)
    return base == names.spelling.plain(gone.rpartition("@")[0], domain) and domain == gone.rpartition("@")[2]
