"""What a gateway writes by itself: which gateways do, and about what."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
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


@pytest.mark.parametrize(
    ("warning", "what", "what_to_do"),
    [
        ("reload", "the configuration was not read again: smtp.lisen: unknown", "mailgate reload"),
        ("accounts", "domains/example.org/users:1: expected user:{SCHEME}hash", "mailgate domain list"),
        ("names", "mx.pem: is not for the hostname mx.example.org, but for localhost", "Get a certificate"),
    ],
)
def test_what_somebody_has_to_see_to_is_told_to_postmaster_once(
    tmp_path: Path, warning: str, what: str, what_to_do: str
) -> None:
    rooms, clock = Rooms(), Clock()
    instruments = SimpleNamespace(
        certificates=tuple,
        now=lambda: 1_700_000_000.0,
        checks={"store": lambda: ""},
        warnings={name: lambda name=name: what if name == warning else "" for name in ("reload", "accounts", "names")},
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
    text = b" ".join(message.body.open().read().split())
    assert what.encode() in text and what_to_do.encode() in text
    assert message.envelope.reverse_path.is_null
    assert (tmp_path / "notices.json").exists()
