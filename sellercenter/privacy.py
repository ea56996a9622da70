"""Buyers' private data: masked for eyes, encrypted at rest, found again by an exact keyed index.

Encryption is AES-256-GCM with a key per shop, derived by HKDF-SHA256 from a key of the ring in the environment; each
value carries the ring's key id, so keys can be rotated without touching old rows. The associated data binds a value to
its table, column, shop and record, so a ciphertext that is moved elsewhere does not open. The blind index is
HMAC-SHA256 of the normalised value, cut to 16 bytes, under a key of its own that never rotates. Limit, stated plainly:
whoever holds the index key can try all phone numbers; the index protects dumps and backups, not a stolen server.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_VERSION = 1
_NONCE = 12
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


class Unreadable(Exception):
    """A stored value does not open: wrong key, or not where it was written."""


@lru_cache(maxsize=4096)
def _cipher(key_id: str, shop_id: int) -> AESGCM:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"sellercenter|data|%d" % shop_id)
    return AESGCM(derived.derive(settings.PRIVACY_KEYS[key_id]))


@lru_cache(maxsize=4096)
def _index_key(shop_id: int) -> bytes:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"sellercenter|index|%d" % shop_id)
    return derived.derive(settings.INDEX_KEY)


def encrypt(value: str, *, shop_id: int, place: str) -> bytes:
    """Encrypt a value for one place, `table|column|record`; the empty string stays empty."""
    if not value:
        return b""
    key_id = next(iter(settings.PRIVACY_KEYS))
    nonce = os.urandom(_NONCE)
    sealed = _cipher(key_id, shop_id).encrypt(nonce, value.encode(), f"{place}|{shop_id}".encode())
    return bytes([_VERSION, len(key_id)]) + key_id.encode() + nonce + sealed


def decrypt(stored: bytes, *, shop_id: int, place: str) -> str:
    """Open a value that `encrypt` wrote for the same shop and place; raises Unreadable otherwise."""
    stored = bytes(stored)
    if not stored:
        return ""
    if stored[0] != _VERSION:
        raise Unreadable("unknown version of an encrypted value")
    key_id = key_id_of(stored)
    if key_id not in settings.PRIVACY_KEYS:
        raise Unreadable(f"the key {key_id!r} is not in SELLERCENTER_PRIVACY_KEYS")
    body = stored[2 + len(key_id) :]
    try:
        return _cipher(key_id, shop_id).decrypt(body[:_NONCE], body[_NONCE:], f"{place}|{shop_id}".encode()).decode()
    except InvalidTag:
        raise Unreadable("the value was not written for this place, or was changed") from None


def key_id_of(stored: bytes) -> str:
    """Return the id of the key that a stored value was written with."""
    return bytes(stored[2 : 2 + stored[1]]).decode()


def blind_index(value: str, *, shop_id: int) -> bytes:
    """Return the 16 bytes under which an exact value is found again; empty for an empty value."""
    if not value:
        return b""
    return hmac.new(_index_key(shop_id), value.encode(), hashlib.sha256).digest()[:16]


def normal_phone(value: str) -> str:
    """Reduce a phone number to the digits that identify it: no country code of China, no punctuation."""
    digits = re.sub(r"\D", "", value.partition("-")[0] if re.fullmatch(r"\d{11}-\d{1,6}", value.strip()) else value)
    if len(digits) in (13, 15) and digits.removeprefix("00").startswith("86"):
        digits = digits.removeprefix("00")[2:]
    return digits


def is_masked(value: str) -> bool:
    """Say whether a value came masked or encrypted by a platform and so must never replace a plain one.

    A single asterisk may stand in a plain address; platforms write several, or nothing else beside one letter.
    """
    return "**" in value or value.startswith(("##", "$$")) or bool(re.fullmatch(r".\*", value.strip()))


def is_plain_email(value: str) -> bool:
    """Say whether a value is one whole e-mail address and nothing else, so that it can stand in a header.

    No name beside it, no quotes, no list, no line end, plain ASCII; and nothing that came masked.
    """
    return len(value) <= 254 and bool(_EMAIL.fullmatch(value))


def mask_name(value: str) -> str:
    """Keep the first character: 张**, a**."""
    value = value.strip()
    return value[:1] + "*" * min(2, max(1, len(value) - 1)) if value else ""


def mask_phone(value: str) -> str:
    """Keep the first three and the last four digits of a long number, fewer of a short one; four stay hidden."""
    digits = re.sub(r"\D", "", value)
    if not digits:
        return ""
    if len(digits) < 9:
        return "*" * max(1, len(digits) - 2) + digits[-2:]
    last = min(4, len(digits) - 7)
    return f"{digits[:3]}{'*' * (len(digits) - 3 - last)}{digits[-last:]}"


def mask_address(value: str) -> str:
    """Hide the street and number; province, city and district stand in fields of their own."""
    return "****" if value.strip() else ""


def mask_postcode(value: str) -> str:
    """Keep the first half of a postcode."""
    value = value.strip()
    return value[: len(value) // 2] + "*" * (len(value) - len(value) // 2)
