"""The `users` file of a domain: one account a line, in Dovecot's passwd-file form.

    user:{SCHEME}hash:uid:gid:gecos:home:shell:extra fields

Only user, password and, among the space-separated extra fields, those that begin with `mailgate_` are ours; the rest
is left to whoever shares the file. Blank lines and lines that begin with `#` are comments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, ParamSpec, TypeVar

from attrs import field, frozen

from mailgate.accounts.decisions import KEYS, NOTHING_SAID, Decisions
from mailgate.accounts.names import account_name, is_storable
from mailgate.accounts.passwords import SchemeError, StoredPassword
from mailgate.faults import Fault, probably
from mailgate.wire import address

P = ParamSpec("P")
T = TypeVar("T")

_FIELDS: Final = 8
_OURS: Final = "mailgate_"
_BARE: Final = "yes"  # what an extra field without a value means, as in Dovecot
# What is meant for us and not quite written so: behind a colon or comma too many, with a dash, in large letters. A
# setting that is passed over is an account that is not disabled, or mail that is not kept.
_MEANT_FOR_US: Final = re.compile(r"(?:^[\W_]*|[,;])(?P<word>mailgate.*)", re.IGNORECASE)
_IN_WRONG_FIELD: Final = re.compile(rf"(?:^|[\s,;:]){_OURS}", re.IGNORECASE)


@frozen
class Account:
    """Somebody who has mail here. What is None was not said, and is for the domain or the default to say."""

    name: str  # as `names.account_name` gives it
    password: StoredPassword = field(repr=False)
    disabled: bool = False  # no login; mail is taken all the same,
    closed: bool = False  # unless it is refused too, as if there were no such account
    decisions: Decisions = NOTHING_SAID
    where: str = ""  # file and line


class _Wrong(Exception):
    """A line is not understood. Neither part may hold what could be a password."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class UsersFile:
    """Reads the `users` of a domain again and again. A line that was there the last time is not taken apart again:
    that is what takes long, half a second for 30,000 lines, and an edit changes a few.
    """

    def __init__(self, domain: str) -> None:
        self._domain = domain
        self._lines: dict[str, Account] = {}  # those without fault, as they were the last time

    def parse(self, text: str, where: str) -> tuple[Mapping[str, Account], tuple[Fault, ...]]:
        """As `parse_users`."""
        known, self._lines = self._lines, {}
        return _parse(text, self._domain, where, known, self._lines)


def parse_users(text: str, domain: str, where: str) -> tuple[Mapping[str, Account], tuple[Fault, ...]]:
    """The accounts of a file by their names, in its order, and what is wrong with it. Lines with faults are left out.

    `where` names the file in the faults. Raises nothing.
    """
    return _parse(text, domain, where, {}, {})


def _parse(
    text: str, domain: str, where: str, known: Mapping[str, Account], lines: dict[str, Account]
) -> tuple[Mapping[str, Account], tuple[Fault, ...]]:
    """`known` are the accounts of lines that were parsed before; to `lines` go those of this text."""
    accounts: dict[str, Account] = {}
    faults: list[Fault] = []
    for number, line in enumerate(text.split("\n"), 1):
        account = known.get(line)
        if account is None and (not line.strip() or line.lstrip().startswith("#")):
            continue
        here = f"{where}:{number}"
        wrong: list[_Wrong] = []
        if account is None:
            account = _parse_line(line.rstrip("\r"), domain, here, wrong)
        elif account.where != here:
            account = _moved(account, here)
        if account is not None and account.name in accounts:
            first = accounts[account.name].where.rpartition(":")[2]
            wrong.append(_Wrong(f"{account.name} is already on line {first}"))
        faults += (Fault(here, each.what, each.hint) for each in wrong)
        if account is not None and not wrong:
            accounts[account.name] = lines[line] = account
    return accounts, tuple(faults)


def _moved(account: Account, where: str) -> Account:
    # `evolve` takes more than twice as long, and above a new line there may be thousands.
    return Account(account.name, account.password, account.disabled, account.closed, account.decisions, where)


