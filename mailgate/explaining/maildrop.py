"""What is known of one maildrop: whose it is, where it lies, and which login opens it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from mailgate.accounts.register import Register
from mailgate.accounts.users import Account
from mailgate.explaining.story import Step
from mailgate.explaining.words import listed
from mailgate.failures import StoreError
from mailgate.mail import Local

ANYBODY: Final = "development mode: every password will do"


def owner(place: Local, register: Register | None) -> Step:
    """Whose it is. Without a `register` everybody is somebody."""
    detail = "; ".join(f"{added.name}: {added.value}" for added in place.fields)
    account = _account(place.maildrop, register)
    if account is None:
        return Step(topic="user", question="Who has it?", answer="whoever asks for it", detail=detail)
    state = "a user who is disabled: no login, and mail is taken all the same" if account.disabled else "a user"
    return Step(topic="user", question="Who has it?", answer=state, detail=detail, where=account.where)


def kept_at(maildrop: str, place: Callable[[str], str]) -> Step:
    """The Maildir."""
    question = "Where is it kept?"
    try:
        directory = place(maildrop)
    except StoreError as error:
        return Step(topic="path", question=question, answer="nowhere", detail=str(error))
    detail = "" if os.path.isdir(os.path.join(directory, "new")) else "not there yet: the first message makes it"
    return Step(topic="path", question=question, answer=directory, detail=detail)


def login(maildrop: str, register: Register | None, hostname: str) -> Step:
    """The names with which POP3 opens it."""
    question = "Who fetches it by POP3?"
    account = _account(maildrop, register)
    if register is None or account is None:
        return Step(topic="login", question=question, answer=_names(maildrop, hostname), detail=ANYBODY)
    if account.disabled:
        return Step(topic="login", question=question, answer="nobody: the user is disabled", where=account.where)
    return Step(
        topic="login",
        question=question,
        answer=_names(maildrop, register.only_domain()),
        detail=_besides(account, register),
        where=account.where,
    )


def _names(maildrop: str, only: str | None) -> str:
    """`only`: the domain that goes without saying."""
    local_part, _, domain = maildrop.rpartition("@")
    short = f", or {local_part} alone" if domain == only and "@" not in local_part else ""
    return f"the login {maildrop}{short}"


def _besides(account: Account, register: Register) -> str:
    doubt = register.doubt(account.name)
    if doubt is not None:
        return f"with the password that was there before: {doubt}"
    names = [each.name for each in register.app_passwords(account.name)]
    return f"besides the user's own, there are application passwords: {listed(names)}" if names else ""


def _account(maildrop: str, register: Register | None) -> Account | None:
    return register.names.accounts.get(maildrop) if register is not None else None
