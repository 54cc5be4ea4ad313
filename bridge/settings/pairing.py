"""The code that makes the first person the owner. It is shown once; only its hash is kept.

It can be typed on a phone, so it is short. What makes it hard to guess from its hash is that each
try takes a while; what makes it hard to guess in the chat is that tries are counted there.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"  # none that looks like another one, or like a digit
LENGTH = 8
LIFE = timedelta(hours=24)


def fresh() -> str:
    """`ABCD-EFGH`"""
    letters = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def sealed(code: str) -> str:
    """What is kept of a code: `SALT.HASH`."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}.{_hash(code, salt).hex()}"


def fits(given: str, seal: str) -> bool:
    """Whether somebody has written this code, in whatever case. Takes about 50 ms."""
    salt, _, kept = seal.partition(".")
    try:
        return hmac.compare_digest(_hash(given, bytes.fromhex(salt)), bytes.fromhex(kept))
    except ValueError:
        return False  # not written by `sealed`


def _hash(code: str, salt: bytes) -> bytes:
    letters = "".join(letter for letter in code.upper() if letter.isascii() and letter.isalpha())
    return hashlib.scrypt(letters.encode(), salt=salt, n=2**14, r=8, p=1)
