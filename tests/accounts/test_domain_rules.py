"""The rules file of a domain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.accounts.decisions import KEYS, NOTHING_SAID, Decisions
from mailgate.accounts.domain_rules import MAX_CHARACTERS, DomainRules, parse_domain_rules
from mailgate.faults import Fault

FILE = """\
# what holds for example.org
keep_days = 365
keep_octets = "1GiB"
"dele" = "trash"
removed_days = "14"
login_delay = "1m"
quota = "2 GiB"
quota_messages = 0
"""


def faults(text: str) -> list[str]:
    return [str(fault) for fault in parse_domain_rules(text, "rules")[1]]


def test_a_good_file() -> None:
    rules, found = parse_domain_rules(FILE, "rules")
    assert found == ()
    assert rules.where == "rules:4"
    assert rules.decisions == Decisions(
        keep_days=365,
        keep_octets=1 << 30,
        dele="trash",
        removed_days=14,
        login_delay=60,
        quota=2 << 30,
        quota_messages=0,
    )
    assert parse_domain_rules(FILE.replace("\n", "\r\n"), "rules") == (rules, ())


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n"])
def test_a_file_that_says_nothing(text: str) -> None:
    assert parse_domain_rules(text, "rules") == (DomainRules(NOTHING_SAID), ())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("keep_day = 3", ["rules:2: unknown key 'keep_day'", "did you mean 'keep_days'?"]),
        ("xyzzy = 3", ["rules:2: unknown key 'xyzzy'", "known: keep_days, "]),
        ("[maildrops]\nkeep_days = 3", ["rules:2: unknown key 'maildrops'", "leave its line out"]),
        ("[[maildrops]]\nkeep_days = 3", ["rules:2: unknown key 'maildrops'"]),
        ("keep.days = 3", ["rules:2: unknown key 'keep'", "without a table"]),
        ("keep_days = -1", ["rules:2: keep_days is -1", "whole number from 0"]),
        ('keep_days = "30d"', ["rules:2: keep_days is '30d'", "whole number"]),
        ("  keep_days=true", ["rules:2: keep_days is true", "whole number"]),
        ("keep_days = [1]", ["rules:2: keep_days is a list", "whole number"]),
        ("keep_days = {}", ["rules:2: keep_days is a table", "whole number"]),
        ('dele = "delete"', ["rules:2: dele is 'delete'", '"expunge" or "trash"']),
        ("'login_delay' = 2d", ["rules:2: ", "TOML syntax"]),
        ("login_delay = 1979-05-27", ["rules:2: login_delay is", "a duration"]),
        ("keep_days = 3\nkeep_days = 3", ["rules:3: ", "TOML syntax"]),
        ("keep_days", ["rules:2: ", "TOML syntax"]),
        ('dele = "tra', ["rules:2: ", "TOML syntax"]),
        ('keep_days = """', ["rules:3: ", "TOML syntax"]),
        ('"keep\\u005Fday" = 3', ["rules: unknown key 'keep_day'", "did you mean 'keep_days'?"]),
        ("keep_days = " + "9" * 5_000, ["rules: ", "too long"]),
        ("x = " + "[" * 5_000, ["rules", "TOML syntax"]),
        ("quota = -1", ["rules:2: quota is -1", "a size"]),
        ("quota_mesages = 3", ["rules:2: unknown key 'quota_mesages'", "did you mean 'quota_messages'?"]),
        ('dele = "trash"\nremoved_days = 0', ["rules:2: ", "keeps nothing"]),
        ("#" * MAX_CHARACTERS, ["rules: longer than"]),
    ],
)
def test_faults(line: str, words: list[str]) -> None:
    (fault,) = faults(f"# comment\n{line}\n")
    for word in words:
        assert word in fault


def test_all_faults_are_told_at_once_and_the_good_lines_kept() -> None:
    text = "keep_days = 3\nkeep_mesages = 7\nkeep_octets = -1\nremoved_days = 2\n"
    rules, found = parse_domain_rules(text, "d/rules")
    assert [fault.where for fault in found] == ["d/rules:2", "d/rules:3"]
    assert rules.decisions == Decisions(keep_days=3, removed_days=2)
    assert rules.where == "d/rules:4"


LINES = st.tuples(
    st.sampled_from([*KEYS, "kept_days", "[table]", '"', "dele.x"]),
    st.sampled_from([" = ", "=", ""]),
    st.sampled_from(["0", "7", '"7"', '"trash"', '"1h"', "-1", "[[", "{}", '"""']),
).map("".join)


@given(st.text(max_size=200) | st.lists(LINES, max_size=6).map("\n".join))
def test_any_text_gives_decisions_and_faults(text: str) -> None:
    rules, found = parse_domain_rules(text, "rules")
    assert isinstance(rules.decisions, Decisions)
    assert all(isinstance(fault, Fault) and fault.where.startswith("rules") for fault in found)
