"""The calls about guessed passwords: who is slowed or refused now, who is exempt, and how to let somebody in again."""

from __future__ import annotations

import ipaddress
from typing import Any

from attrs import asdict

from mailgate.clients import network_of
from mailgate.control.calls import Arguments, CallError, Functions
from mailgate.control.logins_counting import all_failures, wrong_passwords_of
from mailgate.limits.guess import AccountOf, one_form, origin_of
from mailgate.limits.ledger import EXEMPT_SECONDS, HOUR_SECONDS
from mailgate.limits.logins import LoginThrottle
from mailgate.limits.networks import LOCAL
from mailgate.limits.standing import Exempt, Report, Standing, report_of


def make_login_functions(throttle: LoginThrottle, account_of: AccountOf) -> Functions:
    """`limits` and `clear_limits`. `account_of` is the throttle's own."""
    logins = _Logins(throttle, account_of)
    return {"limits": logins.limits, "clear_limits": logins.clear}


class _Logins:
    def __init__(self, throttle: LoginThrottle, account_of: AccountOf) -> None:
        self._throttle = throttle
        self._account_of = account_of

    async def limits(self, arguments: Arguments) -> dict[str, Any]:
        """How things stand. Without any password."""
        arguments.only()
        throttle = self._throttle
        return {
            "wrong_passwords": throttle.wrong_passwords,
            "unknown_users": throttle.unknown_users,
            "window_seconds": HOUR_SECONDS,
            "exempt_seconds": EXEMPT_SECONDS,
            "looked_at": throttle.looked_at,
            "refused": throttle.refused,
            "under_way": throttle.under_way,
            **_rendered(await report_of(throttle)),
        }

    async def clear(self, arguments: Arguments) -> dict[str, Any]:
        """Forget the failures of an account, of a network, of both, or all. Who is exempt stays so.

        `forgotten` has how many different wrong passwords and names in vain that were; for an account, `is_account`
        says whether there is one of that name.
        """
        arguments.only("account", "network", "all")
        account, network, everything = arguments.text("account"), arguments.text("network"), arguments.flag("all")
        if everything == bool(account or network):
            raise CallError("bad", "name an account, a network or both; or say all")
        if network and not _is_network(network):
            raise CallError("bad", f"{network[:60]!r} is no network: write it as 'mailgate limits' shows it")
        if everything:
            return await self._clear_all()
        cleared: dict[str, str] = {}
        forgotten: dict[str, int] = {}
        told: dict[str, Any] = {"cleared": cleared, "forgotten": forgotten}
        if account:
            known = self._account_of(account)
            told["is_account"] = known is not None
            cleared["account"] = name = known or one_form(account)
            forgotten["wrong_passwords"] = await wrong_passwords_of(self._throttle.ledger, name)
            await self._throttle.ledger.clear_account(name)
        if network:
            cleared["network"] = network
            forgotten["names"] = await self._clear_network(network)
        return told

    async def _clear_all(self) -> dict[str, Any]:
        ledger = self._throttle.ledger
        forgotten = await all_failures(ledger)
        await ledger.clear_all()
        return {"cleared": "all", "forgotten": forgotten}

    async def _clear_network(self, network: str) -> int:
        """How many names in vain were forgotten."""
        names: set[str] = set()
        for each in _networks(network):
            names |= (await self._throttle.ledger.names_in_vain(each)).keys()
            await self._throttle.ledger.clear_network(each)
        return len(names)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return text == LOCAL
    return True


def _networks(text: str) -> set[str]:
    """What an administrator may call a network: as `limits` shows it, or one of its addresses."""
    return {text, network_of(text), origin_of(text)}


def _rendered(report: Report) -> dict[str, Any]:
    return {
        "accounts": [_row("account", standing) for standing in report.accounts],
        "unknown": [_row("name", standing) for standing in report.unknown],
        "networks": [_row("network", standing) for standing in report.networks],
        "exempt": [_exempt(pair) for pair in report.exempt],
        "totals": dict(report.totals),
    }


def _row(what: str, standing: Standing) -> dict[str, Any]:
    values = asdict(standing)
    return {what: values.pop("name"), **values, "seconds": round(standing.seconds)}


def _exempt(pair: Exempt) -> dict[str, Any]:
    return {**asdict(pair), "seconds": round(pair.seconds)}
