"""The directories of domains: a domain comes and goes with all its files at once."""

from __future__ import annotations

import os
import re
import secrets
from typing import Final

from mailgate.accounts.editing.files import CannotEdit, LockedDirectory, in_words, locked, make_directory
from mailgate.accounts.names import MAX_PART_OCTETS, is_storable
from mailgate.accounts.users import parse_users
from mailgate.wire import address

OURS: Final = ("users", "aliases", "rules", "app-passwords")
_DRAFT: Final = re.compile(rf"\.({'|'.join(OURS)})\.[0-9a-f]{{16}}")  # what a crash may leave of an edit


def check_domain(text: str) -> str:
    """The name of the directory of a domain. Raises `CannotEdit` for what is none."""
    try:
        domain = address.fold_domain(address.check_domain(text))
    except address.AddressError as error:
        raise CannotEdit(f"{text[:80]!r} is no domain: {error}") from None
    if not is_storable(f"user@{domain}"):
        raise CannotEdit(f"{domain[:80]} is longer than the {MAX_PART_OCTETS} octets that a directory may have")
    return domain


def add(directory: str, domain: str) -> None:
    """A domain without users. Raises `CannotEdit`, as where it is there already."""
    place = os.path.join(directory, domain)
    with locked(directory) as parent:
        if os.path.lexists(os.path.join(place, "users")):
            raise CannotEdit(f"{domain} is there already: {place}")
        if os.path.lexists(place):  # its other files are there, and are to stay
            _begin(place)
            return
        draft = f".{domain}.{secrets.token_hex(8)}"
        with in_words(place):
            make_directory(parent, draft)
            _begin(os.path.join(directory, draft))
            os.rename(draft, domain, src_dir_fd=parent.descriptor, dst_dir_fd=parent.descriptor)
            os.fsync(parent.descriptor)


def _begin(place: str) -> None:
    with locked(place) as own:
        own.edit("users", lambda text: "" if text is None else None)


def remove(directory: str, domain: str, *, with_users: bool, rehearse: bool = False) -> None:
    """A domain, with all its files. Raises `CannotEdit` if it has users, unless `with_users`, or files of others; that
    is all that is done to `rehearse`.
    """
    place = os.path.join(directory, domain)
    if os.path.islink(place):
        raise CannotEdit(f"{place} is a symbolic link: remove it by hand")
    with locked(directory) as parent, locked(place) as own, in_words(place):
        _check_may_go(own, domain, with_users=with_users)
        if rehearse:
            return
        gone = f".{domain}.{secrets.token_hex(8)}"
        os.rename(domain, gone, src_dir_fd=parent.descriptor, dst_dir_fd=parent.descriptor)
        for name in os.listdir(own.descriptor):
            os.unlink(name, dir_fd=own.descriptor)
        os.rmdir(gone, dir_fd=parent.descriptor)
        os.fsync(parent.descriptor)


def _check_may_go(own: LockedDirectory, domain: str, *, with_users: bool) -> None:
    foreign = sorted(name for name in os.listdir(own.descriptor) if name not in OURS and not _DRAFT.fullmatch(name))
    if foreign:
        raise CannotEdit(f"{own.path} has what is not mailgate's: {', '.join(foreign)}")
    if not with_users:
        own.edit("users", lambda text: _require_nobody(text or "", domain, own.path))


def _require_nobody(text: str, domain: str, path: str) -> None:
    accounts, faults = parse_users(text, domain, os.path.join(path, "users"))
    if faults:
        raise CannotEdit(f"who is in {domain} cannot be told:", faults)
    if accounts:
        raise CannotEdit(f"{domain} has {len(accounts)} users")
