"""How many failures are known, for whoever is about to have them forgotten."""

from __future__ import annotations

from mailgate.interfaces import ITally
from mailgate.limits.ledger import HERE, VAIN, WRONG, Ledger


async def wrong_passwords_of(ledger: Ledger, account: str) -> int:
    """How many different wrong passwords are known of an account, or of a name that nobody has.

    Those from one network, too: a password that was wrong and is right by now is among these alone.
    """
    digests: set[str] = set()
    for tally in (ledger.accounts, ledger.strangers):
        for prefix in (f"{WRONG}{account}\n", f"{HERE}{account}\n"):
            for key in await tally.keys(prefix):
                digests |= (await tally.members(key)).keys()
    return len(digests)


async def all_failures(ledger: Ledger) -> dict[str, int]:
    """All wrong passwords, and of how many accounts and names; all names in vain, and from how many networks and sites.

    Looks at every key there is.
    """
    accounts = await _counts(ledger.accounts, WRONG) + await _counts(ledger.strangers, WRONG)
    networks = await _counts(ledger.strangers, VAIN)
    return {
        "accounts": len(accounts),
        "wrong_passwords": sum(accounts),
        "networks": len(networks),
        "names": sum(networks),
    }


async def _counts(tally: ITally, prefix: str) -> list[int]:
    return [len(await tally.members(key)) for key in await tally.keys(prefix)]
