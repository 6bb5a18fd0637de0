"""A gateway on a reactor that is not one: ports, composition, stop. Real ports and threads are e2e's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import LogLevel, formatEvent

from mailgate.config import (
    POP3,
    SMTP,
    TLS,
    Accounts,
    Config,
    Handler,
    Limits,
    Listener,
    Maildrops,
    Reading,
    Store,
    Submission,
)
from mailgate.control.calls import Arguments, CallError
from mailgate.development import write_certificate
from mailgate.faults import Fault
from mailgate.limits.networks import Network
from mailgate.service import CannotReload, CannotStart, Gateway, Listening
from mailgate.service.front import new_id
from mailgate.service.gateway import _fault_found
from mailgate.service.state import State
from mailgate.store.maildir.apart import Process, start_process
from mailgate.units import Seconds
from tests.support import logged, outcome_of
from tests.support import started as started_work


def listeners(*ports: int) -> tuple[Listener, ...]:
    return tuple(Listener(f"tcp:{port}:interface=127.0.0.1") for port in ports)


def config(directory: Path, **changes: Any) -> Config:
    certificate, key = write_certificate(str(directory))
    (directory / "domains").mkdir()
    settings: dict[str, Any] = {
        "state": str(directory / "state"),
        "tls": TLS(certificate=certificate, key=key),
        "smtp": SMTP(listen=listeners(2525)),
        "submission": Submission(listen=listeners(2587), listen_tls=listeners(2465)),
        "pop3": POP3(listen=listeners(2110), listen_tls=listeners(2995)),
        "store": Store(directory=str(directory / "mail")),
        "accounts": Accounts(directory=str(directory / "domains")),
    }
    return Config(**settings | changes)


class Reactor(MemoryReactorClock):
    """Has threads hand over at once; refuses ports that are taken."""

    def __init__(self, *taken: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._taken = taken

    def callFromThread(self, act: Any, *arguments: Any) -> None:
        act(*arguments)

    def listenTCP(self, port: int, *rest: Any, **more: Any) -> Any:
        if port in self._taken:
            raise CannotListenError("127.0.0.1", port, OSError(98, "Address already in use"))
        return super().listenTCP(port, *rest, **more)  # type: ignore[no-untyped-call]


def started(directory: Path, **more: Any) -> tuple[Gateway, Reactor]:
    reactor = Reactor()
    gateway = Gateway(config(directory), reactor, **more)
    gateway.privilegedStartService()
    gateway.startService()
    return gateway, reactor


def connected(reactor: Reactor, port: int) -> tuple[Any, StringTransport]:
    factory: Any = next(server[1] for server in reactor.tcpServers if server[0] == port)
    connection, transport = factory.buildProtocol(None), StringTransport()
    connection.makeConnection(transport)
    return connection, transport


def greeting(reactor: Reactor, port: int) -> bytes:
    octets: bytes = connected(reactor, port)[1].value()
    return octets


def test_ports_are_open_before_anything_is_written(tmp_path: Path) -> None:
    reactor = Reactor()
    gateway = Gateway(config(tmp_path), reactor)
    gateway.privilegedStartService()
    assert [server[0] for server in reactor.tcpServers] == [2525, 2587, 2465, 2110, 2995]
    assert {server[2:] for server in reactor.tcpServers} == {(512, "127.0.0.1")}
    assert (gateway.listening[0].key, gateway.listening[0].port) == ("smtp.listen", 2525)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("open_to_anyone", [True, False])
def test_each_door_has_its_own_session(tmp_path: Path, open_to_anyone: bool) -> None:
    gateway, reactor = started(tmp_path, open_to_anyone=open_to_anyone)
    assert greeting(reactor, 2525) == greeting(reactor, 2587) == b"220 localhost ESMTP mailgate\r\n"
    assert greeting(reactor, 2110).startswith(b"+OK localhost ")
    assert len(gateway.bulletin.node) == 8
    gateway.stopService()


def test_it_stops_when_every_session_has_ended(tmp_path: Path) -> None:
    gateway, reactor = started(tmp_path)
    connection, transport = connected(reactor, 2525)
    stopped = gateway.stopService()
    assert not stopped.called and transport.value().endswith(b"421 4.3.2 Shutting down, come back soon\r\n")
    connection.connectionLost(None)
    assert stopped.called


def test_two_on_one_state_directory(tmp_path: Path) -> None:
    first, _ = started(tmp_path)
    (tmp_path / "second").mkdir()
    reactor = Reactor(2525)
    second = Gateway(config(tmp_path / "second", state=str(tmp_path / "state")), reactor)
    with pytest.raises(CannotStart, match=r"^state: another gateway runs"):
        second.privilegedStartService()  # which is why the port is in use
    assert reactor.tcpServers == []
    first.stopService()
    with pytest.raises(CannotStart, match="Address already in use"):
        second.privilegedStartService()  # that is another one's
    third = Gateway(first._config, Reactor())
    third.privilegedStartService()
    third.startService()
    third.stopService()


def test_two_that_start_at_the_same_moment(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    second = Gateway(config(tmp_path / "second", state=str(tmp_path / "state")), Reactor())
    second.privilegedStartService()  # there is no lock yet that it could find
    first, _ = started(tmp_path)
    with pytest.raises(CannotStart, match="another gateway runs"):
        second.startService()
    first.stopService()
    second.startService()
    second.stopService()


def test_a_clock_far_off_is_told_and_mail_is_taken(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "sweeps.json").write_text('{"last_sweep": 99999999999}')
    with logged() as events:
        gateway, reactor = started(tmp_path)
    said = [formatEvent(event) for event in events if event["log_level"] is LogLevel.error]
    assert len(said) == 1 and "but the last sweep was at 5138-11-16 09:46 UTC: set the clock" in said[0]
    told = outcome_of(started_work(gateway.functions["status"](Arguments({}))))
    assert said[0][:20] in str(told["problems"])
    assert greeting(reactor, 2525).startswith(b"220 ")
    gateway.stopService()


def test_account_files_that_are_open_to_others_are_told(tmp_path: Path) -> None:
    settings = config(tmp_path)
    (tmp_path / "domains").chmod(0o777)
    gateway = Gateway(settings, Reactor())
    gateway.privilegedStartService()
    with logged() as events:
        gateway.startService()
    said = [formatEvent(event) for event in events if event["log_level"] is LogLevel.warn]
    assert len(said) == 1 and said[0].startswith(f"open to others: {tmp_path / 'domains'}: everybody may write to it")
    gateway.stopService()


def test_who_does_not_want_to_wait_cuts(tmp_path: Path) -> None:
    gateway, reactor = started(tmp_path)
    connection, transport = connected(reactor, 2525)
    connection.dataReceived(b"HELO c\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<postmaster>\r\n")
    with logged() as events:
        gateway.stopService()
    assert [event["sessions"] for event in events if "sessions" in event] == [1]
    gateway.cut()
    assert transport.disconnecting


def test_a_store_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file")
    with pytest.raises(CannotStart, match=r"store\.directory: .*cannot be used"):
        started(tmp_path)


def test_accounts_that_cannot_be_read_by_who_we_are_now(tmp_path: Path) -> None:
    gateway = Gateway(config(tmp_path), Reactor())
    gateway.privilegedStartService()
    (tmp_path / "domains").rmdir()
    with pytest.raises(CannotStart, match="there is no such directory of accounts"):
        gateway.startService()


def test_handlers_that_cannot_be_made(tmp_path: Path) -> None:
    handlers = (Handler(use="loop-guard", options={"max_hops": -1}), Handler(use="nothing"))
    gateway = Gateway(config(tmp_path, handler=handlers), Reactor())
    gateway.privilegedStartService()
    with pytest.raises(CannotStart) as caught:
        gateway.startService()
    assert len(caught.value.faults) == 2
    State(str(tmp_path / "state")).open()  # it is free again


def test_a_port_in_use_closes_the_others(tmp_path: Path) -> None:
    reactor = Reactor(2465)
    gateway = Gateway(config(tmp_path), reactor)
    with pytest.raises(CannotStart, match=r"submission\.listen_tls = tcp:2465\S*: Address already in use"):
        gateway.privilegedStartService()
    State(str(tmp_path / "state")).open()  # it is free


def test_a_python_that_cannot_be_read_when_privileges_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise CannotStart(Fault("--uid", "cannot read the Python installation"))

    gateway = Gateway(config(tmp_path), Reactor())
    gateway.privilegedStartService()
    monkeypatch.setattr("mailgate.service.gateway.check_installation", refuse)
    with pytest.raises(CannotStart, match="cannot read the Python installation"):
        gateway.startService()
    assert not (tmp_path / "state").exists()
    State(str(tmp_path / "state")).open()  # it is free again


def test_a_privileged_port_says_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise CannotListenError("", 25, PermissionError(13, "Permission denied"))

    reactor = Reactor()
    monkeypatch.setattr(reactor, "listenTCP", refuse)
    with pytest.raises(CannotStart, match=r"Permission denied.*--uid"):
        Gateway(config(tmp_path), reactor).privilegedStartService()


def test_a_certificate_that_cannot_be_read(tmp_path: Path) -> None:
    tls = TLS(certificate=str(tmp_path / "none.pem"), key=str(tmp_path / "none.pem"))
    with pytest.raises(CannotStart, match=r"none\.pem"):
        Gateway(config(tmp_path, tls=tls), Reactor()).privilegedStartService()


def test_without_a_certificate(tmp_path: Path) -> None:
    pop3 = POP3(listen=listeners(2110), allow_plaintext=True)
    plain = config(tmp_path, tls=TLS(), submission=Submission(), pop3=pop3)
    reactor = Reactor()
    gateway = Gateway(plain, reactor)
    gateway.privilegedStartService()
    gateway.startService()
    assert greeting(reactor, 2110).startswith(b"+OK ")
    gateway.stopService()


def test_a_state_directory_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    gateway = Gateway(config(tmp_path), Reactor())
    gateway.privilegedStartService()
    with pytest.raises(CannotStart, match="cannot be used"):
        gateway.startService()


def test_a_node_file_with_something_else(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "node").write_text("no name")
    gateway = Gateway(config(tmp_path), Reactor())
    gateway.privilegedStartService()
    with pytest.raises(CannotStart, match="remove it"):
        gateway.startService()


def test_readers_are_told_and_a_broken_one_is_reported(tmp_path: Path) -> None:
    class Broken:
        def read(self, fact: object) -> None:
            raise RuntimeError("no ink")

    gateway, reactor = started(tmp_path)
    gateway.add_reader(Broken())
    with logged() as events:
        greeting(reactor, 2525)
    assert [event["log_failure"].value.args for event in events if "log_failure" in event] == [("no ink",)]
    gateway.stopService()


def test_a_later_fault_of_the_accounts_is_logged() -> None:
    with logged() as events:
        _fault_found(Fault("users:1", "broken"))
    assert "users:1: broken" in str(events[0]["fault"])


def test_places() -> None:
    assert str(Listening("smtp.listen", "::1", 25)) == "[::1]:25 (smtp.listen)"
    assert Listening("smtp.listen", "/run/lmtp", 0).place == "/run/lmtp"


def test_ids_are_ordered_and_different() -> None:
    ids = [new_id() for _ in range(100)]
    assert len(set(ids)) == 100 and all(len(made) == 26 for made in ids)


def test_a_unix_socket_has_a_path(tmp_path: Path) -> None:
    class Unix(Reactor):
        def listenUNIX(self, address: str, *rest: Any, **more: Any) -> Any:
            return SimpleNamespace(getHost=lambda: UNIXAddress(address.encode()), stopListening=lambda: None)

    listener = Listener(f"unix:{tmp_path}/smtp.sock")
    gateway = Gateway(config(tmp_path, smtp=SMTP(listen=(listener,))), Unix())
    gateway.privilegedStartService()
    assert gateway.listening[0] == Listening("smtp.listen", f"{tmp_path}/smtp.sock", 0)


PROXIES = (Network("198.51.100.1/32"),)


@pytest.mark.parametrize(
    ("changes", "most"),
    [
        ({}, 1100),
        ({"smtp": SMTP(listen=listeners(2525), proxies=PROXIES)}, 2100),
        ({"pop3": POP3(listen=listeners(2110), listen_tls=listeners(2995), proxies=PROXIES)}, 3100),
        ({"limits": Limits(connections=10)}, 30),
    ],
)
def test_there_is_room_for_all_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], most: int
) -> None:
    asked: list[int] = []

    def note(connections: int) -> str:
        asked.append(connections)
        return "few files are allowed"

    monkeypatch.setattr("mailgate.service.gateway.make_room", note)
    with logged() as events:
        Gateway(config(tmp_path, **changes), Reactor()).privilegedStartService()
    assert asked == [most]
    assert "few files are allowed" in [formatEvent(event) for event in events]


@pytest.mark.parametrize(("port", "seconds"), [(2525, 7.0), (2110, 5.0)])
def test_a_proxys_header_has_no_more_time_than_the_greeting(tmp_path: Path, port: int, seconds: float) -> None:
    reactor = Reactor()
    changes = {
        "smtp": SMTP(listen=listeners(2525), proxies=PROXIES),
        "pop3": POP3(listen=listeners(2110), proxies=PROXIES, login_timeout=Seconds(5.0)),
        "limits": Limits(greeting_timeout=Seconds(7.0)),
    }
    Gateway(config(tmp_path, **changes), reactor).privilegedStartService()
    factory: Any = next(server[1] for server in reactor.tcpServers if server[0] == port)
    introduction, transport = factory.buildProtocol(IPv4Address("TCP", "198.51.100.1", 4000)), StringTransport()
    introduction.makeConnection(transport)
    reactor.advance(seconds - 0.1)
    assert not transport.disconnected
    reactor.advance(0.1)
    assert transport.disconnected


@pytest.mark.parametrize("key", ["smarthost_password", "smarthost_ca"])
def test_what_the_smarthost_needs_and_who_we_are_now_cannot_read(tmp_path: Path, key: str) -> None:
    (tmp_path / "password").write_text("secret\n")
    files: dict[str, Any] = {"smarthost_password": str(tmp_path / "password"), key: str(tmp_path / "none")}
    submission = Submission(smarthost="smtps://user@relay.example.org", **files)
    gateway = Gateway(config(tmp_path, submission=submission), Reactor())
    gateway.privilegedStartService()
    with pytest.raises(CannotStart) as failure:
        gateway.startService()
    (fault,) = failure.value.faults
    assert fault.where == f"submission.{key}" and "none" in fault.what


def test_a_smarthost(tmp_path: Path) -> None:
    submission = Submission(smarthost="smtps://relay.example.org")
    gateway = Gateway(config(tmp_path, submission=submission), Reactor())
    gateway.privilegedStartService()
    gateway.startService()
    gateway.stopService()


def reading(config: Config, *faults: Fault) -> Reading:
    return Reading(config, faults)


def test_a_configuration_that_is_read_again(tmp_path: Path) -> None:
    plain = {"tls": TLS(), "submission": Submission(), "pop3": POP3(listen=listeners(2110), allow_plaintext=True)}
    reactor, settings = Reactor(), config(tmp_path, **plain)
    new = evolve(settings, hostname="new.test", smtp=SMTP(listen=listeners(9)), drain=Seconds(1.0))
    gateway = Gateway(settings, reactor, reread=lambda: reading(new))
    gateway.privilegedStartService()
    gateway.startService()
    change = outcome_of(started_work(gateway.reload()))
    assert set(change.changed) == {"hostname", "drain"} and change.waiting == ("smtp.listen",)
    assert greeting(reactor, 2525) == b"220 new.test ESMTP mailgate\r\n"
    assert "localhost" not in gateway.status_line
    gateway.stopService()


@pytest.mark.parametrize(
    ("changes", "faults", "said"),
    [
        ({}, (Fault("smtp.lisen", "unknown"),), "smtp.lisen"),
        ({"handler": (Handler(use="loop-guard", options={"max_hops": -1}),)}, (), "max_hops"),
    ],
)
def test_a_bad_one_changes_nothing(
    tmp_path: Path, changes: dict[str, Any], faults: tuple[Fault, ...], said: str
) -> None:
    reactor, settings = Reactor(), config(tmp_path)
    gateway = Gateway(
        settings, reactor, reread=lambda: reading(evolve(settings, hostname="new.test", **changes), *faults)
    )
    gateway.privilegedStartService()
    gateway.startService()
    with logged() as events, pytest.raises(CannotReload, match=said):
        outcome_of(started_work(gateway.reload()))
    assert any("not reloaded" in formatEvent(event) for event in events)
    with pytest.raises(CallError, match=said):
        outcome_of(started_work(gateway.functions["reload"](Arguments({}))))
    assert greeting(reactor, 2525).startswith(b"220 localhost ")
    gateway.stopService()


def test_who_has_no_configuration_cannot_read_it_again(tmp_path: Path) -> None:
    gateway, _ = started(tmp_path)
    assert "reload" not in gateway.functions
    gateway.stopService()


def test_accounts_go_on_when_the_configuration_is_read_again(tmp_path: Path) -> None:
    plain = {"tls": TLS(), "submission": Submission(), "pop3": POP3(listen=listeners(2110), allow_plaintext=True)}
    settings = config(tmp_path, **plain)
    users = tmp_path / "domains" / "example.test" / "users"
    users.parent.mkdir()
    users.write_text("alice:{PLAIN}x\n")
    new = [evolve(settings, maildrops=Maildrops(keep_days=7))]
    gateway = Gateway(settings, Reactor(), reread=lambda: reading(new[0]))
    gateway.privilegedStartService()
    gateway.startService()
    before = gateway._accounts
    users.write_text("alice\n")
    outcome_of(started_work(gateway.reload()))
    assert gateway._accounts is not before and gateway._accounts.domains is before.domains
    assert before.rulebook.rules("alice@example.test").retention.days == 7
    new[0] = evolve(
        settings,
        maildrops=Maildrops(keep_days=1),
        handler=(Handler(use="loop-guard", options={"max_hops": -1}),),
    )
    with pytest.raises(CannotReload):
        outcome_of(started_work(gateway.reload()))
    assert before.rulebook.rules("alice@example.test").retention.days == 7
    gateway.stopService()


@pytest.mark.parametrize("open_to_anyone", [True, False])
def test_a_server_has_a_process_that_commits_and_tests_have_none(
    open_to_anyone: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes: list[Process] = []

    def start() -> Process:
        processes.append(start_process())
        return processes[-1]

    monkeypatch.setattr("mailgate.service.front.start_process", start)
    gateway, _ = started(tmp_path, open_to_anyone=open_to_anyone)
    assert len(processes) == (0 if open_to_anyone else 1)
    gateway.stopService()
    assert [process.program.returncode for process in processes] == ([] if open_to_anyone else [0])
