"""Where forward-paths lead."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from mailgate.accounts.directory import Directory, locals_of
from mailgate.accounts.domains import Domains
from mailgate.accounts.spelling import Spelling
from mailgate.delivery import Delivery
from mailgate.faults import Fault
from mailgate.interfaces import IDirectory
from mailgate.mail import NULL_PATH, Destination, Field, Local, Path, Recipient, Refused, Relay
from mailgate.store.memory import MemoryStore
from tests.support import Facts, a_message, result_of


def resolve(directory: Directory, text: str) -> tuple[Destination, ...]:
    path = Path.parse(text) if "@" in text else Path(text)
    results: list[Any] = []
    done: Deferred[Any] = Deferred.fromCoroutine(directory.resolve(path))
    done.addBoth(results.append)
    if isinstance(results[0], Failure):
        results[0].raiseException()
    return tuple(results[0])


def drops(directory: Directory, text: str) -> list[str]:
    return [place.maildrop for place in resolve(directory, text) if isinstance(place, Local)]


@pytest.fixture
def root(tmp_path: FilePath) -> FilePath:
    files = {
        "b.test/users": "zoe:{PLAIN}x\n",
        "a.test/users": 'alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_disabled=yes\n"j s":{PLAIN}x\nZOË:{PLAIN}x\n',
        "a.test/aliases": "info: bob, team\nteam: alice, bob, zoe@b.test\nbad: nobody\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def directory(root: FilePath) -> Directory:
    return Directory(Domains(str(root), list[Fault]().append), "B.Test")


def test_it_is_a_directory(directory: Directory) -> None:
    verifyObject(IDirectory, directory)


def test_an_account(directory: Directory) -> None:
    expected = (Local("alice@a.test", (Field("Delivered-To", "alice@a.test"),)),)
    assert resolve(directory, "Alice@A.TEST") == expected


def test_names_in_other_scripts_and_with_spaces(directory: Directory) -> None:
    assert drops(directory, "zoe\u0308@a.test") == ["zoë@a.test"]
    assert resolve(directory, '"J S"@a.test') == (Local("j s@a.test", (Field("Delivered-To", '"j s"@a.test'),)),)


def test_what_was_said_is_said_again_until_a_file_changes(directory: Directory, root: FilePath) -> None:
    first = resolve(directory, "info@a.test")
    assert resolve(directory, "info@a.test") is first
    (root / "a.test" / "aliases").write_text("info: alice\n")
    assert drops(directory, "info@a.test") == ["alice@a.test"]
    (root / "a.test" / "users").write_text("alice:{PLAIN}x::::::mailgate_disabled=all\n")
    assert resolve(directory, "info@a.test") == resolve(directory, "alice@a.test") == ()


def test_of_whom_it_is_known_where_they_lead_there_are_not_too_many(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgate.accounts.directory.REMEMBERED", 2)
    first, second = resolve(directory, "alice@a.test"), resolve(directory, "bob@a.test")
    assert resolve(directory, "zoe@b.test")
    assert resolve(directory, "bob@a.test") is second
    assert resolve(directory, "alice@a.test") == first
    assert resolve(directory, "alice@a.test") is not first


def test_where_long_lists_lead_is_not_remembered(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailgate.accounts.directory.FEW", 2)
    first = resolve(directory, "team@a.test")
    assert len(first) == 3
    assert resolve(directory, "team@a.test") == first
    assert resolve(directory, "team@a.test") is not first


def test_a_disabled_account_takes_mail(directory: Directory) -> None:
    assert drops(directory, "bob@a.test") == ["bob@a.test"]


def test_aliases_reach_each_maildrop_once(directory: Directory) -> None:
    assert drops(directory, "INFO@a.test") == ["bob@a.test", "alice@a.test", "zoe@b.test"]


def test_nobody(directory: Directory) -> None:
    assert resolve(directory, "nobody@a.test") == ()
    assert resolve(directory, "") == ()


def test_a_domain_that_is_not_ours_is_for_relaying(directory: Directory) -> None:
    path = Path("Alice", "c.test")
    assert resolve(directory, "Alice@c.test") == (Relay(path),)
    assert resolve(directory, "postmaster@c.test") == (Relay(Path("postmaster", "c.test")),)
    assert resolve(directory, "alice@[192.0.2.1]") == (Relay(Path("alice", "[192.0.2.1]")),)


def test_a_broken_alias_is_refused_for_now_and_the_wire_learns_nothing(directory: Directory) -> None:
    with pytest.raises(Refused) as caught:
        resolve(directory, "bad@a.test")
    reply = caught.value.reply
    assert (reply.code, reply.status) == (450, "4.3.5")
    assert "nobody" not in reply.text
    assert drops(directory, "info@a.test")


def test_the_tag_is_kept(directory: Directory) -> None:
    expected = (Local("alice@a.test", (Field("Delivered-To", "alice+shop@a.test"),)),)
    assert resolve(directory, "Alice+Shop@A.TEST") == expected
    assert resolve(directory, "team+x@a.test") == tuple(
        Local(f"{user}@{domain}", (Field("Delivered-To", f"{user}+x@{domain}"),))
        for user, domain in (("alice", "a.test"), ("bob", "a.test"), ("zoe", "b.test"))
    )
    assert resolve(directory, '"J S+a \\"b"@a.test') == (
        Local("j s@a.test", (Field("Delivered-To", '"j s+a \\"b"@a.test'),)),
    )


def test_the_domains_rules_of_spelling(root: FilePath) -> None:
    (root / "b.test" / "users").write_text("z.oe:{PLAIN}x\n")
    spelling = Spelling("-", frozenset({"b.test"}))
    directory = Directory(Domains(str(root), list[Fault]().append, spelling=spelling), "b.test")
    assert resolve(directory, "zo.e-a.b@b.test") == (Local("z.oe@b.test", (Field("Delivered-To", "z.oe-a.b@b.test"),)),)
    assert resolve(directory, "al.ice@a.test") == ()
    assert resolve(directory, "alice+x@a.test") == ()


def test_a_catch_all(directory: Directory, root: FilePath) -> None:
    (root / "a.test" / "aliases").write_text("bad: nobody@c.test\n*: bob, zoe@b.test\n")
    assert drops(directory, "anybody@a.test") == drops(directory, "*@a.test") == ["bob@a.test", "zoe@b.test"]
    assert drops(directory, '""@a.test') == ["bob@a.test", "zoe@b.test"]
    assert drops(directory, "alice+x@a.test") == ["alice@a.test"]
    assert refusal(directory, "bad@a.test") == refusal(directory, "bad+x@a.test") == (450, "4.3.5")
    assert resolve(directory, "anybody@b.test") == ()


def test_abuse(directory: Directory, root: FilePath) -> None:
    assert drops(directory, "ABUSE@a.test") == ["alice@a.test"]
    (root / "a.test" / "aliases").write_text("postmaster: bob\n")
    assert drops(directory, "abuse+x@a.test") == ["bob@a.test"]


def test_one_person_by_several_names_has_one_copy(directory: Directory) -> None:
    written = ["team+x@a.test", "Alice@a.test", "alice+shop@a.test", "zoe@b.test"]
    recipients = [Recipient(path, result_of(directory.resolve(path))) for path in map(Path.parse, written)]
    store, facts = MemoryStore(), Facts()
    outcomes = result_of(Delivery(store, facts).deliver(a_message(*recipients)))
    assert [outcome.reply.code for outcome in outcomes] == [250] * 4
    for name, tagged in (("alice@a.test", "alice+x@a.test"), ("bob@a.test", "bob+x@a.test")):
        (entry,) = result_of(store.browse(name)).entries
        content = result_of(store.read(name, entry)).read_block()
        assert isinstance(content, bytes)
        assert content.count(b"Delivered-To:") == 1
        assert f"\nDelivered-To: {tagged}\n".encode() in content  # as the first that led there has it
    assert len(result_of(store.browse("zoe@b.test")).entries) == 1


def test_postmaster(directory: Directory, root: FilePath) -> None:
    assert drops(directory, "postmaster") == ["zoe@b.test"]  # of the host's own domain
    assert drops(directory, "PostMaster@a.test") == ["alice@a.test"]
    foreign = Directory(Domains(str(root), list[Fault]().append), "mx.example.net")
    assert drops(foreign, "postmaster") == ["alice@a.test"]  # of the first domain


def test_without_domains_there_is_nobody(tmp_path: FilePath) -> None:
    empty = Directory(Domains(str(tmp_path), list[Fault]().append), "localhost")
    assert resolve(empty, "postmaster") == ()
    assert resolve(empty, "alice@localhost") == (Relay(Path("alice", "localhost")),)


def test_the_null_path_is_nobody(directory: Directory) -> None:
    assert NULL_PATH.is_null
    assert locals_of([]) == ()


def refusal(directory: Directory, text: str) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        resolve(directory, text)
    return caught.value.reply.code, caught.value.reply.status


def test_a_domain_that_was_never_read_is_refused_for_now(root: FilePath) -> None:
    (root / "b.test" / "users").write_text("zoe\n")
    directory = Directory(Domains(str(root), list[Fault]().append), "b.test")
    for text in ("zoe@b.test", "nobody@b.test", "postmaster", "info@a.test"):
        assert refusal(directory, text) == (450, "4.3.5")
    assert drops(directory, "alice@a.test")
    assert resolve(directory, "alice@c.test") == (Relay(Path("alice", "c.test")),)


def test_while_the_accounts_were_never_there_all_is_refused_for_now(tmp_path: FilePath) -> None:
    directory = Directory(Domains(str(tmp_path / "none"), list[Fault]().append), "localhost")
    for text in ("alice@a.test", "postmaster", "x@[192.0.2.1]"):
        assert refusal(directory, text) == (450, "4.3.5")
    assert resolve(directory, "") == ()


def test_a_new_domain_is_there_for_its_first_recipient(directory: Directory, root: FilePath) -> None:
    assert resolve(directory, "carol@new.test") == (Relay(Path("carol", "new.test")),)
    (root / "new.test").mkdir()
    (root / "new.test" / "users").write_text("carol:{PLAIN}x\n")
    assert drops(directory, "carol@new.test") == ["carol@new.test"]


def test_mail_for_a_closed_account_is_nobody_s(tmp_path: FilePath) -> None:
    (tmp_path / "a.test").mkdir()
    (tmp_path / "a.test" / "users").write_text("alice:{PLAIN}x::::::mailgate_disabled=all\nbob:{PLAIN}x\n")
    directory = Directory(Domains(str(tmp_path), list[Fault]().append), "a.test")
    assert resolve(directory, "alice@a.test") == ()
    assert drops(directory, "bob@a.test") == ["bob@a.test"]
