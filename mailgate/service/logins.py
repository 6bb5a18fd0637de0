"""Who tries to log in at a server for people: what is counted of it, where that is kept, and who has to wait."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from mailgate.accounts.domains import Domains
from mailgate.accounts.names import login_forms, login_name
from mailgate.accounts.register import OutOfService
from mailgate.config import Config
from mailgate.control.calls import Functions
from mailgate.control.logins import make_login_functions
from mailgate.interfaces import Offload
from mailgate.limits.ledger import Ledger
from mailgate.limits.logins import LoginThrottle
from mailgate.tally import Tally, TallyFile

FILE: Final = "tally.jsonl"


class Logins:
    """One gateway's. `delays` counts for LOGIN-DELAY."""

    def __init__(self, config: Config, reactor: Any, disk: Offload, domains: Callable[[], Domains]) -> None:
        """`domains` gives those that are in force."""
        # A table each: whoever fills one with made-up names makes us forget nothing of the others.
        tallies = {name: Tally() for name in ("logins", "accounts", "strangers", "pairs")}
        self.delays = tallies["logins"]
        self._file = TallyFile(os.path.join(config.state, FILE), tallies, reactor, disk)
        self._domains = domains
        self.throttle = LoginThrottle(
            Ledger(tallies["accounts"], tallies["strangers"], tallies["pairs"]),
            self.account_of,
            reactor,
            wrong_passwords=config.limits.wrong_passwords,
            unknown_users=config.limits.unknown_users,
        )

    def start(self) -> None:
        """Remember what was counted before, and keep what comes. Blocks for a moment."""
        self._file.load()
        self._file.start()

    async def stop(self) -> None:
        """Keep all of it."""
        await self._file.stop()

    def functions(self) -> Functions:
        """The calls."""
        return make_login_functions(self.throttle, self.account_of)

    def account_of(self, typed: str) -> str | None:
        """The account that a login name means; None: there is none, or that cannot be told."""
        domains = self._domains()
        for form in login_forms(typed.encode("utf-8", "surrogatepass")):
            try:
                name = login_name(form, domains.current().only_domain())
                account = domains.current(name.rpartition("@")[2]).account(name) if name is not None else None
            except OutOfService:
                account = None
            if account is not None:
                return account.name
        return None
