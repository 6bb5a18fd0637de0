"""A factory that is made late."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory, Protocol

from mailgate.service.late import LateFactory


class Counting(Factory):
    protocol = Protocol
    started = 0
    stopped = 0

    def startFactory(self) -> None:
        self.started += 1

    def stopFactory(self) -> None:
        self.stopped += 1


def test_the_first_client_has_it_made() -> None:
    made: list[Counting] = []

    def make() -> Any:
        made.append(Counting())
        return made[-1]

    late: Any = LateFactory(make)
    late.doStart()
    assert not made
    assert isinstance(late.buildProtocol(None), Protocol) and isinstance(late.buildProtocol(None), Protocol)
    assert len(made) == made[0].started == 1
    late.doStop()
    assert made[0].stopped == 1


def test_it_can_be_made_before() -> None:
    factory: Any = Counting()
    late: Any = LateFactory(lambda: factory)
    assert late.ready() is factory and late.ready() is factory
    late.doStart()
    late.doStop()
    assert (factory.started, factory.stopped) == (1, 1)


def test_nobody_came() -> None:
    late: Any = LateFactory(lambda: (_ for _ in ()).throw(AssertionError("nobody asked for it")))
    late.doStart()
    late.doStop()
