"""From `package.module:factory` in the configuration to a checker of passwords that somebody else has written."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from mailgate.faults import Fault

_HINT: Final = "such as a class with @implementer(ICredentialsChecker) that needs no arguments"


class BadChecker(Exception):
    """Checkers cannot be had; `faults` say why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def load_checkers(uses: Sequence[str]) -> tuple[ICredentialsChecker, ...]:
    """All that `accounts.checkers` names, in its order. Raises `BadChecker` with every fault."""
    made: list[ICredentialsChecker] = []
    faults: list[Fault] = []
    for number, use in enumerate(uses, 1):
        try:
            made.append(load_checker(use, f"accounts.checkers[{number}]"))
        except BadChecker as error:
            faults.extend(error.faults)
    if faults:
        raise BadChecker(*faults)
    return tuple(made)


def load_checker(use: str, where: str = "accounts.checkers") -> ICredentialsChecker:
    """Build the checker that `use` names, without arguments. `where` is the key that faults name. Raises `BadChecker`.

    It may open what it likes: for who serves, not for who is still root.
    """
    factory = _find(use, where)
    try:
        checker = factory()
    except (Exception, SystemExit) as error:  # somebody else's constructor: all of it is a fault of this entry
        raise BadChecker(Fault(where, f"{use} cannot be made: {_told(error)}")) from error
    return _verified(checker, use, where)


def check_checker(use: str, where: str = "accounts.checkers") -> tuple[Fault, ...]:
    """What is wrong as far as can be seen without building it."""
    try:
        factory = _find(use, where)
        if inspect.isclass(factory) and not ICredentialsChecker.implementedBy(factory):
            return (Fault(where, f"{use} is no ICredentialsChecker", _HINT),)
    except BadChecker as error:
        return error.faults
    return ()


def _find(use: str, where: str) -> Callable[[], object]:
    module, colon, name = use.partition(":")
    if not (colon and all(part.isidentifier() for part in (*module.split("."), name))):
        raise BadChecker(Fault(where, f"{use!r} names no checker", 'such as "package.module:factory"'))
    try:
        found = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # somebody else's module, as above
        raise BadChecker(Fault(where, f"{use} cannot be imported: {_told(error)}")) from error
    if not callable(found):
        raise BadChecker(Fault(where, f"{use} is not a class or function", _HINT))
    factory: Callable[[], object] = found
    return factory


def _verified(checker: Any, use: str, where: str) -> ICredentialsChecker:
    if not ICredentialsChecker.providedBy(checker):
        raise BadChecker(Fault(where, f"{use} gives no ICredentialsChecker", _HINT))
    try:
        verifyObject(ICredentialsChecker, checker)
    except Invalid as error:
        raise BadChecker(Fault(where, f"{use}: {error}")) from error
    interfaces = getattr(checker, "credentialInterfaces", ())
    if not any(IUsernamePassword.isOrExtends(each) for each in interfaces):
        hint = "credentialInterfaces = (IUsernamePassword,)"
        raise BadChecker(Fault(where, f"{use} does not check user names and passwords", hint))
    verified: ICredentialsChecker = checker
    return verified


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
