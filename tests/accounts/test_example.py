"""The example of docs/accounts.md, as it is written there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path as FilePath

import pytest

from mailgate.accounts.decisions import KEYS, Decisions
from mailgate.accounts.directory import Directory
from mailgate.accounts.domains import Domains
from mailgate.accounts.spelling import Spelling
from mailgate.faults import Fault
from mailgate.mail import Local, Path
from mailgate.rules import Promise, Rules
from tests.support import result_of

PAGE = (FilePath(__file__).parents[2] / "docs" / "accounts.md").read_text()
EXAMPLE = PAGE.partition("\n## An example\n")[2].partition("\n## ")[0]
USERS, ALIASES, SETTINGS = re.findall(r"```(?:toml)?\n(.*?)```", EXAMPLE, re.DOTALL)
RULES = PAGE.partition("\n## Rules for maildrops\n")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| `(.+?)` \| (.+?) \| (\d?).*\|$", EXAMPLE, re.MULTILINE)


@pytest.fixture
def domains(tmp_path: FilePath) -> Domains:
    files = {"example.org/users": USERS, "example.org/aliases": ALIASES, "example.net/users": "zoe:{PLAIN}x\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    settings = tomllib.loads(SETTINGS)["accounts"]
    assert settings.keys() == {"separators", "ignore_dots"}
    return Domains(str(tmp_path), list[Fault]().append, spelling=Spelling(**settings))


def test_nothing_is_wrong_with_it(domains: Domains) -> None:
    assert domains.load() == ()
    accounts = domains.current().names.accounts
    assert accounts["alice@example.org"].password.verify(b"sesame")
    assert accounts["carol@example.org"].disabled and accounts["carol@example.org"].decisions.quota == 1 << 30


def test_every_step_of_the_order_is_shown() -> None:
    assert {step for _, _, step in ROWS} == {"", "1", "2", "3", "4", "5"}
    assert len(ROWS) == EXAMPLE.count("\n| `")


@pytest.mark.parametrize(("address", "goes_to"), [row[:2] for row in ROWS])
def test_mail_goes_as_the_table_says(domains: Domains, address: str, goes_to: str) -> None:
    places = result_of(Directory(domains, "example.org").resolve(Path.parse(address)))
    assert all(isinstance(place, Local) for place in places)
    delivered_to = [field.value for place in places if isinstance(place, Local) for field in place.fields]
    assert ", ".join(f"`{each}`" for each in delivered_to) == goes_to.replace("nobody", "")


def test_every_key_of_the_rules_is_shown_with_a_value_that_is_understood() -> None:
    shown = dict(re.findall(r"^\| `([a-z_]+)` \| `(.+?)` \|", RULES, re.MULTILINE))
    assert list(shown) == list(KEYS)
    for key, value in shown.items():
        assert KEYS[key](tomllib.loads(f"value = {value}")["value"])


@pytest.fixture
def ruled(tmp_path: FilePath) -> Domains:
    default, rules, users = re.findall(r"```(?:toml)?\n(.*?)```", RULES, re.DOTALL)
    files = {"example.org/users": users, "example.org/rules": rules, "example.net/users": "zoe:{PLAIN}x\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    maildrops = Decisions(**tomllib.loads(default)["maildrops"])
    return Domains(str(tmp_path), list[Fault]().append, default=maildrops)


def cells(name: str, rules: Rules) -> list[str]:
    """The row of the table that these rules make."""
    kept = rules.retention
    return [
        f"`{name}`",
        *(f"{days} days" if days else "" for days in (kept.days, kept.fetched_days)),
        f"{kept.messages} messages" if kept.messages else "",
        f"trash, {rules.removed_days} days" if rules.dele == "trash" else "gone",
        f"`{kept.expire_days or 'NEVER'}`",
        f"`{rules.login_delay_seconds}`" if rules.login_delay_seconds else "",
    ]


def test_the_rules_are_as_the_table_says(ruled: Domains) -> None:
    assert ruled.load() == ()
    table = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in RULES.splitlines()
        if line[:1] == "|" and "@" in line
    ]
    assert table == [cells(name, ruled.rules(name)) for name in sorted(ruled.current().names.accounts)]


def test_the_promise_is_as_the_table_says(ruled: Domains) -> None:
    (row,) = re.findall(r"^\| before the login .*\| `(\d+) USER` \| `(\d+) USER` \|$", RULES, re.MULTILINE)
    assert ruled.promise() == Promise(
        expire_days=int(row[0]), expire_differs=True, login_delay_seconds=int(row[1]), login_delay_differs=True
    )
