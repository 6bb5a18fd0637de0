"""From the word in a configuration to a handler: an entry point of the group `mailgate.handlers`, or a dotted name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, Final

from zope.interface.exceptions import Invalid
from zope.interface.interface import InterfaceClass
from zope.interface.verify import verifyClass, verifyObject

from mailgate.faults import Fault, probably
from mailgate.interfaces import (
    IConnectPolicy,
    IHandlerInTurn,
    IHeloPolicy,
    IMessageHandler,
    IRecipientPolicy,
    ISenderPolicy,
)

GROUP: Final = "mailgate.handlers"
INTERFACES: Final[tuple[InterfaceClass, ...]] = (
    IConnectPolicy,
    IHeloPolicy,
    ISenderPolicy,
    IRecipientPolicy,
    IMessageHandler,
    IHandlerInTurn,
)


# The keys of a [[handler]] that are mailgate's own, and never reach its factory.
TAKEN: Final = ("use", "name", "timeout", "on_error")
_OUT_OF_REACH: Final = f"settings come by keyword, and {', '.join(TAKEN)} are taken: rename it, or give it a default"
_BY_KEYWORD: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_SINGLE: Final = (inspect.Parameter.POSITIONAL_ONLY, *_BY_KEYWORD)


class BadHandler(Exception):
    """The handler cannot be had; `faults` say why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def make_handler(use: str, options: Mapping[str, Any], where: str) -> object:
    """Build the handler that `use` names, with `options` as its keyword arguments.

    `where` is the dotted key that faults name. Raises `BadHandler`.
    """
    factory = _find(use, where)
    if faults := tuple(_misuse(factory, use, options, where)):
        raise BadHandler(*faults)
    try:
        handler = factory(**options)
    except (TypeError, ValueError) as error:
        raise BadHandler(Fault(where, f"{use} does not take these settings: {error}")) from error
    except (Exception, SystemExit) as error:  # somebody else's constructor: all of it is a fault of this entry
        raise BadHandler(Fault(where, f"{use} cannot be made: {_told(error)}")) from error
    _verify(handler, use, where)
    return handler


def check_handler(use: str, options: Mapping[str, Any], where: str) -> tuple[Fault, ...]:
    """What is wrong as far as can be seen without building it: this may be root, and handlers open things."""
    try:
        return tuple(_misuse(_find(use, where), use, options, where))
    except BadHandler as error:
        return error.faults


def _find(use: str, where: str) -> Callable[..., object]:
    # Here: a gateway without handlers, as test suites start them by the hundred, need not wait for it.
    from importlib.metadata import entry_points

    shipped = {point.name: point for point in entry_points(group=GROUP)}
    module, colon, name = use.partition(":")
    if use not in shipped and not (colon and all(part.isidentifier() for part in (*module.split("."), name))):
        known = f"known are {', '.join(sorted(shipped))}; or say package.module:factory"
        raise BadHandler(Fault(where, f"no handler is called {use!r}", probably(use, shipped) or known))
    try:
        found = shipped[use].load() if use in shipped else getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise BadHandler(Fault(where, f"{use} cannot be imported: {error}")) from error
    except (Exception, SystemExit) as error:  # somebody else's module, as above
        raise BadHandler(Fault(where, f"{use} cannot be imported: {_told(error)}")) from error
    if not callable(found):
        raise BadHandler(Fault(where, f"{use} is not a class or function"))
    made: Callable[..., object] = found
    return made


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _misuse(factory: Callable[..., object], use: str, options: Mapping[str, Any], where: str) -> Iterator[Fault]:
    """The faults of a factory and of its settings that show before it is called."""
    yield from _bad_settings(factory, use, options, where)
    if inspect.isclass(factory):
        claimed = [interface for interface in INTERFACES if interface.implementedBy(factory)]
        yield from _bad_claims(claimed, partial(verifyClass, candidate=factory), use, where)


def _bad_settings(factory: Callable[..., object], use: str, options: Mapping[str, Any], where: str) -> Iterator[Fault]:
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        return  # some of what is written in C does not say what it takes
    parameters = signature.parameters.values()
    known = [one.name for one in parameters if one.kind in _BY_KEYWORD and one.name not in TAKEN]
    needed = [one.name for one in parameters if one.kind in _SINGLE and one.default is one.empty]
    for name in needed:
        if name not in known:
            yield Fault(where, f"{use} needs a setting {name!r} that it cannot get", _OUT_OF_REACH)
        elif name not in options:
            yield Fault(f"{where}.{name}", f"missing: {use} needs it")
    if not any(one.kind is one.VAR_KEYWORD for one in parameters):
        for key in sorted(options.keys() - set(known)):
            hint = probably(key, known) or (f"known: {', '.join(known)}" if known else "it takes none")
            yield Fault(f"{where}.{key}", f"{use} has no such setting", hint)


def _verify(handler: object, use: str, where: str) -> None:
    claimed = [interface for interface in INTERFACES if interface.providedBy(handler)]
    if faults := tuple(_bad_claims(claimed, partial(verifyObject, candidate=handler), use, where)):
        raise BadHandler(*faults)


def _bad_claims(
    claimed: Collection[InterfaceClass], verify: Callable[[InterfaceClass], object], use: str, where: str
) -> Iterator[Fault]:
    if not claimed:
        hint = "decorate the class with @implementer(IMessageHandler), say"
        yield Fault(where, f"{use} provides nothing that the pipeline asks", hint)
    for interface in claimed:
        try:
            verify(interface)
        except Invalid as error:
            yield Fault(where, f"{use}: {error}")
