"""Everything about an address, in the order of a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailgate.accounts.anyone import AnyoneDirectory, AnyoneRules
from mailgate.explaining.explainer import MAX_SHOWN, Explainer
from mailgate.explaining.letter import Question
from mailgate.explaining.surroundings import Limits
from mailgate.limits.admission import Admission
from mailgate.mail import Discarded, Refused, Reply
from mailgate.pipeline import Step as Judge
from tests.explaining.support import ALICE, BOB, House, Policy, RehearsingPolicy, of, one, raising, saying
from tests.support import path, result_of

SPAM = Reply(550, "5.7.1", "Spam")
GREY = Reply(451, "4.7.1", "Come again")


@pytest.fixture
def house(tmp_path: Path) -> House:
    files = {"example.test/users": "alice:{PLAIN}x\nbob:{PLAIN}x::::::mailgate_quota_messages=1\n"}
    return House(tmp_path, {**files, "example.test/aliases": "info: alice, bob\n"})


def test_the_order_is_that_of_a_session(house: House) -> None:
    judges = [saying(lambda message: "passes it"), Judge("policy", Policy())]
    told = house.explain("info@example.test", b"A: b\n\nhi\n", judges=judges)
    topics = [step.topic for step in told.steps]
    assert list(dict.fromkeys(topics)) == [
        *("domain", "name", "policy", "user", "quota", "message", "handler", "path", "login", "retention")
    ]
    assert [step.about for step in told.steps if step.topic in ("user", "quota", "path")] == [
        *(ALICE, ALICE, BOB, BOB),
        *(ALICE, BOB),
    ]
    assert told.ending.maildrops == (ALICE, BOB) and told.ending.unasked == ("policy",)


def test_a_client_is_told_of_if_it_is_named(house: House) -> None:
    admission = Admission(lambda: 0.0, connections_per_client=1)
    admission.enter("192.0.2.7", "smtp")
    limits = Limits(connections_per_client=1, admission=admission)
    explainer = Explainer(house.surroundings(limits=limits))
    told = result_of(explainer.explain(Question(path(ALICE), client="192.0.2.7")))
    assert one(told, "client").answer.startswith("not now") and told.ending.reply.code == 421
    assert of(result_of(explainer.explain(Question(path(ALICE)))), "client") == []


def test_what_comes_first_is_what_the_sender_hears(house: House) -> None:
    house.put("bob", 1)
    judges = [Judge("policy", RehearsingPolicy(raising(Refused(GREY)))), saying(raising(Refused(SPAM)), "spam")]
    full = house.explain("info@example.test", judges=judges[1:])
    assert str(full.ending.reply).startswith("452 4.2.2") and full.ending.why == BOB
    assert one(full, "handler").answer == "refuses it: 550 5.7.1 Spam"
    assert house.explain("info@example.test", judges=judges).ending.reply == GREY
    assert house.explain("info@example.test", judges=judges, has_room=lambda: False).ending.reply.code == 452
    assert house.explain(ALICE, judges=judges[1:]).ending.reply == SPAM


def test_a_message_that_is_too_large(house: House) -> None:
    told = house.explain(ALICE, b"x" * 100, max_message_octets=100)
    assert told.sentence == f"Mail to <{ALICE}> would be refused: 552 5.3.4 Message too big; 100 octets are the limit"
    assert house.explain(ALICE, max_message_octets=100).ending.result == "kept"  # who asks without one means any


def test_a_full_disk(house: House) -> None:
    told = house.explain(ALICE, has_room=lambda: False)
    assert str(told.ending.reply).startswith("452 4.3.1") and told.ending.result == "put off"
    assert one(told, "message").where == "store.min_free"


def test_content_that_cannot_be_is_shown_to_no_handler(house: House) -> None:
    told = house.explain(ALICE, b"a\0b\n", judges=[saying(raising(AssertionError()))])
    assert str(told.ending.reply) == "550 5.6.0 The content has a NUL octet" and of(told, "handler") == []


def test_one_that_is_thrown_away(house: House) -> None:
    told = house.explain(ALICE, judges=[saying(raising(Discarded("a virus")), "scanner")])
    assert (told.ending.result, told.ending.why, told.ending.maildrops) == ("discarded", "scanner: a virus", ())


def test_of_a_long_list_some_are_told_of_and_all_counted(tmp_path: Path) -> None:
    users = [f"u{number}" for number in range(MAX_SHOWN + 5)]
    last = f"{users[-1]}:{{PLAIN}}x::::::mailgate_quota_messages=1\n"
    files = {
        "example.test/users": "".join(f"{user}:{{PLAIN}}x\n" for user in users[:-1]) + last,
        "example.test/aliases": f"list: {', '.join(users)}\n",
    }
    house = House(tmp_path, files)
    told = house.explain("list@example.test")
    assert len(told.ending.maildrops) == len(users) and len(of(told, "path")) == MAX_SHOWN
    assert of(told, "user")[-1].answer == "5 more, of whom is not told here"
    house.put(users[-1], 1)
    assert house.explain("list@example.test").ending.why == f"{users[-1]}@example.test"


def test_development(house: House) -> None:
    anyone: dict[str, Any] = {"directory": AnyoneDirectory("mx.test"), "rulebook": AnyoneRules(), "domains": None}
    told = house.explain("any@body.test", **anyone)
    assert told.sentence == "Mail to <any@body.test> reaches any@body.test"
