"""Tags and dots."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.spelling import ALLOWED_SEPARATORS, DEFAULT_SPELLING, Spelling, wrong_separators
from mailgate.wire import address


@pytest.mark.parametrize(
    ("separators", "local_part", "name", "tag"),
    [
        ("+", "alice", "alice", ""),
        ("+", "alice+news", "alice", "+news"),
        ("+", "alice+", "alice", "+"),
        ("+", "alice+a+b", "alice", "+a+b"),  # at the first
        ("+", "alice++b", "alice", "++b"),
        ("+", "+news", "+news", ""),  # nobody stands before it
        ("+", "+a+b", "+a+b", ""),
        ("+", "+", "+", ""),
        ("+", "", "", ""),
        ("+", "alice-news", "alice-news", ""),
        ("-+", "alice+a-b", "alice", "+a-b"),  # the leftmost of any
        ("-+", "alice-a+b", "alice", "-a+b"),
        ("-+", "-a+b", "-a+b", ""),
        ("", "alice+news", "alice+news", ""),
        ("+", "j s+a b", "j s", "+a b"),
        ("+", "zoë+ü", "zoë", "+ü"),
    ],
)
def test_tags(separators: str, local_part: str, name: str, tag: str) -> None:
    assert Spelling(separators).split(local_part) == (name, tag)


@given(st.text("a.+-=", max_size=8), st.sets(st.sampled_from("+-=")).map("".join))
def test_a_name_and_its_tag_are_the_local_part(local_part: str, separators: str) -> None:
    name, tag = Spelling(separators).split(local_part)
    assert name + tag == local_part
    assert bool(name) is bool(local_part)
    assert not tag or tag[0] in separators
    assert not tag or not set(name) & set(separators)


def test_dots_mean_nothing_where_that_is_wanted() -> None:
    spelling = Spelling(ignore_dots=frozenset({"A.Test"}))
    assert spelling.ignore_dots == {"a.test"}
    assert spelling.plain("j.d.r", "a.test") == "jdr"
    assert spelling.plain("j.d.r", "b.test") == "j.d.r"
    assert spelling.plain("..", "a.test") == ".."
    assert DEFAULT_SPELLING.plain("j.d", "a.test") == "j.d"


@pytest.mark.parametrize("separators", ["", "+", "+-", ALLOWED_SEPARATORS])
def test_good_separators(separators: str) -> None:
    assert wrong_separators(separators) == ""
    assert Spelling(separators).separators == separators


@pytest.mark.parametrize(
    ("separators", "what"),
    [*((each, f"{each!r} cannot separate") for each in 'a7.@" \n,é('), ("+-+", "'+' is there twice")],
)
def test_wrong_separators(separators: str, what: str) -> None:
    assert wrong_separators(separators).startswith(what)
    with pytest.raises(ValueError, match=r"separate|twice"):
        Spelling(separators)


def test_what_may_separate_needs_no_quotes() -> None:
    for character in map(chr, range(0x21, 0x7F)):
        plain = address.format_mailbox(f"a{character}b", "d") == f"a{character}b@d"
        assert (character in ALLOWED_SEPARATORS) is (plain and not character.isalnum() and character != ".")
