"""The calls about mail."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from mailgate.control.calls import CallError, Functions, Octets
from mailgate.control.functions import ARRIVED, MAX_WAIT_SECONDS, make_functions
from mailgate.control.letters import Letters
from mailgate.control.reading import LARGE_OCTETS
from tests.control.support import ALICE, BOB, CAROL, DAVE, NOW, Bench, Everybody, at_once, new_id
from tests.support import outcome_of

WITH_FILE = b"""\
Subject: file
Content-Type: multipart/mixed; boundary=x

--x

Your code is 123456
--x
Content-Type: text/csv
Content-Disposition: attachment; filename=a.csv

1,2
--x--
"""


@pytest.fixture
def bench() -> Bench:
    return Bench()


def subjects(answer: Any) -> list[str]:
    return [each["subject"] for each in answer["messages"]]


# messages


def test_messages_are_those_of_the_namespace(bench: Bench) -> None:
    one, both, foreign = bench.send(ALICE), bench.send(BOB, CAROL, DAVE), bench.send(DAVE)
    assert bench.ids(namespace="t1") == [one, both]
    assert bench.ids(namespace="t2") == [both]
    assert bench.ids() == [both, foreign]
    assert bench.ids(namespace="t3") == []
    seen = bench.call("messages", namespace="t2")["messages"][0]
    assert seen["recipients"] == [CAROL]


def test_what_is_in_no_namespace_is_everybodys_who_asks_for_it(bench: Bench) -> None:
    both = bench.send(ALICE, DAVE)
    for namespace, recipients in (("", [DAVE]), ("t1", [ALICE, DAVE]), ("t2", [DAVE])):
        (seen,) = bench.call("messages", namespace=namespace, to=DAVE)["messages"]
        assert (seen["id"], seen["recipients"]) == (both, recipients)
    assert bench.refused("messages", namespace="t2", to=ALICE).kind == "bad"


def test_messages_are_asked_for_by_what_they_are(bench: Bench) -> None:
    one = bench.send(ALICE, content=b"Subject: one\n\nfirst\n")
    two = bench.send(BOB, content=b"Subject: two\n\nsecond\n", sender="other@example.test")
    assert bench.ids(namespace="t1", subject="one") == [one]
    assert bench.ids(namespace="t1", body_pattern="^sec") == [two]
    assert bench.ids(namespace="t1", from_="other@example.test") == [two]
    assert bench.ids(namespace="t1", after=1) == [two]
    assert bench.ids(namespace="t1", limit="1") == [one]


def test_removed_messages_are_there_for_who_asks(bench: Bench) -> None:
    one, two = bench.send(ALICE), bench.send(ALICE)
    bench.call("delete", namespace="t1", id=one)
    assert bench.ids(namespace="t1") == [two]
    shown = bench.call("messages", namespace="t1", removed="true")["messages"]
    assert [(each["id"], each["removed"]) for each in shown] == [(one, True), (two, False)]


@pytest.mark.parametrize("dropped", [False, True])
def test_the_content_comes_with_them_on_demand(bench: Bench, dropped: bool) -> None:
    one = bench.send(ALICE)
    if dropped:
        bench.drop_contents()
    (shown,) = bench.call("messages", namespace="t1", content=True)["messages"]
    content = base64.b64decode(shown["content"])
    assert content == bench.call("raw", namespace="t1", id=one).content
    assert content.startswith(b"Return-Path: <app@example.test>\nDelivered-To: alice@t1.example.test\nReceived: here\n")
    assert content.endswith(b"Subject: hello\n\nworld\n") and shown["octets"] == len(content)
    assert "content" not in bench.call("messages", namespace="t1")["messages"][0]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("messages", {"count": 1}),
        ("messages", {"namespace": "A"}),
        ("messages", {"limit": 0}),
        ("messages", {"subject_pattern": "("}),
        ("message", {"id": "x", "to": ALICE}),
        ("message", {}),
        ("raw", {"id": "x", "content": True}),
        ("attachment", {"id": "x", "n": 1}),
        ("wait", {"removed": True}),
        ("wait", {"count": 0}),
        ("wait", {"timeout": MAX_WAIT_SECONDS + 1}),
        ("delete", {"id": "x", "to": ALICE}),
        ("clear", {"to": ALICE}),
        ("preload", {"to": ALICE, "content": "not base64", "namespace": "t1"}),
        ("preload", {"to": ALICE, "namespace": "t1"}),
        ("preload", {"to": ALICE, "content": "eA==", "namespace": "t2"}),
    ],
)
def test_what_does_not_fit_is_said(bench: Bench, name: str, values: dict[str, Any]) -> None:
    assert bench.refused(name, **values).kind == "bad"


# one message


def test_a_message_with_all_that_is_in_it(bench: Bench) -> None:
    one = bench.send(ALICE, content=WITH_FILE)
    shown = bench.call("message", namespace="t1", id=one)
    assert (shown["id"], shown["subject"], shown["text"]) == (one, "file", "Your code is 123456")
    assert shown["otp"] == "123456" and shown["attachments"][0]["filename"] == "a.csv"
    assert shown["headers"][:2] == [["Return-Path", "<app@example.test>"], ["Delivered-To", ALICE]]


def test_each_namespace_has_its_own_copy(bench: Bench) -> None:
    both = bench.send(ALICE, CAROL)
    assert b"Delivered-To: alice@" in bench.call("raw", namespace="t1", id=both).content
    raw = bench.call("raw", namespace="t2", id=both)
    assert b"Delivered-To: carol@" in raw.content and b"alice" not in raw.content
    assert (raw.content_type, raw.filename) == ("message/rfc822", f"{both}.eml")


def test_a_message_of_others_is_not_there(bench: Bench) -> None:
    one = bench.send(ALICE)
    for name in ("message", "raw", "attachment", "delete"):
        for namespace, message_id in (("t2", one), ("", one), ("t1", "x")):
            assert bench.refused(name, namespace=namespace, id=message_id).kind == "missing"
    assert bench.stored(ALICE) == [one]


def test_a_message_to_nobodys_address_is_everybodys(bench: Bench) -> None:
    one = bench.send(DAVE, CAROL)
    assert bench.call("message", namespace="t1", id=one)["recipients"] == [DAVE]
    assert bench.call("message", namespace="t2", id=one)["recipients"] == [CAROL]


def test_what_is_removed_is_read_from_memory_and_else_not(bench: Bench) -> None:
    one = bench.send(ALICE)
    bench.call("delete", namespace="t1", id=one)
    assert bench.call("message", namespace="t1", id=one)["removed"] is True
    bench.drop_contents()
    assert bench.refused("raw", namespace="t1", id=one).kind == "missing"
    assert bench.call("messages", namespace="t1", removed=True, content=True)["messages"][0]["content"] is None


def test_an_attachment(bench: Bench) -> None:
    one = bench.send(ALICE, content=WITH_FILE)
    found = bench.call("attachment", namespace="t1", id=one, number="1")
    assert found == Octets(b"1,2", "text/csv", "a.csv")
    error = bench.refused("attachment", namespace="t1", id=one, number=2)
    assert (error.kind, error.message) == ("missing", "there is no attachment 2; the message has 1")
    assert bench.refused("attachment", namespace="t1", id=one).kind == "bad"


def test_a_large_message_is_taken_apart_off_the_reactor(bench: Bench) -> None:
    works: list[str] = []

    async def noted(work: Callable[[], Any], /) -> Any:
        works.append("work")
        return work()

    bench.functions = make_functions(
        bench.letters,
        bench.store,
        Everybody(),
        lambda namespace: [],
        clock=bench.clock,
        now=lambda: NOW,
        new_id=new_id,
        offload=noted,
    )
    bench.call("message", namespace="t1", id=bench.send(ALICE))
    assert works == []
    bench.call("message", namespace="t1", id=bench.send(ALICE, content=b"Subject: a\n\n" + b"x" * LARGE_OCTETS))
    assert works == ["work"]


def test_a_large_content_is_encoded_off_the_reactor(bench: Bench) -> None:
    works: list[str] = []

    async def noted(work: Callable[[], Any], /) -> Any:
        works.append("work")
        return work()

    bench.functions = functions_of(bench, offload=noted)
    bench.send(ALICE)
    assert bench.call("messages", namespace="t1", content=True)["messages"] and works == []
    bench.send(ALICE, content=b"Subject: a\n\n" + b"x" * LARGE_OCTETS)
    assert len(bench.call("messages", namespace="t1", content=True)["messages"]) == 2 and works == ["work"]


def functions_of(bench: Bench, **values: Any) -> Functions:
    return make_functions(
        bench.letters,
        bench.store,
        Everybody(),
        lambda namespace: [],
        clock=bench.clock,
        now=lambda: NOW,
        new_id=new_id,
        **{"offload": at_once, **values},
    )


@pytest.mark.parametrize("name", ["messages", "wait"])
@pytest.mark.parametrize("argument", ["subject_pattern", "body_pattern"])
def test_who_serves_people_looks_for_no_pattern(bench: Bench, name: str, argument: str) -> None:
    bench.functions = functions_of(bench)
    error = bench.refused(name, namespace="t1", **{argument: "(a+)+$"})
    assert error.kind == "forbidden"
    assert error.message.startswith(f"{argument}: a regular expression can stop a server")
    assert argument.removesuffix("_pattern") in error.message


def test_of_several_copies_the_one_that_is_asked_for_is_shown(bench: Bench) -> None:
    one = bench.send(ALICE, BOB, DAVE)

    def shown(**values: Any) -> list[str]:
        calls = [
            bench.call(name, namespace="t1", content=True, **values)["messages"][0] for name in ("messages", "wait")
        ]
        raws = [base64.b64decode(each["content"]) for each in calls]
        raws.append(bench.call("raw", namespace="t1", id=one, **values).content)
        assert [each["octets"] for each in calls] == [len(raws[0])] * 2 and raws[1:] == raws[:1] * 2
        headers = bench.call("message", namespace="t1", id=one, **values)["headers"]
        assert [f"{name}: {value}" for name, value in headers] == raws[0].decode().split("\n\n")[0].split("\n")
        return [value for name, value in headers if name == "Delivered-To"]

    assert shown() == shown(to=ALICE) == [ALICE]
    assert shown(to=BOB) == shown(to=f"<{BOB.upper()}>") == [BOB]
    assert shown(to=DAVE) == [DAVE]
    assert len(bench.ids(namespace="t1", to=BOB, header=f"Delivered-To: {BOB}")) == 1
    assert bench.ids(namespace="t1", to=BOB, header=f"Delivered-To: {ALICE}") == []
    assert bench.call("raw", namespace="t2", id=one, to=DAVE).content.count(b"dave@") == 1
    for wrong in ("nobody@t1.example.test", "dave@other.test"):
        assert bench.refused("raw", namespace="t1", id=one, to=wrong).kind == "missing"
    assert bench.refused("raw", namespace="t1", id=one, to=CAROL).kind == "bad"


# wait


def test_a_wait_for_what_is_not_kept_in_memory() -> None:
    bench = Bench(Letters(content_octets=0))
    by_body, by_field, by_both = (
        bench.begin("wait", namespace="t1", **values)
        for values in (
            {"body": "world"},
            {"header": "Subject: hello"},
            {"subject": "hello", "body": "world", "count": 2},
        )
    )
    bench.send(ALICE, content=b"Subject: no\n\nno\n")
    assert not by_body.called and not by_field.called
    one, two = bench.send(ALICE), bench.send(ALICE)
    for waiting, wanted in ((by_body, [one]), (by_field, [one]), (by_both, [one, two])):
        assert [each["id"] for each in outcome_of(waiting)["messages"]] == wanted
    assert bench.clock.getDelayedCalls() == [] and len(bench.letters.waits) == 0


def test_a_wait_does_not_take_a_large_message_apart_on_the_reactor(bench: Bench) -> None:
    works: list[Deferred[None]] = []

    async def later(work: Callable[[], Any], /) -> Any:
        works.append(Deferred())
        await works[-1]
        return work()

    bench.functions = functions_of(bench, offload=later)
    waiting = bench.begin("wait", namespace="t1", body="x")
    large = bench.send(ALICE, content=b"Subject: a\n\n" + b"x" * LARGE_OCTETS)
    bench.send(BOB, content=b"Subject: b\n\nx\n")  # comes second, and is not answered first
    assert not waiting.called and len(works) == 1
    works[0].callback(None)
    assert [each["id"] for each in outcome_of(waiting)["messages"]] == [large]
    gone = bench.begin("wait", namespace="t1", body="none", after=2)
    bench.send(ALICE, content=b"Subject: a\n\n" + b"x" * LARGE_OCTETS)
    bench.clock.advance(20)  # it is heard when the look is over
    works[1].callback(None)
    with pytest.raises(CallError, match="did not arrive"):
        outcome_of(gone)


def test_a_wait_ends_at_once_where_the_mail_is_there(bench: Bench) -> None:
    one = bench.send(ALICE)
    bench.send(ALICE)
    (found,) = bench.call("wait", namespace="t1", to=ALICE)["messages"]
    assert found["id"] == one
    assert bench.clock.getDelayedCalls() == [] and len(bench.letters.waits) == 0


def test_a_wait_ends_the_moment_the_mail_comes(bench: Bench) -> None:
    waiting = bench.begin("wait", namespace="t1", to=ALICE, subject="yes", content=True)
    bench.send(ALICE, content=b"Subject: no\n\n")
    bench.send(CAROL, content=b"Subject: yes\n\n")
    assert not waiting.called
    one = bench.send(ALICE, content=b"Subject: yes\n\n")
    assert waiting.called
    (found,) = outcome_of(waiting)["messages"]
    assert found["id"] == one and base64.b64decode(found["content"]).endswith(b"Subject: yes\n\n")
    assert bench.clock.getDelayedCalls() == [] and len(bench.letters.waits) == 0


def test_a_wait_for_several_counts_those_that_are_there(bench: Bench) -> None:
    first = bench.send(ALICE)
    bench.call("delete", namespace="t1", id=first)  # it arrived, all the same
    waiting = bench.begin("wait", namespace="t1", count=2)
    second = bench.send(BOB)
    assert [each["id"] for each in outcome_of(waiting)["messages"]] == [first, second]


def test_what_was_cleared_never_arrived(bench: Bench) -> None:
    bench.send(ALICE)
    bench.call("clear", namespace="t1")
    waiting = bench.begin("wait", namespace="t1")
    assert not waiting.called
    waiting.addErrback(lambda _: None).cancel()


def test_a_wait_in_vain_tells_what_came(bench: Bench) -> None:
    for number in range(ARRIVED + 1):
        bench.send(ALICE, content=f"Subject: {number}\n\n".encode())
    bench.send(DAVE)
    waiting = bench.begin("wait", namespace="t1", to=ALICE, subject="none", timeout=2.5)
    bench.clock.advance(2.4)
    assert not waiting.called
    bench.clock.advance(0.1)
    with pytest.raises(CallError) as caught:
        outcome_of(waiting)
    error = caught.value
    assert error.kind == "timeout"
    assert error.message == (
        f"a message with to '{ALICE}', subject 'none' did not arrive within 2.5 s; {ARRIVED + 1} came in all"
    )
    assert [each["subject"] for each in error.details["arrived"]] == [str(n) for n in range(1, ARRIVED + 1)]
    assert error.details["conversations"] == [{"namespace": "t1"}]
    assert len(bench.letters.waits) == 0


def test_a_wait_in_vain_for_several(bench: Bench) -> None:
    bench.send(DAVE)
    waiting = bench.begin("wait", namespace="t1", to=DAVE, count=2)
    bench.clock.advance(10)
    with pytest.raises(CallError, match="1 of 2: a message with to") as caught:
        outcome_of(waiting)
    assert [each["recipients"] for each in caught.value.details["arrived"]] == [[DAVE]]


def test_a_wait_whose_client_goes_is_no_more(bench: Bench) -> None:
    waiting = bench.begin("wait", namespace="t1")
    failures: list[Failure] = []
    waiting.addErrback(failures.append)
    waiting.cancel()
    assert failures[0].check(CancelledError)
    assert bench.clock.getDelayedCalls() == [] and len(bench.letters.waits) == 0
    bench.send(ALICE)


def test_a_wait_in_a_namespace_that_ends(bench: Bench) -> None:
    waiting = bench.begin("wait", namespace="t1")
    bench.letters.waits.end_namespace("t1")
    with pytest.raises(CallError, match="has ended"):
        outcome_of(waiting)
    assert bench.clock.getDelayedCalls() == []


def test_what_comes_during_the_look_into_the_store_is_not_missed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    old = bench.send(ALICE)
    bench.drop_contents()
    looking: Deferred[None] = Deferred()
    browse = bench.store.browse

    async def slowly(maildrop: str) -> Any:
        await looking
        return await browse(maildrop)

    monkeypatch.setattr(bench.store, "browse", slowly)
    waiting = bench.begin("wait", namespace="t1", body="world", count=2)
    new = bench.send(ALICE)
    bench.send(BOB)
    assert not waiting.called
    looking.callback(None)
    assert [each["id"] for each in outcome_of(waiting)["messages"]] == [old, new]


def test_a_time_out_during_the_look_into_the_store_is_heard_after_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.send(ALICE)
    bench.drop_contents()
    looking: Deferred[Any] = Deferred()
    monkeypatch.setattr(bench.store, "browse", lambda maildrop: looking)
    waiting = bench.begin("wait", namespace="t1", body="none", timeout=1)
    bench.clock.advance(1)
    assert not waiting.called
    looking.errback(CancelledError())
    with pytest.raises(CancelledError):
        outcome_of(waiting)
    assert len(bench.letters.waits) == 0


def test_a_content_beyond_all_limits_is_answered_from_the_store() -> None:
    bench = Bench(Letters(content_octets=1))
    waiting = bench.begin("wait", namespace="t1", body="world", content=True)
    bench.send(ALICE)
    (found,) = outcome_of(waiting)["messages"]
    assert found["subject"] == "hello" and base64.b64decode(found["content"]).endswith(b"world\n")


# preload


def test_broken_mail_without_an_octet_can_be_preloaded(bench: Bench) -> None:
    shown = bench.call("preload", namespace="t1", to=ALICE, content="")
    assert shown["octets"] == 0 and bench.call("raw", namespace="t1", id=shown["id"]).content == b""
    assert bench.ids(namespace="t1") == bench.stored(ALICE) == [shown["id"]]
    error = bench.refused("preload", namespace="t1", to=ALICE)
    assert error.message == "content has to be the message's octets in base64, not nothing"


def test_a_preloaded_message_is_one_like_others(bench: Bench) -> None:
    content = base64.b64encode(b"Subject: before\r\n\r\nold\r\n").decode()
    waiting = bench.begin("wait", namespace="t1")
    shown = bench.call("preload", namespace="t1", to=ALICE, content=content, at=5)
    assert (shown["subject"], shown["at"], shown["recipients"]) == ("before", 5.0, [ALICE])
    assert subjects(outcome_of(waiting)) == ["before"]
    assert bench.stored(ALICE) == [shown["id"]]
    assert bench.call("raw", namespace="t1", id=shown["id"]).content == b"Subject: before\n\nold\n"
    assert bench.call("preload", namespace="t1", to=DAVE, content=content)["recipients"] == [DAVE]
    assert bench.call("preload", namespace="t1", to=DAVE, content=content)["at"] == NOW
