"""The calls that a gateway answers: which there are, of whose parts they tell, and what it warns of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.testing import StringTransport

from mailgate import facts
from mailgate.config import SMTP, TLS, Limits, Listener, Testing
from mailgate.control.calls import Arguments, CallError
from mailgate.control.letters import Letters
from mailgate.faults import Fault
from mailgate.service.answers import FOR_PEOPLE
from mailgate.service.front import new_id
from tests.service.house import House, settings
from tests.support import a_message, logged, outcome_of, recipient, started

ALWAYS = {"ports", "status", "log", "certificates", "trace", "note_restored", "explain"}
MAIL_OF_TESTS = {*FOR_PEOPLE, "clear", "preload"}
OF_TESTS = {"conversations", "set_password", "end_namespace", "open_listener", "close_listener"}
OF_FAULTS = {"add_fault", "faults", "remove_fault", "clear_faults"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(settings(tmp_path))


@pytest.fixture
def for_tests(tmp_path: Path) -> House:
    return House(settings(tmp_path), for_tests=True, letters=Letters())


def deliver(house: House, maildrop: str) -> None:
    message = evolve(a_message(recipient(maildrop)), id=new_id())
    outcomes = house.done(house.front.delivery.deliver(message))
    assert [outcome.reply.code for outcome in outcomes] == [250]


# Which calls there are.


def test_a_server_for_people(house: House) -> None:
    assert house.logins is not None
    assert set(house.functions) == ALWAYS | set(house.logins.functions())


def test_one_whose_configuration_can_be_read_again(house: House) -> None:
    before = set(house.functions)
    house.reread(house.config)
    assert set(house.functions) - before == {"reload"}
    assert house.call("reload") == {"changed": [], "waiting": []}


def test_one_that_keeps_letters_has_what_harms_nobodys_mail(tmp_path: Path) -> None:
    house = House(settings(tmp_path), letters=Letters(content_octets=0))
    assert set(house.functions) >= FOR_PEOPLE
    assert not set(house.functions) & ((MAIL_OF_TESTS | OF_TESTS | OF_FAULTS) - FOR_PEOPLE)


@pytest.mark.parametrize("faults", [True, False])
def test_one_for_tests(tmp_path: Path, faults: bool) -> None:
    house = House(settings(tmp_path, testing=Testing(faults=faults)), for_tests=True, letters=Letters())
    assert set(house.functions) == ALWAYS | MAIL_OF_TESTS | OF_TESTS | (OF_FAULTS if faults else set())


# Of whose parts they tell.


def test_ports_are_those_that_are_open(tmp_path: Path) -> None:
    smtp = SMTP(listen=(Listener("tcp:2525:interface=127.0.0.1"),))
    house = House(settings(tmp_path, smtp=smtp))
    assert house.call("ports", namespace="n1") == house.answers.places()
    assert house.answers.places()["ports"]["smtp"]["port"] == 2525
    assert [one["listener"] for one in house.call("status")["listening"]] == ["smtp.listen"]
    with pytest.raises(CallError):
        house.call("ports", user="alice")


def test_certificates_and_what_was_refused_of_them(house: House, tmp_path: Path) -> None:
    (shown,) = house.call("status")["certificates"]
    assert shown["name"] == "localhost" and shown["days_left"] > 0
    (tmp_path / "cert.pem").write_text("nothing")
    assert house.certificates is not None
    house.done(house.certificates.reload())
    (one,) = house.instruments.certificates()
    assert one.name == "localhost" and "cert.pem" in one.refused
    assert "the renewed certificate localhost is wrong" in str(house.call("status")["problems"])


def test_a_certificate_without_a_name_has_its_files(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert house.certificates is not None
    (slot,) = house.certificates.slots
    monkeypatch.setattr(type(slot.shown), "names", property(lambda pair: ()))
    assert [one.name for one in house.instruments.certificates()] == [house.config.tls.certificate]


def test_without_a_certificate(tmp_path: Path) -> None:
    house = House(settings(tmp_path, tls=TLS()))
    assert house.call("status")["certificates"] == house.call("certificates")["certificates"] == []


def test_letters_are_those_that_were_delivered(for_tests: House) -> None:
    deliver(for_tests, "alice@example.test")
    (letter,) = for_tests.call("messages", to="alice@example.test")["messages"]
    assert "alice@example.test" in str(letter) and "hi" in str(letter)


def test_the_trace_is_of_its_journal(house: House) -> None:
    house.bulletin.add(house.journal)
    house.journal.start()
    deliver(house, "alice@example.test")
    house.journal.stop()
    assert "alice@example.test" in str(house.call("trace", what="alice@example.test"))


def test_an_explanation_knows_who_is_there(tmp_path: Path) -> None:
    smtp = SMTP(listen=(Listener("tcp:2525"),))
    house = House(settings(tmp_path, smtp=smtp, limits=Limits(connections_per_client=1)))
    house.listeners.fill(house.front, None)
    assert "192.0.2.1 let in? no" not in words(house)
    factory: Any = house.reactor.tcpServers[0][1]
    connection = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 4000))
    connection.makeConnection(StringTransport())
    assert "192.0.2.1 let in? not now: 1 connection of its own" in words(house)


def words(house: House) -> str:
    told = house.call("explain", address="alice@example.test", client="192.0.2.1")
    return " ".join(f"{step['question']} {step['answer']}" for step in told["steps"])


# Those of tests.


def test_a_listener_on_demand_has_the_gateways_own_front(for_tests: House) -> None:
    opened = for_tests.call("open_listener", namespace="n1", protocol="smtp")
    factory: Any = for_tests.reactor.tcpServers[-1][1]
    connection, transport = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 4000)), StringTransport()
    connection.makeConnection(transport)
    assert transport.value().startswith(b"220 localhost ")
    assert for_tests.call("conversations", namespace="n1")["conversations"]
    connection.connectionLost(None)
    assert for_tests.call("close_listener", namespace="n1", id=opened["id"]) == {"closed": opened["id"]}


def wait(house: House, namespace: str) -> Deferred[Any]:
    """For mail that does not come."""
    arguments = Arguments({"namespace": namespace, "subject": "none such", "timeout": 60})
    return started(house.functions["wait"](arguments))


def test_a_namespace_ends_with_its_mail_and_its_waits_and_no_other(for_tests: House) -> None:
    mine, others = "alice@n1.example.test", "alice@n2.example.test"
    deliver(for_tests, mine)
    deliver(for_tests, others)
    waits = [wait(for_tests, "n1"), wait(for_tests, "n2")]
    assert for_tests.call("end_namespace", namespace="n1") == {"ended": "n1"}
    assert for_tests.call("messages", namespace="n1", to=mine)["messages"] == []
    assert len(for_tests.call("messages", namespace="n2", to=others)["messages"]) == 1
    assert [each.called for each in waits] == [True, False]
    with pytest.raises(CallError):
        outcome_of(waits[0])


def test_mail_that_a_session_holds_stays_and_the_namespace_ends_all_the_same(for_tests: House) -> None:
    mine = "alice@n1.example.test"
    deliver(for_tests, mine)
    maildrop = for_tests.done(for_tests.front.store.open(mine, for_tests.front.rulebook.rules(mine)))
    assert for_tests.call("end_namespace", namespace="n1") == {"ended": "n1"}
    assert for_tests.call("messages", namespace="n1", to=mine)["messages"] == []
    maildrop.release()


# What it warns of.


def warnings(house: House) -> dict[str, str]:
    return {name: said for name, check in house.instruments.warnings.items() if (said := check())}


def test_nothing_to_warn_of(house: House) -> None:
    assert warnings(house) == {}
    assert set(house.instruments.warnings) == {"clock", "reload", "accounts", "modes", "names", "journal"}


def test_nobodys_accounts_have_nothing_wrong(for_tests: House, tmp_path: Path) -> None:
    (tmp_path / "domains").chmod(0o777)
    assert warnings(for_tests) == {}
    assert for_tests.instruments.failing().get("accounts") is None


def test_a_refused_reload_until_one_is_taken(house: House) -> None:
    house.reread(None, Fault("smtp.lisen", "unknown"))
    with pytest.raises(CallError), logged():
        house.call("reload")
    assert "smtp.lisen" in warnings(house)["reload"]
    assert house.call("status")["waiting"] == []


def test_keys_that_wait_for_a_restart(house: House) -> None:
    assert house.call("status")["waiting"] == []
    house.reread(evolve(house.config, hostname="new.test", smtp=SMTP(listen=(Listener("tcp:9"),))))
    assert house.call("status")["waiting"] == []
    house.call("reload")
    assert house.call("status")["waiting"] == ["smtp.listen"]
    assert warnings(house) == {}


def test_a_file_of_accounts_that_is_broken(house: House, tmp_path: Path) -> None:
    users = tmp_path / "domains" / "example.test" / "users"
    assert house.access.domains is not None
    house.access.domains.current()
    users.write_text("alice{PLAIN}wonderland\nbob:what\n")
    house.access.domains.current("example.test")
    said = warnings(house)["accounts"]
    assert f"{users}:1" in said and "and 1 more: what was there before counts until it is repaired" in said


def test_files_of_accounts_that_are_open_to_others(house: House, tmp_path: Path) -> None:
    domain = tmp_path / "domains" / "example.test"
    domain.chmod(0o777)
    assert warnings(house)["modes"].startswith(f"1 file of accounts is open to others: {domain}: ")
    (domain / "users").chmod(0o666)
    assert warnings(house)["modes"].startswith(f"2 files of accounts are open to others: {domain}: ")
    assert f"chmod g-w,o-w {domain}" in warnings(house)["modes"]


def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    with logged():
        house = House(settings(tmp_path, hostname="mx.example.test"))
    assert "is not for the hostname mx.example.test, but for localhost" in warnings(house)["names"]


def test_a_journal_that_cannot_be_written(house: House, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file")
    house.bulletin.add(house.journal)
    with logged():
        house.journal.start()
        deliver(house, "alice@example.test")
        house.journal.stop()
    assert warnings(house) == {"journal": "the journal cannot be written: lines are lost; the log says why"}


def test_a_clock_far_off(house: House, tmp_path: Path) -> None:
    (tmp_path / "sweeps.json").write_text('{"last_sweep": 99999999999}')
    assert warnings(house) == {}  # it is looked at in the beginning
    with logged():
        house.past.look()
    assert "set the clock" in warnings(house)["clock"]


def test_a_failed_check_is_of_the_accounts_in_force(house: House, tmp_path: Path) -> None:
    domain = tmp_path / "domains" / "other.test"
    domain.mkdir()
    (domain / "users").mkdir()
    assert house.access.domains is not None
    house.access.domains.load()
    assert "other.test" in house.instruments.failing()["accounts"]


def test_sessions_are_counted(house: House) -> None:
    house.bulletin.tell(facts.Connected(session="s", listener="smtp", client="192.0.2.1", port=4000))
    assert house.call("status")["sessions"]["smtp"]["open"] == 1
