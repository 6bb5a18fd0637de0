"""What a gateway writes by itself: which gateways do, and about what."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from twisted.internet.task import Clock

from mailgate.config import Config
from mailgate.mail import Local, Message, Outcome, Reply
from mailgate.mail import Path as MailPath
from mailgate.metrics.instruments import Instruments
from mailgate.rules import Quota
from mailgate.service.front import Front
from mailgate.service.noticing import notices
from tests.support import outcome_of, started


class Rooms:
    """A front whose mail nobody keeps."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.directory = self.delivery = self
        self.rulebook = SimpleNamespace(quota=lambda name: Quota())
        self.store = SimpleNamespace(usage=None)

    async def resolve(self, path: MailPath) -> tuple[Local, ...]:
        return (Local("boss@example.org"),)

    async def deliver(self, message: Message, *, partial: bool = False) -> tuple[Outcome, ...]:
        self.sent.append(message)
        return tuple(
            Outcome(each.path, Reply(250, "2.0.0", "Delivered"), ("boss@example.org",))
            for each in message.envelope.recipients
        )


async def at_once(work: Any) -> Any:
    return work()


def test_a_refused_reload_is_told_to_postmaster_once(tmp_path: Path) -> None:
    rooms, clock = Rooms(), Clock()
    instruments = SimpleNamespace(
        certificates=tuple,
        now=lambda: 1_700_000_000.0,
        checks={"store": lambda: ""},
        warnings={"reload": lambda: "the configuration was not read again: smtp.lisen: unknown"},
        held=lambda: "",
        last_sweep=lambda: None,
        uptime=lambda: 60.0,
    )
    config = Config(hostname="mx.example.org", state=str(tmp_path))
    posted = notices(config, lambda: cast(Front, rooms), lambda: cast(Instruments, instruments), clock, at_once)
    posted.start()
    for _ in range(4):
        clock.advance(3_600)
    outcome_of(started(posted.stop()))
    (message,) = rooms.sent
    assert b"smtp.lisen" in message.body.open().read()
    assert message.envelope.reverse_path.is_null
    assert (tmp_path / "notices.json").exists()
