"""What is kept of one session, whose it is, and how much of it there can be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailgate.conversations import MAX_LINES
from mailgate.conversations.record import Record
from mailgate.namespaces import SHARED
from tests.conversations.support import NOW, texts


def record() -> Record:
    return Record(1, "smtp", "192.0.2.1", 4321, lambda: NOW)


def transaction(of: Record, *namespaces: str, lines: int = 1) -> None:
    of.turn()
    for namespace in namespaces:
        of.name(namespace)
    for number in range(lines):
        of.write("client", f"{'+'.join(namespaces)} {number}")
    of.turn()


def seen(of: Record, namespace: str) -> list[str]:
    return texts(of.seen_from(namespace))


def test_lines_outside_of_transactions_are_everybodys_and_others_are_theirs_who_were_named() -> None:
    one = record()
    one.write("server", "220")
    transaction(one, "a")
    one.write("client", "RSET")
    transaction(one, "a", "b")
    transaction(one)  # nobody was named
    one.end("quit")
    assert seen(one, "a") == ["S: 220", "C: a 0", "C: RSET", "C: a+b 0", "C:  0", "-- quit"]
    assert seen(one, "b") == ["S: 220", "C: RSET", "C: a+b 0", "C:  0", "-- quit"]
    assert [one.concerns(namespace, 0.0) for namespace in ("a", "b", "c", SHARED)] == [True, True, False, False]


def test_a_session_in_which_nobody_was_named_is_everybodys_if_it_went_on() -> None:
    one = record()
    one.write("server", "220")
    assert one.concerns("a", NOW + 1)  # it has not ended
    one.end("lost")
    assert one.concerns("a", NOW)
    assert one.concerns(SHARED, 0.0)
    assert not one.concerns("a", NOW + 1)


def test_who_logs_in_sees_the_whole_session() -> None:
    one = record()
    one.name_user("a")
    transaction(one, "b")
    assert seen(one, "a") == ["C: b 0"]
    assert [one.concerns(namespace, NOW + 9) for namespace in ("a", "b", "c")] == [True, True, False]


def test_a_line_that_names_somebody_is_for_his_namespace() -> None:
    one = record()
    one.name_user("c")
    one.turn()
    for namespace in ("a", "b"):
        one.name(namespace)
        one.write("client", f"RCPT {namespace}", namespace)
    one.write("client", "DATA")
    assert seen(one, "a") == ["C: RCPT a", "C: DATA"]
    assert seen(one, "b") == ["C: RCPT b", "C: DATA"]
    assert seen(one, "c") == ["C: DATA"]


def test_a_sender_in_no_namespace_names_nobody_where_a_recipient_is_in_one() -> None:
    one = record()
    one.name_sender(SHARED)
    assert [one.concerns(namespace, 0.0) for namespace in ("a", SHARED)] == [False, True]
    one.name("a")
    assert [one.concerns(namespace, 0.0) for namespace in ("a", SHARED)] == [True, False]
    one.name(SHARED)  # a recipient
    assert [one.concerns(namespace, 0.0) for namespace in ("a", SHARED)] == [True, True]
    two = record()
    two.name_sender("a")
    two.name("b")
    assert [two.concerns(namespace, 0.0) for namespace in ("a", "b", SHARED)] == [True, True, False]
    two.turn()
    assert not two.forget("a")
    assert [two.concerns(namespace, 0.0) for namespace in ("a", "b")] == [False, True]


def test_tls_and_the_end_are_noted() -> None:
    one = record()
    one.secured("TLSv1.3 X")
    one.end("time-out")
    conversation = one.seen_from("a")
    assert conversation.tls == "TLSv1.3 X"
    assert conversation.ended == NOW
    assert texts(conversation) == ["-- TLS begun: TLSv1.3 X", "-- time-out"]


# Forgetting.


def test_forgets_what_only_one_namespace_may_know() -> None:
    one = record()
    one.write("server", "220")
    transaction(one, "a")
    transaction(one, "a", "b")
    one.end("quit")
    assert not one.forget("a")
    assert not one.concerns("a", 0.0)
    assert seen(one, "b") == ["S: 220", "C: a+b 0", "-- quit"]
    assert one.forget("b")


def test_what_is_forgotten_of_a_transaction_under_way_does_not_become_everybodys() -> None:
    one = record()
    one.write("server", "220")
    one.turn()
    one.name("a")
    one.write("client", "MAIL")
    assert not one.forget("a")
    one.write("server", "250")
    one.turn()
    transaction(one, "b")
    assert seen(one, "a") == ["S: 220", "S: 250"]
    assert seen(one, "b") == ["S: 220", "C: b 0"]


def test_a_transaction_of_which_all_is_forgotten_stays_whose_it_was() -> None:
    one = record()
    one.write("server", "220")
    one.turn()
    one.name("a")
    one.write("client", "MAIL")
    one.forget("a")
    one.turn()
    one.write("client", "QUIT")
    one.name_user("b")
    assert seen(one, "b") == ["S: 220", "C: QUIT"]
    assert not one.concerns("c", 0.0)


def test_a_session_of_nobody_goes_with_the_shared_namespace_when_it_is_over() -> None:
    one = record()
    one.write("server", "220")
    assert not one.forget(SHARED)
    one.end("lost")
    assert not one.forget("a")
    assert one.forget(SHARED)


def test_a_users_session_is_forgotten_with_its_namespace() -> None:
    one = record()
    one.name_user("a")
    assert not one.forget("a")  # it goes on, and nobody sees it any more
    assert not one.concerns("a", 0.0)
    one.end("quit")
    assert one.forget("b")


# Bounds.


def test_of_one_long_transaction_the_rest_is_counted() -> None:
    one = record()
    one.write("server", "220")
    transaction(one, "a", lines=MAX_LINES + 999)
    one.end("quit")
    lines = seen(one, "a")
    assert lines[MAX_LINES - 1 :] == [f"C: a {MAX_LINES - 2}", "-- … 1,000 lines more", "-- quit"]


def test_on_a_connection_that_is_kept_the_oldest_transactions_are_forgotten() -> None:
    one = record()
    one.write("server", "220")
    for number in range(MAX_LINES):
        transaction(one, f"n{number}", lines=2)
    assert not one.concerns("n0", 0.0)
    newest = f"n{MAX_LINES - 1}"
    forgotten = MAX_LINES * 2 + 1 - MAX_LINES + 1  # whole transactions, but for the greeting
    assert seen(one, newest) == [
        "S: 220",
        f"-- … {forgotten:,} lines that are forgotten",
        f"C: {newest} 0",
        f"C: {newest} 1",
    ]


def test_a_line_more_than_there_is_room_for_may_be_the_first_of_its_transaction() -> None:
    one = record()
    for _ in range(MAX_LINES):
        one.write("client", "NOOP")
    transaction(one, "a")
    assert seen(one, "a")[MAX_LINES:] == ["-- … 1 lines more"]


STEPS = st.one_of(
    st.tuples(st.just("write"), st.integers(1, MAX_LINES)),
    st.tuples(st.just("turn"), st.none()),
    st.tuples(st.sampled_from(["name", "name_user", "forget"]), st.sampled_from(["a", "b", SHARED])),
)


@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_there_is_never_more_than_there_is_room_for(steps: list[tuple[str, int | str | None]]) -> None:
    one = record()
    for step, argument in steps:
        match step, argument:
            case "write", int():
                for _ in range(argument):
                    one.write("client", "x")
            case "turn", _:
                one.turn()
            case _:
                getattr(one, step)(argument)
        for namespace in ("a", "b", SHARED):
            said = [line for line in one.seen_from(namespace).lines if line.speaker]
            assert len(said) <= MAX_LINES
