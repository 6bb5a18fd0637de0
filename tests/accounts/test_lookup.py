"""The order in which names are looked up: rule by rule, and against a model that tries everything."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.lookup import Found, Names, is_catch_all
from mailgate.accounts.register import Domain
from mailgate.accounts.spelling import Spelling
from tests.accounts.support import domain, names

DOTLESS = Spelling("+-", frozenset({"d"}))


def found(known: Names, name: str) -> str | None:
    """Whom `name@d` means: `name`, or `name >` for an alias, with its tag behind a blank."""
    who = known.find(name if "@" in name else f"{name}@d")
    if who is None:
        return None
    return " ".join(filter(None, (who.name.removesuffix("@d"), ">" if who.alias is not None else "", who.tag)))


USERS = "alice bob+b carol"
ALIASES = "info: alice\nalice: bob+b\nbob: carol\nalice+x: carol\ncarol+y+z: bob+b\n"


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("alice", "alice"),  # 1: the user, though there is an alias of that name
        ("bob+b", "bob+b"),  # 1: a user's own name may have a separator
        ("alice+x", "alice+x >"),  # 2: an alias as written goes before the user without the tag
        ("info", "info >"),  # 2
        ("alice+y", "alice +y"),  # 3
        ("alice+x+y", "alice +x+y"),  # 3: at the first separator
        ("carol+y", "carol +y"),  # 3: not the alias carol+y+z
        ("bob+c", "bob > +c"),  # 4
        ("info+", "info > +"),  # 4
        ("dave", "* >"),  # 5
        ("dave+x", "* > +x"),  # 5
        ("+x", "* >"),
        ("*", "* >"),
        ("*+x", "* > +x"),
        ("", "* >"),
        ("a.lice", "* >"),
    ],
)
def test_the_order(name: str, who: str) -> None:
    known = names(domain("d", USERS, ALIASES + "*: carol"))
    assert found(known, name) == who
    without = names(domain("d", USERS, ALIASES))
    assert found(without, name) == (None if who.startswith("*") else who)


def test_nobody_of_other_domains() -> None:
    known = names(domain("d", USERS, "*: alice"), domain("e", "zoe"))
    for name in ("alice@f", "postmaster@f", "alice@e", "@f", ""):
        assert known.find(name if "@" in name else f"{name}@") is None
    assert known.find("zoe+x@e") == Found("zoe@e", "+x")


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("j.doe", "j.doe"),
        ("jdoe", "j.doe"),
        ("j.d.o.e", "j.doe"),
        ("jd.oe+a.b", "j.doe +a.b"),  # the dots of a tag are its own
        ("jd.oe-a.b", "j.doe -a.b"),
        ("ann", "ann"),  # the exact spelling first,
        ("a.nn", "a.nn"),
        ("an.n", "a.nn"),  # then the first in the file
        ("an.n+x", "a.nn +x"),
        ("info", "in.fo >"),  # aliases likewise
        ("i.nfo-x", "in.fo > -x"),
        ("j.x", "j.x"),
        ("jx", "j.x"),  # a user in another spelling goes before the alias as written
        (".", None),
        ("", None),
    ],
)
def test_dots(name: str, who: str | None) -> None:
    here = domain("d", "j.doe a.nn ann j.x", "in.fo: ann\njx: ann")
    assert found(names(here, spelling=DOTLESS), name) == who


def test_the_first_of_a_spelling() -> None:
    known = names(domain("d", "a.nn ann", "in.fo: ann\ninfo: ann"), domain("e", "a.nn ann"), spelling=DOTLESS)
    assert (known.first_account("ann@d"), known.first_account("a.nn@d")) == ("a.nn@d", "a.nn@d")
    assert (known.first_alias("info@d"), known.first_alias("in.fo@d")) == ("in.fo@d", "in.fo@d")
    assert known.first_account("ann@e") == "ann@e"


def test_dots_count_in_all_other_domains() -> None:
    known = names(domain("d", "j.doe"), domain("e", "j.doe"), spelling=DOTLESS)
    assert known.find("jdoe@d") == Found("j.doe@d")
    assert known.find("jdoe@e") is None


def test_names_with_blanks_and_quotes() -> None:
    known = names(domain("d", ["j s", '"', ".", "a@b"], '"front desk": "j s"'))
    assert found(known, "j s+a b") == "j s +a b"
    assert found(known, "front desk+x") == "front desk > +x"
    assert found(known, '"+x') == '" +x'
    assert known.find("a@b+c@d") == Found("a@b@d", "+c")
    dotless = names(domain("d", ["."]), spelling=DOTLESS)
    assert [found(dotless, name) for name in (".", "", ".+x")] == [".", None, ". +x"]


def test_the_name_of_the_catch_all() -> None:
    assert is_catch_all("*@d")
    assert not any(is_catch_all(name) for name in ("a@d", "**@d", "*@x@d", "*+x@d"))
    # An account may have that name, and then it is a name like others.
    known = names(domain("d", "* alice", "*: alice"))
    assert [found(known, name) for name in ("*", "*+x", "bob")] == ["*", "* +x", "* >"]
    assert [found(names(domain("d", "alice", "*: alice"), spelling=DOTLESS), name) for name in ("*", ".*")] == [
        "* >",
        "* >",
    ]


@pytest.mark.parametrize(
    ("aliases", "name", "who"),
    [
        ("", "postmaster", "alice"),
        ("", "postmaster+x", "alice +x"),
        ("", "abuse", "alice"),
        ("", "abuse+x", "alice +x"),
        ("*: bob", "postmaster", "* >"),
        ("*: bob", "abuse+x", "* > +x"),
        ("postmaster: bob\n*: alice", "postmaster+x", "postmaster > +x"),
        ("postmaster: bob\n*: alice", "abuse+x", "postmaster > +x"),
        ("abuse: bob\n*: alice", "abuse", "abuse >"),
        ("abuse: bob", "postmaster", "alice"),
        ("", "abuser", None),
        ("", "root", None),
    ],
)
def test_somebody_is_always_on_duty(aliases: str, name: str, who: str | None) -> None:
    assert found(names(domain("d", "alice bob", aliases)), name) == who


def test_a_user_may_be_on_duty() -> None:
    known = names(domain("d", "alice postmaster", "*: alice"))
    assert [found(known, name) for name in ("postmaster", "abuse", "abuse+x")] == [
        "postmaster",
        "postmaster",
        "postmaster +x",
    ]


def test_duty_in_any_spelling_and_in_a_domain_without_accounts() -> None:
    known = names(domain("e", "zoe"), domain("d"), spelling=DOTLESS)
    assert found(known, "post.master-x") == "zoe@e -x"
    assert known.find("post.master@e") is None
    assert found(names(domain("d")), "postmaster") is None


def test_the_last_resort_is_for_names_of_duty_that_nobody_has() -> None:
    known = names(domain("d", "alice", "*: alice"), domain("e", "zoe", "postmaster: zoe"), opaque=["f"])
    assert known.last_resort("postmaster+x@d") == Found("alice@d", "+x")
    assert known.last_resort("abuse@d") == Found("alice@d")
    for name in ("bob@d", "alice@d", "postmaster@e", "abuse@e", "postmaster@f", "postmaster@g"):
        assert known.last_resort(name) is None


def test_what_cannot_be_told_is_not_caught() -> None:
    here = domain("d", "alice", "*: alice")
    known = names(here, opaque=["e"], likely=["bob@d"])
    for name in ("bob@d", "bob+x@d", "anyone@e", "postmaster@e"):
        assert known.find(name) is None
        assert known.may_be_new(name)
    assert known.find("carol@d") == Found("*@d", alias=here.aliases["*@d"])
    assert not known.may_be_new("carol@d")
    stale = Names(["d"], here.accounts, here.aliases, stale=["d"])
    assert stale.find("carol@d") is None and stale.may_be_new("carol@d")
    assert Names(["d"], here.accounts, here.aliases, DOTLESS, stale=["d"]).find("*@d") is None
    assert stale.find("alice+x@d") == Found("alice@d", "+x")
    assert stale.find("postmaster@d") == Found("*@d", alias=here.aliases["*@d"])


def test_a_catch_all_whose_line_is_broken_may_catch_anybody() -> None:
    assert names(domain("d", "alice"), likely=["*@d"]).may_be_new("anybody@d")


WORDS = st.text("ab.+-", min_size=1, max_size=4).filter(lambda word: word.strip(".") == word and ".." not in word)


def model(users: list[str], aliases: list[str], catch_all: bool, spelling: Spelling, name: str) -> tuple[str, str]:
    """The order, step by step, by comparing with everybody there is: kind and name, and the tag."""
    splits = [at for at, character in enumerate(name) if character in spelling.separators]
    at = splits[0] if splits and splits[0] > 0 else len(name)
    for spelled, tag in ((name, ""), (name[:at], name[at:])):
        for kind, known in (("user", users), ("alias", aliases)):
            same = [each for each in known if each == spelled]
            if spelling.ignore_dots:
                same += [each for each in known if each.replace(".", "") == spelled.replace(".", "")]
            if same:
                return f"{kind} {same[0]}", tag
    return ("alias *" if catch_all else "nobody"), (name[at:] if catch_all else "")


@given(
    st.lists(WORDS, unique=True, max_size=4),
    st.lists(WORDS, unique=True, max_size=4),
    st.booleans(),
    st.sampled_from(["", "+", "-+"]),
    st.booleans(),
    WORDS,
)
def test_the_order_is_that_of_the_model(
    users: list[str], aliases: list[str], catch_all: bool, separators: str, ignore_dots: bool, name: str
) -> None:
    spelling = Spelling(separators, frozenset({"d"} if ignore_dots else ()))
    lines = [f"{alias}: somebody@d" for alias in aliases] + ["*: somebody"] * catch_all
    here: Domain = domain("d", users, "\n".join(lines))
    who = names(here, spelling=spelling).find(f"{name}@d")
    said = ("nobody", "")
    if who is not None:
        said = f"{'user' if who.alias is None else 'alias'} {who.name.removesuffix('@d')}", who.tag
        assert who.alias is None or who.alias is here.aliases[who.name]
    assert said == model(users, aliases, catch_all, spelling, name)


def test_whoever_takes_no_mail_is_not_on_duty() -> None:
    closed = domain("d", "alice bob")
    accounts = {
        name: evolve(account, disabled=True, closed=name[0] == "a") for name, account in closed.accounts.items()
    }
    known = names(evolve(closed, accounts=accounts), domain("e", "zoe"))
    assert found(known, "postmaster") == "bob"
    assert found(known, "alice") == "alice"
    duty = known.on_duty("abuse+x@d")
    assert duty == Found("bob@d", "+x")
    assert known.on_duty("alice@d") is None


def test_of_a_domain_in_which_nobody_takes_mail_the_first_of_all_is_on_duty() -> None:
    closed = domain("d", "alice")
    accounts = {name: evolve(account, closed=True) for name, account in closed.accounts.items()}
    known = names(evolve(closed, accounts=accounts), domain("e", "zoe yan"), domain("f", "xena"))
    assert known.on_duty("postmaster@d") == Found("zoe@e")
    assert names(evolve(closed, accounts=accounts)).on_duty("postmaster@d") is None
