"""The two files of a certificate: what is in them, and a mark by which a change is noticed."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Final

from attrs import field, frozen

from mailgate.faults import Fault

MAX_FILE_OCTETS: Final = 1 << 20  # a chain has some kilobytes

_Mark = tuple[int, ...] | None
Marks = tuple[_Mark, _Mark]


class BadCertificate(Exception):
    """Certificate and key cannot be used; `faults` say which files and why, `fault` is the first."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults
        self.fault = faults[0]


@frozen
class Contents:
    """What was in the files; None: that one cannot be read, and `faults` say why."""

    certificate: bytes | None
    key: bytes | None = field(repr=False)
    key_mode: int = 0  # of the key's file, as in `os.stat`
    faults: tuple[Fault, ...] = ()

    @property
    def digest(self) -> bytes:
        """Two with the same octets have the same; empty if there are not both."""
        if self.certificate is None or self.key is None:
            return b""
        return sha256(sha256(self.certificate).digest() + self.key).digest()


@frozen
class Files:
    """Where a certificate and its key are."""

    certificate: str  # PEM; the full chain, its own certificate first
    key: str  # PEM

    def marks(self) -> Marks:
        """What changes when a file does. Follows links: certbot renews by turning them. Raises nothing."""
        return _mark_of(self.certificate), _mark_of(self.key)

    def read(self) -> Contents:
        """Read both, which blocks. Raises nothing."""
        faults: list[Fault] = []
        certificate, _ = _read(self.certificate, faults)
        key, key_mode = _read(self.key, faults)
        return Contents(certificate, key, key_mode, tuple(faults))


def _mark_of(file: str) -> _Mark:
    try:
        status = os.stat(file)
    except OSError as error:
        return (error.errno or 0,)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _read(file: str, faults: list[Fault]) -> tuple[bytes | None, int]:
    try:
        with open(file, "rb", opener=_open) as stream:
            content, mode = stream.read(MAX_FILE_OCTETS + 1), os.fstat(stream.fileno()).st_mode
    except OSError as error:
        faults.append(Fault(file, f"cannot be read: {error.strerror}"))
        return None, 0
    if len(content) > MAX_FILE_OCTETS:
        faults.append(Fault(file, f"is larger than {MAX_FILE_OCTETS} octets"))
        return None, 0
    return content, mode


def _open(file: str, flags: int) -> int:
    return os.open(file, flags | os.O_NONBLOCK)  # nobody may ever write to a FIFO
