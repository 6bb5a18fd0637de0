from __future__ import annotations

from random import Random

import pytest

from tests.crash.messages import LARGEST_OCTETS, SMALLEST_OCTETS, USERS, Plan, Pool, digest_of, digest_of_copy, draw

ANN = USERS[0]
PLAN = Plan("sender-1", (ANN,), 5_000, 7)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return Pool(1)


def received(content: bytes, user: str = ANN) -> bytes:
    return b"Return-Path: <a@b>\nDelivered-To: " + user.encode() + b"\nReceived: x\n" + content.replace(b"\r\n", b"\n")


def test_a_message_is_the_same_for_the_same_seed(pool: Pool) -> None:
    assert pool.content(PLAN) == pool.content(PLAN) == Pool(1).content(PLAN)
    assert Pool(2).content(PLAN) != pool.content(PLAN)


def test_a_message_can_be_sent_as_it_is(pool: Pool) -> None:
    content = pool.content(PLAN)
    assert abs(len(content) - PLAN.octets) < 200
    assert content.endswith(b"\r\n")
    assert content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")
    assert b"\r\n." in content and max(content) > 127
    assert max(map(len, content.split(b"\r\n"))) < 998


def test_what_a_user_gets_is_known_by_what_was_sent(pool: Pool) -> None:
    content = pool.content(PLAN)
    assert digest_of_copy(received(content), ANN) == digest_of(content)


def test_anything_else_is_not_known(pool: Pool) -> None:
    content = pool.content(PLAN)
    strange = (
        received(content)[:-1],
        received(content).replace(b"The end", b"\0\0\0\0\0\0\0"),
        received(content, USERS[1]),
        received(content)[40:],
        content.replace(b"\r\n", b"\n"),
        b"",
    )
    assert digest_of(content) not in {digest_of_copy(copy, ANN) for copy in strange}


def test_all_sizes_are_drawn_and_all_numbers_of_recipients() -> None:
    random = Random(1)
    plans = [draw(random, "x") for _ in range(2_000)]
    assert SMALLEST_OCTETS <= min(plan.octets for plan in plans) < 1_100
    assert 900_000 < max(plan.octets for plan in plans) <= LARGEST_OCTETS
    assert {len(plan.recipients) for plan in plans} == {1, 2, 3, 4, 5, 6}
    assert {user for plan in plans for user in plan.recipients} == set(USERS)
