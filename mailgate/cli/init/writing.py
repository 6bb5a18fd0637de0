"""What is there already, and making what is not. Nothing that is there is changed, and no file is seen half-written."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
import subprocess
from collections.abc import Iterator, Sequence
from typing import Final

import click
from attrs import frozen

from mailgate.cli.init.pieces import Piece

USERADD: Final = ("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin")


@frozen
class Survey:
    """What is to be made, what is there as it would be made, and what is there and is something else."""

    missing: Sequence[Piece]  # with what is out of sight behind `closed`
    there: Sequence[Piece]
    in_the_way: Sequence[tuple[Piece, str]]  # with what is wrong
    closed: str = ""  # the first place where this process may not look, or make what is missing; empty: there is none

    @property
    def is_feasible(self) -> bool:
        """Can what is missing be made?"""
        return not self.in_the_way and not self.closed


def survey(pieces: Sequence[Piece]) -> Survey:
    """Look, and touch nothing."""
    missing, there, in_the_way = [], [], []
    closed = ""
    for piece in pieces:
        try:
            trouble = _trouble(piece)
        except FileNotFoundError:
            missing.append(piece)
            closed = closed or _closed_above(piece.path)
            continue
        except PermissionError:
            missing.append(piece)
            closed = closed or _closed_at(piece.path)
            continue
        except OSError as error:
            trouble = f"cannot be looked at: {error.strerror}"
        if trouble:
            in_the_way.append((piece, trouble))
        else:
            there.append(piece)
    return Survey(missing, there, in_the_way, closed)


def differences(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, str]]:
    """Those that are there with another owner or mode than they should have, each with what they have."""
    for piece in pieces:
        status = os.stat(piece.path)
        has = stat.S_IMODE(status.st_mode), _user_name(status.st_uid), _group_name(status.st_gid)
        # Fewer rights than these are fine, and so is what root put there for everybody to read, such as a certificate.
        is_foreign = has[1] != piece.user and not (has[1] == "root" and has[0] & stat.S_IROTH)
        if is_foreign or has[0] & ~piece.mode:
            yield piece, f"{has[0]:04o} {has[1]}:{has[2]}"


def make(piece: Piece, *, give_away: bool) -> None:
    """Make it, with its mode, and if it is to be given away, with its owner. Raises OSError: FileExistsError if
    somebody else has made it meanwhile.
    """
    if piece.content is None:
        _make_directory(piece, give_away=give_away)
    else:
        _make_file(piece, piece.content.make(), give_away=give_away)


def create_user(name: str, home: str) -> None:
    """A user for the server alone, who cannot log in. Raises `ClickException`."""
    command = [*USERADD, "--home-dir", home, name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise click.ClickException(f"useradd cannot be run: {error.strerror}") from error
    if done.returncode:
        raise click.ClickException(f"useradd {name}: {done.stderr.strip()}")


def _closed_above(path: str) -> str:
    """The directory in which that would be made, if this process may not; empty where that is not there yet."""
    if os.geteuid() == 0:
        return ""  # what keeps root from it, such as a disk that is read-only, is told when it is tried
    above = os.path.dirname(path)
    return above if os.path.isdir(above) and not os.access(above, os.W_OK | os.X_OK) else ""


def _closed_at(path: str) -> str:
    """The directory on the way to it that this process may not enter, or else the path itself."""
    above = os.path.dirname(path)
    if above == path or os.access(above, os.X_OK):
        return path
    return _closed_at(above)


def _trouble(piece: Piece) -> str:
    """Why what is there is not what would be made; empty: it is. Raises OSError."""
    os.lstat(piece.path)
    # A link will do, if it leads to the right thing: certbot's do, and so does a state that was moved to another disk.
    if piece.content is None:
        return "" if os.path.isdir(piece.path) else "exists and is no directory"
    if not os.path.isfile(piece.path):
        return "exists and is no file"
    with open(piece.path, "rb") as stream:
        return "" if piece.content.is_same(stream.read()) else "exists with another content"


def _make_directory(piece: Piece, *, give_away: bool) -> None:
    os.mkdir(piece.path, 0o700)
    descriptor = os.open(piece.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        _settle(descriptor, piece, give_away=give_away)
    finally:
        os.close(descriptor)


def _make_file(piece: Piece, octets: bytes, *, give_away: bool) -> None:
    draft = f"{piece.path}.new-{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(octets)
            stream.flush()
            _settle(stream.fileno(), piece, give_away=give_away)
            os.fsync(stream.fileno())
        os.link(draft, piece.path)  # whole or not at all, and never over another file
    finally:
        os.unlink(draft)


def _settle(descriptor: int, piece: Piece, *, give_away: bool) -> None:
    os.fchmod(descriptor, piece.mode)
    if give_away:
        os.fchown(descriptor, pwd.getpwnam(piece.user).pw_uid, _gid(piece))


def _gid(piece: Piece) -> int:
    with contextlib.suppress(KeyError):
        return grp.getgrnam(piece.group).gr_gid
    return pwd.getpwnam(piece.user).pw_gid  # a group without a name


def _user_name(uid: int) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def _group_name(gid: int) -> str:
    with contextlib.suppress(KeyError):
        return grp.getgrgid(gid).gr_name
    return str(gid)