def _parse_line(line: str, domain: str, where: str, wrong: list[_Wrong]) -> Account | None:
    """The account of a line; None if that cannot be said. All that is wrong goes to `wrong`."""
    user, colon, rest = line.partition(":")
    if not colon:
        wrong.append(_Wrong("expected user:{SCHEME}password", "there is no colon on the line"))
        return None
    fields = rest.split(":", _FIELDS - 2)
    name = _tried(wrong, _parse_name, user, domain)
    # A name with a brace has swallowed the password: what stands in its place is something else.
    password = _tried(wrong, _parse_password, fields[0]) if "{" not in user else None
    if _IN_WRONG_FIELD.search(":".join(fields[1 : _FIELDS - 2])):
        hint = "it belongs into the eighth: six colons behind the password"
        wrong.append(_Wrong(f"a {_OURS} setting in the wrong field", hint))
    settings = _parse_extra(fields[_FIELDS - 2], wrong) if len(fields) > _FIELDS - 2 else {}
    decisions = _parse_decisions(settings, wrong)
    disabled = settings.pop("disabled", None) or "no"
    if name is None or password is None:
        return None
    return Account(name, password, disabled != "no", disabled == "all", decisions, where)


def _tried(wrong: list[_Wrong], parse: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T | None:
    try:
        return parse(*arguments, **named)
    except _Wrong as error:
        wrong.append(error)
        return None


def _parse_name(user: str, domain: str) -> str:
    # A name is written as a local part is (RFC 5321 4.1.2). Braces are legal there, but then it is a forgotten colon.
    if "{" in user:
        raise _Wrong("a user name with a brace", "is the colon before the password missing?")
    if "@" in user and not user.startswith('"'):
        raise _Wrong("a user name with an @", "write the local part alone: the directory names the domain")
    try:
        name = account_name(*address.parse_mailbox(f"{user}@{domain}"))
    except address.AddressError as error:
        reason = str(error)
        hint = "letters, digits, dots and dashes" if reason.startswith("expected") else reason
        raise _Wrong(f"{user[:80]!r} cannot be a user name", hint) from None
    if not is_storable(name):
        raise _Wrong(f"{user[:80]!r} cannot be a user name", "empty, or too long for the name of a directory")
    return name


def _parse_password(text: str) -> StoredPassword:
    try:
        return StoredPassword.parse(text)
    except SchemeError as error:
        raise _Wrong(str(error), error.hint) from None


def _parse_extra(text: str, wrong: list[_Wrong]) -> dict[str, Any]:
    """What our settings among the extra fields say, by their names without the prefix."""
    seen: set[str] = set()
    fields: dict[str, Any] = {}
    for item in text.split():
        key, equals, value = item.partition("=")
        ours = _MEANT_FOR_US.search(key)
        if ours is None:
            continue
        if key not in _SETTINGS:
            wrong.append(_Wrong(f"unknown setting {key[:80]!r}", _meant(ours["word"].lower())))
        elif key in seen:
            wrong.append(_Wrong(f"{key} is there twice"))
        else:
            seen.add(key)
            fields[key.removeprefix(_OURS)] = _tried(wrong, _SETTINGS[key], value if equals else _BARE)
    return fields


def _parse_decisions(settings: dict[str, Any], wrong: list[_Wrong]) -> Decisions:
    """What the settings decide of the maildrop; they are taken out."""
    decided = {key: settings.pop(key) for key in KEYS if key in settings}
    decisions = Decisions(**decided) if decided else NOTHING_SAID
    if decisions.contradiction:
        wrong.append(_Wrong(decisions.contradiction))
    return decisions


def _meant(key: str) -> str:
    # Compared without the prefix, which alone would make every word look like every other.
    near = probably(key[len(_OURS) :], [setting.removeprefix(_OURS) for setting in _SETTINGS])
    return probably(key, _SETTINGS) if near else f"known: {', '.join(_SETTINGS)}"


def _parse_disabled(value: str) -> str:
    if value not in ("yes", "no", "all"):
        raise _Wrong(f"mailgate_disabled is {value[:40]!r}", "expected yes, no, or all: then mail is refused too")
    return value


def _deciding(key: str) -> Callable[[str], Any]:
    def parse(value: str) -> int | str:
        try:
            return KEYS[key](value)
        except ValueError as error:
            raise _Wrong(f"{_OURS}{key} is {value[:40]!r}", str(error)) from None

    return parse


# Behind the prefix each is the name of a field of `Decisions`, but the first.
_SETTINGS: Final[Mapping[str, Callable[[str], Any]]] = {
    "mailgate_disabled": _parse_disabled,
    **{f"{_OURS}{key}": _deciding(key) for key in KEYS},
}
