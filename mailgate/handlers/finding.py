"""From the word in a configuration to a handler: an entry point of the group `mailgate.handlers`, or a dotted name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Final

from zope.interface.exceptions import Invalid
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyObject

from mailgate.faults import Fault, probably
from mailgate.interfaces import (
    IConnectPolicy,
    IHeloPolicy,
    IMessageHandler,
    IRecipientPolicy,
    IRehearsal,
    ISenderPolicy,
)

GROUP: Final = "mailgate.handlers"
INTERFACES: Final[tuple[InterfaceClass, ...]] = (
    IConnectPolicy,
    IHeloPolicy,
    ISenderPolicy,
    IRecipientPolicy,
    IMessageHandler,
    IRehearsal,
)


class BadHandler(Exception):
    """The handler cannot be had; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def make_handler(use: str, options: Mapping[str, Any], where: str) -> object:
    """Build the handler that `use` names, with `options` as its keyword arguments.

    `where` is the dotted key that faults name. Raises `BadHandler`.
    """
    factory = _factory(use, where)
    try:
        handler = factory(**options)
    except (TypeError, ValueError) as error:
        raise BadHandler(Fault(where, f"{use} does not take these settings: {error}")) from error
    except Exception as error:  # somebody else's constructor: all of it is a fault of this entry
        raise BadHandler(Fault(where, f"{use} cannot be made: {type(error).__name__}: {error}")) from error
    _verify(handler, use, where)
    return handler


def _factory(use: str, where: str) -> Callable[..., object]:
    shipped = {point.name: point for point in entry_points(group=GROUP)}
    try:
        if use in shipped:
            found = shipped[use].load()
        else:
            module, colon, name = use.partition(":")
            if not colon:
                known = f"known are {', '.join(sorted(shipped))}; or say package.module:factory"
                raise BadHandler(Fault(where, f"no handler is called {use!r}", probably(use, shipped) or known))
            found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise BadHandler(Fault(where, f"{use} cannot be imported: {error}")) from error
    if not callable(found):
        raise BadHandler(Fault(where, f"{use} is not a class or function"))
    made: Callable[..., object] = found
    return made


def _verify(handler: object, use: str, where: str) -> None:
    claimed = [interface for interface in INTERFACES if interface.providedBy(handler)]
    if not claimed:
        hint = "decorate the class with @implementer(IMessageHandler), say"
        raise BadHandler(Fault(where, f"{use} provides nothing that the pipeline asks", hint))
    for interface in claimed:
        try:
            verifyObject(interface, handler)
        except Invalid as error:
            raise BadHandler(Fault(where, f"{use}: {error}")) from error
