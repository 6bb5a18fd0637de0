"""The vectors of the specification, and its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts import sha512_crypt

# (setting, password, result), from "Unix crypt using SHA-256 and SHA-512", tests2
VECTORS = [
    (
        "$6$saltstring",
        "Hello world!",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    ),
    (
        "$6$rounds=10000$saltstringsaltstring",
        "Hello world!",
        "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/"
        "y3RnOaw5v.",
    ),
    (
        "$6$rounds=5000$toolongsaltstring",
        "This is just a test",
        "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8au"
        "dkUEm0",
    ),
    (
        "$6$rounds=1400$anotherlongsaltstring",
        "a very much longer text to encrypt.  This one even stretches over morethan one line.",
        "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd"
        "8p4ur1",
    ),
    (
        "$6$rounds=77777$short",
        "we have a short salt string but not a short password",
        "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0",
    ),
    (
        "$6$rounds=123456$asaltof16chars..",
        "a short string",
        "$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJA"
        "stJeonj1",
    ),
    (
        "$6$rounds=10$roundstoolow",
        "the minimum number is still observed",
        "$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrs"
        "X.",
    ),
]


@pytest.mark.parametrize(("setting", "password", "result"), VECTORS)
def test_the_specification(setting: str, password: str, result: str) -> None:
    rounds, salt, digest = sha512_crypt.parse(result)
    assert sha512_crypt.digest(password.encode(), salt, rounds) == digest
    # The setting that the specification gives leads to the same rounds and salt.
    assert sha512_crypt.parse(f"{setting}${digest}") == (rounds, salt, digest)


def test_rounds_are_bounded() -> None:
    digest = "." * 86
    assert sha512_crypt.parse(f"$6$rounds={sha512_crypt.MAX_ROUNDS}$salt${digest}")[0] == sha512_crypt.MAX_ROUNDS
    with pytest.raises(ValueError, match="1,000,000 rounds"):
        sha512_crypt.parse(f"$6$rounds={sha512_crypt.MAX_ROUNDS + 1}$salt${digest}")


@pytest.mark.parametrize("text", ["", "$6$", "$6$salt$short", "$5$salt$" + "." * 86, "$6$rounds=x$s$" + "." * 85 + "!"])
def test_what_is_no_hash(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        sha512_crypt.parse(text)


@given(st.binary(max_size=200), st.text("./azAZ09", max_size=16))
def test_any_password_gives_a_digest_that_parses(password: bytes, salt: str) -> None:
    digest = sha512_crypt.digest(password, salt, 7)
    assert sha512_crypt.parse(f"$6${salt}${digest}") == (sha512_crypt.DEFAULT_ROUNDS, salt, digest)
