"""The course of a self-test: who is asked for what, and that nothing is left behind."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Collection, Iterable, Iterator, Mapping

import pytest

from mailgate.cli import self_test_run as module
from mailgate.cli.self_test_connection import Seen, Trouble
from mailgate.cli.self_test_maildrop import Account, LoginRefused
from mailgate.cli.self_test_message import Sample
from mailgate.cli.self_test_run import NOT_SENT, NOT_TRIED, Plan, Removal, Report, came_through, run
from mailgate.cli.self_test_sending import Route, Sending
from mailgate.cli.self_test_trust import Trust
from mailgate.cli.tls_doors import Lost
from mailgate.cli.tls_reaching import Door
from tests.cli.self_test_support import door

SMTP, LMTP = door("smtp.listen", "smtp", 25), door("lmtp.listen", "lmtp", 24)
POP3, POP3S = door("pop3.listen", "pop3", 110), door("pop3.listen_tls", "tls", 995)
SEEN = Seen("TLSv1.3", True)


class Gateway:
    """One whose maildrop is a table of messages by their UIDs."""

    def __init__(self) -> None:
        self.maildrop: dict[str, bytes] = {"old": b"old"}
        self.steps: list[str] = []
        self.failures: dict[str, BaseException] = {}  # by the step
        self.delay = 0.0
        self.warnings: list[str] = []

    def step(self, name: str) -> None:
        self.steps.append(name)
        failure = self.failures.pop(name, None)
        if failure is not None:
            raise failure

    def send(self, where: Door, sample: Sample, route: Route, trust: Trust, seconds: float) -> Sending:
        assert (route.address, seconds) == ("info@a.test", 3.0)
        self.maildrop[sample.token] = b"Received: x\r\n" + sample.content
        self.step(f"send {where.port}")
        return Sending(where, sample, SEEN, "250 ok")

    @contextlib.contextmanager
    def opened(self, where: Door, account: Account, trust: Trust) -> Iterator[Box]:
        self.step(f"open {where.port}")
        yield Box(self)

    def run(self, *doors: Door | Lost) -> Report:
        trust = Trust("mx.test", ssl.create_default_context())
        account = Account("alice@a.test", "w", 3.0)
        route = Route("alice@a.test", "w", "info@a.test")
        return run(Plan(doors or (SMTP, LMTP, POP3, POP3S), trust, route, account, self.warnings.append))


class Box:
    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.seen = SEEN

    def uids(self) -> dict[str, int]:
        return {uid: number for number, uid in enumerate(self.gateway.maildrop, 1)}

    def delay_seconds(self) -> float:
        return self.gateway.delay

    def find(self, samples: Iterable[Sample], known: Collection[str]) -> dict[str, list[int]]:
        assert set(known) == {"old"}
        return {
            sample.token: [self.uids()[sample.token]] for sample in samples if sample.token in self.gateway.maildrop
        }

    def fetch(self, numbers: Mapping[str, Iterable[int]]) -> dict[str, tuple[bytes, ...]]:
        return {token: (self.gateway.maildrop[token],) for token in numbers}

    def remove(self, numbers: Mapping[str, Iterable[int]]) -> None:
        self.gateway.step("remove")
        for token in numbers:
            del self.gateway.maildrop[token]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    gateway = Gateway()
    monkeypatch.setattr(module, "send", gateway.send)
    monkeypatch.setattr(module, "opened", gateway.opened)
    return gateway


def test_all_is_well(gateway: Gateway) -> None:
    report = gateway.run()
    assert gateway.steps == [
        "open 110", "send 25", "send 24", "open 110", "open 995", "open 110", "remove",
    ]  # fmt: skip
    tokens = frozenset(sending.sample.token for sending in report.sendings)
    assert [frozenset(fetching.contents) for fetching in report.fetchings] == [tokens, tokens]
    assert (report.removal, list(report.lost)) == (Removal(tokens, POP3), [])
    assert [sending.seen for sending in report.sendings] == [SEEN] * 2
    assert list(gateway.maildrop) == ["old"]


def test_listeners_that_nobody_finds(gateway: Gateway) -> None:
    assert gateway.run(Lost("smtp.listen", "systemd:x"), POP3).lost == [Lost("smtp.listen", "systemd:x")]


@pytest.mark.parametrize("delay", [0.0, 60.0])
def test_nothing_is_sent_that_nobody_could_remove(gateway: Gateway, delay: float) -> None:
    gateway.delay = delay
    if not delay:
        gateway.failures["open 110"] = LoginRefused("no")
    report = gateway.run()
    assert gateway.steps == ["open 110"]
    assert [sending.wrong for sending in report.sendings] == [NOT_SENT] * 2
    told = "this account has to wait 60 seconds between logins: use --timeout" if delay else "no"
    assert [fetching.wrong for fetching in report.fetchings] == [told, NOT_TRIED]
    assert report.removal.wrong == ""


def test_a_listener_that_is_down(gateway: Gateway) -> None:
    gateway.failures["open 110"] = Trouble("nobody answers")
    report = gateway.run()
    assert gateway.steps == ["open 110", "open 995", "send 25", "send 24", "open 995", "open 995", "remove"]
    assert [fetching.wrong for fetching in report.fetchings] == ["nobody answers", ""]
    assert [fetching.door for fetching in came_through(report)] == [POP3S]
    assert list(gateway.maildrop) == ["old"]


def test_all_are_down(gateway: Gateway) -> None:
    gateway.failures = {"open 110": Trouble("nobody"), "open 995": Trouble("nobody")}
    assert [fetching.wrong for fetching in gateway.run().fetchings] == ["nobody"] * 2


def test_a_fetch_that_fails_is_no_reason_to_leave_mail(gateway: Gateway) -> None:
    gateway.steps.clear()
    original = gateway.step

    def step(name: str) -> None:
        if name == "open 995":
            gateway.failures[name] = Trouble("in use")
        original(name)

    gateway.step = step  # type: ignore[method-assign]
    report = gateway.run()
    assert [fetching.wrong for fetching in report.fetchings] == ["", "in use"]
    assert list(gateway.maildrop) == ["old"]


def test_removed_by_the_next_that_does_it(gateway: Gateway) -> None:
    gateway.failures["remove"] = Trouble("disk")
    report = gateway.run()
    assert (report.removal.door, report.removal.wrong, list(gateway.maildrop)) == (POP3S, "", ["old"])


def test_what_nobody_removes_is_told(gateway: Gateway) -> None:
    gateway.failures["remove"] = Trouble("disk")
    report = gateway.run(SMTP, POP3)
    assert (report.removal.tokens, report.removal.wrong, gateway.warnings) == (frozenset(), "disk", [])


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("a bug")])
def test_interrupted(gateway: Gateway, error: BaseException) -> None:
    gateway.failures["send 24"] = error
    with pytest.raises(type(error)):
        gateway.run()
    assert (list(gateway.maildrop), gateway.warnings) == (["old"], [])


def test_interrupted_and_left_behind(gateway: Gateway) -> None:
    gateway.failures |= {"send 25": KeyboardInterrupt(), "remove": Trouble("disk")}
    with pytest.raises(KeyboardInterrupt):
        gateway.run(SMTP, POP3)
    assert gateway.warnings == ["delete yourself what has the subject mailgate self-test: disk"]
