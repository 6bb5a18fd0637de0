"""Is there such an account? If not, which one was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mailgate.cli.accounts_saying import refusal

if TYPE_CHECKING:
    from mailgate.accounts.register import Register

_ADVICE: Final = "Nobody could fetch the mail. --without-account imports it all the same."


def check_account(register: Register, name: str) -> None:
    """Raises `ClickException` if `name` (`names.account_name`) is no account, or that cannot be told.

    Foreign checkers make no difference: whom they let in must have an account here, too (`accounts.chain`).
    """
    from mailgate.accounts.register import OutOfService

    try:
        account = register.account(name)
    except OutOfService as doubt:
        why = f"whether there is an account {name} cannot be told: {doubt}"
        raise refusal(f"{why}\n--without-account imports all the same.") from doubt
    if account is None:
        raise refusal(f"there is no account {name}: {hint(register, name)}\n{_ADVICE}")


def nearest(name: str, accounts: Iterable[str]) -> str:
    """The account whose name is most like `name`, in its domain or the one whose name is most like that; or ""."""
    local_part, _, domain = name.rpartition("@")
    local_parts: dict[str, list[str]] = {}
    for account in accounts:
        known, _, of = account.rpartition("@")
        local_parts.setdefault(of, []).append(known)
    # Each part by itself: whole names are alike in their domains, whoever they are.
    for near in difflib.get_close_matches(domain, local_parts):
        for known in difflib.get_close_matches(local_part, local_parts[near], n=1):
            return f"{known}@{near}"
    return ""


def hint(register: Register, name: str) -> str:
    """What to say of a name that is no account: whose mail it is, who was probably meant, or who can tell."""
    reached = f"mail for it goes to {', '.join(names)}." if (names := _reached(register, name)) else ""
    if reached and name in register.names.aliases:
        return reached
    if near := nearest(name, register.names.accounts):  # rather than what a catch-all takes
        return f"did you mean {near!r}?"
    return reached or "'mailgate user list' names all."


def _reached(register: Register, name: str) -> tuple[str, ...]:
    """Whose mail it is, such as by an alias."""
    from mailgate.accounts.register import OutOfService

    local_part, _, domain = name.rpartition("@")
    try:
        return register.maildrops(local_part, domain)
    except OutOfService:
        return ()
