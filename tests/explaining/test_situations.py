"""What somebody who looks after mail asks about, on files as they have them: what is told, and that nothing changes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from mailgate.accounts.decisions import Decisions
from mailgate.accounts.spelling import Spelling
from mailgate.explaining.story import Explanation, Topic
from mailgate.handlers.loop_guard import LoopGuard
from mailgate.mail import Discarded, Message, Refused, Reply
from mailgate.pipeline import Step as Judge
from tests.explaining.support import ALICE, BOB, House, of, one, saying

USERS = """\
alice:{PLAIN}x::::::mailgate_keep_days=30
bob:{PLAIN}x::::::mailgate_quota_messages=2
carol.ann:{PLAIN}x::::::mailgate_disabled=yes
dave:{PLAIN}x::::::mailgate_disabled=all
"""
ALIASES = """\
info: alice, bob
sales: info, carol.ann
ping: pong
pong: ping
stray: nobody@other.test
"""


def spam_is_refused(message: Message) -> str:
    if b"Subject: spam" in (message.body.content or b""):
        raise Refused(Reply(550, "5.7.1", "Spam"))
    if b"Subject: virus" in (message.body.content or b""):
        raise Discarded("a virus")
    return "passes it"


@pytest.fixture
def house(tmp_path: Path) -> House:
    files = {
        "example.test/users": USERS,
        "example.test/aliases": ALIASES,
        "example.test/rules": "removed_days = 14\n",
        "other.test/users": "zoe:{PLAIN}x\n",
        "other.test/aliases": "*: zoe\n",
    }
    return House(tmp_path, files, Decisions(keep_days=365), Spelling("+", frozenset({"example.test"})))


def explain(house: House, address: str, content: bytes | None = None) -> Explanation:
    """Ask, while everything is locked and nothing may change."""
    judges = [Judge("loop-guard", LoopGuard()), saying(spam_is_refused, "filter")]
    directories = [each for each in (house.directory / "mail").glob("*/*") if each.is_dir()]
    descriptors = [os.open(directory, os.O_RDONLY) for directory in directories]
    before = house.everything()
    try:
        for descriptor in descriptors:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # as a POP3 session has it
        told = house.explain(address, content, judges=judges)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    assert house.everything() == before
    return told


def answers(told: Explanation, topic: Topic) -> list[str]:
    return [step.answer for step in of(told, topic)]


def test_a_plain_user(house: House) -> None:
    house.put("alice", 3, 1024)
    told = explain(house, ALICE)
    assert told.sentence == f"Mail to <{ALICE}> reaches {ALICE}"
    where = str(house.directory / "domains" / "example.test")
    assert (one(told, "name").answer, one(told, "name").where) == (f"the user {ALICE}", f"{where}/users:1")
    assert one(told, "quota").detail == "3 messages, 3 KiB are there"
    assert answers(told, "handler") == ["passes it: 0 hops, and 100 are the limit", "passes it"]
    assert one(told, "path").answer == str(house.directory / "mail" / "example.test" / "alice")
    assert one(told, "login").answer == f"the login {ALICE}"  # there are two domains
    assert [(step.answer, step.where) for step in of(told, "retention")] == [
        ("not before 2023-12-14, 30 days from now", ""),
        ("30 days after its delivery", f"{where}/users:1"),
        ("it can still be had for 14 days", f"{where}/rules"),
    ]


def test_an_alias_to_two(house: House) -> None:
    told = explain(house, "info@example.test")
    assert told.sentence == f"Mail to <info@example.test> reaches {ALICE} and {BOB}"
    assert answers(told, "name")[0] == f"the alias info@example.test to {ALICE} and {BOB}"
    assert of(told, "name")[0].where.endswith("example.test/aliases:1")
    assert [step.about for step in of(told, "path")] == [ALICE, BOB]


def test_a_nested_alias_that_reaches_somebody_disabled(house: House) -> None:
    told = explain(house, "sales@example.test")
    assert told.ending.maildrops == (ALICE, BOB, "carol.ann@example.test")
    assert [step.question.split()[2] for step in of(told, "name")] == [
        "sales@example.test",
        "info@example.test",
        ALICE,
        BOB,
        "carol.ann@example.test",
    ]


def test_the_catch_all(house: House) -> None:
    told = explain(house, "anybody@other.test")
    assert told.sentence == "Mail to <anybody@other.test> reaches zoe@other.test"
    assert answers(told, "name")[0] == "the catch-all, as nobody has that name, to zoe@other.test"
    assert of(told, "retention")[1].where == "[maildrops] of the configuration"


def test_a_subaddress_with_other_dots(house: House) -> None:
    told = explain(house, "Al.ice+News@example.test")
    assert one(told, "name").detail == "the tag +news goes along; dots mean nothing in example.test"
    assert one(told, "user").detail == "Delivered-To: alice+news@example.test"
    assert told.ending.maildrops == (ALICE,)


def test_over_quota(house: House) -> None:
    house.put("bob", 2)
    told = explain(house, BOB)
    assert told.sentence == (
        f"Mail to <{BOB}> would be put off: 452 4.2.2 The maildrop is full, try again later ({BOB})"
    )
    assert one(told, "quota").answer == "no: 2 of 2 messages"
    assert one(told, "quota").where.endswith("example.test/users:2")


def test_refused_by_a_handler(house: House) -> None:
    told = explain(house, ALICE, b"Subject: spam\n\nbuy\n")
    assert told.sentence == f"Mail to <{ALICE}> would be refused: 550 5.7.1 Spam (says filter)"
    assert answers(told, "handler")[-1] == "refuses it: 550 5.7.1 Spam"


def test_refused_for_its_hops(house: House) -> None:
    told = explain(house, ALICE, b"Received: x\n" * 101 + b"\nhi\n")
    assert (told.ending.reply.code, told.ending.reply.status) == (554, "5.4.6")


def test_an_unknown_user(house: House) -> None:
    told = explain(house, "alise@example.test")
    assert told.sentence == "Mail to <alise@example.test> would be refused: 550 5.1.1 Nobody here has this address"
    assert "did you mean 'alice'?" in one(told, "name").detail
    assert {step.topic for step in told.steps} == {"domain", "name"}


def test_a_foreign_domain(house: House) -> None:
    told = explain(house, "x@foreign.test")
    assert told.sentence == (
        "Mail to <x@foreign.test> would be refused: 550 5.7.1 Mail for other systems is not taken here"
    )


def test_a_disabled_user(house: House) -> None:
    told = explain(house, "carol.ann@example.test")
    assert told.ending.result == "kept"
    assert one(told, "user").answer == "a user who is disabled: no login, and mail is taken all the same"
    assert one(told, "login").answer == "nobody: the user is disabled"


def test_a_user_whose_mail_is_refused_too(house: House) -> None:
    told = explain(house, "dave@example.test")
    assert str(told.ending.reply).startswith("550 5.1.1")
    assert one(told, "name").answer.endswith("who takes no mail (mailgate_disabled=all)")


def test_a_broken_users_file(tmp_path: Path) -> None:
    told = explain(House(tmp_path, {"example.test/users": "alice:{PLAIN}x\nbob\n"}), ALICE)
    assert str(told.ending.reply).startswith("450 4.3.5") and told.ending.result == "put off"
    assert "users:2" in told.ending.why and of(told, "domain")[1].where.endswith("users:2")


def test_a_loop_of_aliases(house: House) -> None:
    told = explain(house, "ping@example.test")
    assert str(told.ending.reply).startswith("450 4.3.5")
    assert one(told, "name").detail == "ping@example.test leads to itself through pong@example.test"


def test_an_alias_to_the_wrong_place(house: House) -> None:
    house.write("other.test/aliases", "gone: lost\n")
    told = explain(house, "gone@other.test")
    assert "alias to nobody: gone@other.test leads to lost@other.test" in told.ending.why
    assert told.ending.result == "put off"


def test_thrown_away_by_a_handler(house: House) -> None:
    told = explain(house, ALICE, b"Subject: virus\n\nboo\n")
    assert told.sentence == (
        f"Mail to <{ALICE}> would be taken and thrown away, and the sender not told (filter: a virus)"
    )
    assert told.ending.reply.code == 250


def test_rules_that_are_not_understood(tmp_path: Path) -> None:
    files = {"example.test/users": "alice:{PLAIN}x\n", "example.test/rules": "keep_days = never\n"}
    told = explain(House(tmp_path, files), ALICE)
    (step,) = of(told, "retention")
    assert step.answer == "never, until the rules of its domain are understood" and step.where.endswith("/rules")
