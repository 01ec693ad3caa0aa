"""What somebody with the key finds in the files of a database: every page as it lies there, used or free, log included."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from emoasst_core.store.driver import PURPOSE
from emoasst_core.store.key_card import derived
from emoasst_core.store.keys import Keys

PAGE, RESERVED = 4096, 80  # SQLCipher 4: 16 bytes of IV and 64 of HMAC at the end of each page


def bytes_within(path: Path) -> bytes:
    """The decrypted pages of the file and of its write-ahead log, one after another."""
    key = derived(Keys().master(), PURPOSE)
    data = path.read_bytes()
    pages = [data[start : start + PAGE] for start in range(0, len(data), PAGE)]
    plain = [_decrypted(page, key, 16 if number == 0 else 0) for number, page in enumerate(pages)]
    log = path.with_name(path.name + "-wal")
    frames = log.read_bytes()[32:] if log.exists() else b""
    for start in range(0, len(frames), PAGE + 24):
        number = int.from_bytes(frames[start : start + 4], "big")
        plain.append(_decrypted(frames[start + 24 : start + 24 + PAGE], key, 16 if number == 1 else 0))
    return b"".join(plain)


def _decrypted(page: bytes, key: bytes, skipped: int) -> bytes:
    if len(page) < PAGE:
        return b""
    cipher = Cipher(algorithms.AES(key), modes.CBC(page[-RESERVED : -RESERVED + 16])).decryptor()
    return cipher.update(page[skipped:-RESERVED]) + cipher.finalize()
