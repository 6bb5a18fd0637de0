"""The way of a name is told as the register goes it."""

from __future__ import annotations

import re

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.register import Domain, OutOfService, Register
from mailgate.accounts.spelling import Spelling
from mailgate.explaining.story import Step
from mailgate.explaining.way import MAX_STEPS, way_of
from mailgate.faults import Fault
from tests.accounts.support import domain

NAMES = ("ann", "b.ob", "bob", "ann+x", "postmaster", "abuse", "info", "list", "*", "nobody")
STALE = Fault("users:3", "no colon", "add one")


def told(register: Register, mailbox: str) -> list[tuple[str, str, str, str]]:
    local_part, _, of = mailbox.rpartition("@")
    steps = way_of(register, local_part, of)
    assert all(step.topic == "name" for step in steps)
    return [(step.question[len("Whom does ") : -len(" mean?")], step.answer, step.detail, step.where) for step in steps]


def closed(made: Domain, *names: str) -> Domain:
    accounts = {
        name: evolve(account, closed=name.partition("@")[0] in names) for name, account in made.accounts.items()
    }
    return evolve(made, accounts=accounts)


def test_a_user_with_a_tag_and_other_dots() -> None:
    register = Register.of([domain("a.test", "b.ob")], Spelling("+", frozenset({"a.test"})))
    assert told(register, "Bob+News@A.test") == [
        (
            "bob+news@a.test",
            "the user b.ob@a.test",
            "the tag +news goes along; dots mean nothing in a.test",
            "users:1",
        )
    ]


def test_aliases_that_lead_on() -> None:
    register = Register.of([domain("a.test", "ann bob", "list: info, ann\ninfo: bob, ann")])
    assert told(register, "list@a.test") == [
        ("list@a.test", "the alias list@a.test to info@a.test and ann@a.test", "", "aliases:1"),
        ("info@a.test", "the alias info@a.test to bob@a.test and ann@a.test", "", "aliases:2"),
        ("bob@a.test", "the user bob@a.test", "", "users:2"),
        ("ann@a.test", "the user ann@a.test", "", "users:1"),
        ("ann@a.test", "ann@a.test, who has it already", "", ""),
    ]


def test_nobody() -> None:
    register = Register.of([domain("a.test", "alice zoe")])
    assert told(register, "alise@a.test") == [
        (
            "alise@a.test",
            "nobody",
            "no user and no alias has that name, and a.test has no catch-all (*); did you mean 'alice'?",
            "",
        )
    ]
    assert told(register, "quux@a.test")[0][2].endswith("(*)")


def test_the_catch_all() -> None:
    register = Register.of([domain("a.test", "ann", "*: ann")])
    assert told(register, "any@a.test")[0][1:3] == ("the catch-all, as nobody has that name, to ann@a.test", "")
    assert told(register, "abuse+x@a.test")[0][2] == "the tag +x goes along"


def test_somebody_must_answer() -> None:
    register = Register.of([domain("a.test", "ann", "postmaster: ann"), domain("b.test")])
    assert "where nobody has the name abuse, the postmaster" in told(register, "abuse@a.test")[0][2]
    assert told(register, "abuse@a.test")[0][1] == "the alias postmaster@a.test to ann@a.test"
    assert told(register, "postmaster@b.test")[0][2].endswith("nobody is named: the first of all")
    alone = Register.of([domain("a.test", "ann")])
    assert told(alone, "postmaster@a.test")[0][1:] == (
        "the user ann@a.test",
        "somebody must answer to it (RFC 5321 4.5.1, RFC 2142), and nobody is named: the first account of a.test",
        "users:1",
    )


def test_what_is_out_of_service() -> None:
    register = Register.of([domain("a.test", "ann", "list: loop, ann\nloop: info\ninfo: loop\n*: x@foreign.test")])
    assert told(register, "list@a.test")[1:] == [
        (
            "loop@a.test",
            "the alias loop@a.test, which is out of service",
            "loop@a.test leads to itself through info@a.test",
            "aliases:2",
        )
    ]
    broken, last = told(register, "postmaster@a.test")
    assert broken[1] == "the alias *@a.test, which is out of service" and "aliases lead to accounts" in broken[2]
    assert last[1] == "the user ann@a.test" and "somebody must answer" in last[2]


def test_what_cannot_be_told() -> None:
    register = Register.of([evolve(domain("a.test", "ann"), stale_users=STALE), Domain("b.test", unread_users=STALE)])
    for mailbox in ("new@a.test", "ann@b.test"):
        assert told(register, mailbox) == [(mailbox, "that cannot be told now", "no colon (add one)", "users:3")]
    assert told(register, "ann@a.test")[0][1] == "the user ann@a.test"


def test_accounts_that_take_no_mail() -> None:
    register = Register.of([closed(domain("a.test", "ann bob", "postmaster: ann"), "ann")])
    note = "the user ann@a.test, who takes no mail (mailgate_disabled=all)"
    assert [step[1] for step in told(register, "ann@a.test")] == [note]
    assert [step[1] for step in told(register, "postmaster@a.test")] == [
        "the alias postmaster@a.test to ann@a.test",
        note,
        "the user bob@a.test",
    ]


def test_a_list_with_many_members_is_not_told_whole() -> None:
    users = [f"u{number}" for number in range(2 * MAX_STEPS)]
    register = Register.of([domain("a.test", users, f"list: {', '.join(users)}")])
    steps = way_of(register, "list", "a.test")
    assert len(steps) == MAX_STEPS + 1 and steps[-1].answer == "too much to be shown"
    assert len(steps[0].answer) < 300


def entered(steps: tuple[Step, ...]) -> list[str]:
    """The users who have it, in order, by what the steps say."""
    found = (re.fullmatch("the user ([^ ]+)", step.answer) for step in steps)
    return [match[1] for match in found if match is not None]


@st.composite
def registers(draw: st.DrawFn) -> Register:
    domains = []
    for name in ("a.test", "b.test"):
        users = draw(st.lists(st.sampled_from(NAMES[:6]), unique=True, max_size=4))
        names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
        targets = st.lists(
            st.sampled_from([*NAMES[:-2], "ann@b.test", "bob@a.test", "x@c.test"]), min_size=1, max_size=3
        )
        lines = "".join(f"{alias}: {', '.join(draw(targets))}\n" for alias in names)
        made = closed(domain(name, users, lines), *draw(st.sets(st.sampled_from(NAMES[:6]), max_size=2)))
        domains.append(evolve(made, stale_users=draw(st.sampled_from([None, None, STALE]))))
    dots = draw(st.sampled_from([frozenset[str](), frozenset({"a.test"})]))
    return Register.of(domains, Spelling("+", dots))


@pytest.mark.parametrize("of", ["a.test", "b.test"])
@given(register=registers(), local_part=st.sampled_from([*NAMES, "info+y", "postmaster+y", "bo.b"]))
def test_it_is_the_way_that_the_register_goes(of: str, register: Register, local_part: str) -> None:
    steps = way_of(register, local_part, of)
    try:
        reached = list(register.maildrops(local_part, of))
    except OutOfService:
        assert steps[-1].answer.endswith((", which is out of service", "that cannot be told now"))
        return
    broken = any(step.answer.endswith(("out of service", "told now")) for step in steps)
    assert (entered(steps)[-1:] if broken else entered(steps)) == reached
