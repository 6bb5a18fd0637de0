"""Every reply of POP3 is in a script of tests/dialogues, beside its section; `tests/test_dialogues.py` plays them."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import mailgate.pop3
from mailgate.pop3.commands import VERBS
from tests.dialogues.runner import HERE, scripts

STATUS = {"positive": "+OK", "negative": "-ERR"}


def given() -> Iterator[tuple[str, str]]:
    """What the server can say: the template as it stands in the code, and a pattern for the line that comes of it."""
    for module in sorted(Path(mailgate.pop3.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in STATUS:
                text = ast.literal_eval(node.args[0])
                codes = [ast.literal_eval(keyword.value) for keyword in node.keywords if keyword.arg == "code"]
                words = [re.escape(STATUS[node.func.id]), *(re.escape(f"[{code}]") for code in codes), pattern(text)]
                yield text, " ".join(words)


def pattern(template: str) -> str:
    """Whatever a placeholder stands for is written out in a script; there is no wildcard for it."""
    parts = string.Formatter().parse(template)
    return "".join(re.escape(literal) + ("" if name is None else r"(?!\.\.\.)\S.*?") for literal, name, *_ in parts)


def paragraphs() -> Iterator[str]:
    """Those of the scripts for POP3 that name an RFC's section."""
    for script in scripts():
        if script.listener == "pop3":
            for paragraph in re.split(r"\n\s*\n", (HERE / f"{script.name}.txt").read_text()):
                if re.search(r"^#.*\bRFC \d+ section", paragraph, re.MULTILINE):
                    yield paragraph


def said() -> set[str]:
    return {line for each in paragraphs() for line in re.findall(r"^S[0-9]*: (.*)$", each, re.MULTILINE)}


def test_the_replies_are_found() -> None:
    replies = dict(given())
    assert len(replies) > 35
    assert re.fullmatch(replies["another session has the maildrop"], "-ERR [IN-USE] another session has the maildrop")
    assert re.fullmatch(replies["{count} {octets}"], "+OK 2 3")
    assert not re.fullmatch(replies["{octets} octets"], "+OK ... octets")
    assert not re.fullmatch(replies["send the password"], "+OK ...")


def test_every_reply_is_in_a_script_beside_its_section() -> None:
    lines = said()
    missing = [text for text, wanted in given() if not any(re.fullmatch(wanted, line) for line in lines)]
    assert missing == []


def test_every_command_is_sent_in_a_script_and_has_its_usage_shown() -> None:
    sent = {
        word.upper()
        for each in paragraphs()
        for word in re.findall(r"^(?:C[0-9]*|R): ([A-Za-z0-9]+)", each, re.MULTILINE)
    }
    verbs = {name.decode() for name in VERBS}
    assert verbs - sent == set()
    usages = {f"-ERR usage: {name.decode()}{verb.usage}" for name, verb in VERBS.items()}
    assert usages - said() == set()
