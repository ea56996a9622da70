"""What a person chose on one page for the next one: encrypted, as a filter can hold a phone, and kept in the session.

So it never stands in an address, where logs would see it.
"""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import MutableMapping
from typing import Any

from django.core import signing

from sellercenter import privacy
from sellercenter.models import Member

# So many choices of one sort wait at once, for as many tabs.
MOST_KEPT = 5


class Lost(Exception):
    """A choice was changed, is too old or belongs to somebody else."""


def seal(plain: Any, member: Member, *, salt: str) -> str:
    """Encrypt a choice of plain JSON; it opens for this person alone, and not for long."""
    text = privacy.encrypt(json.dumps(plain), shop_id=member.shop_id, place=f"{salt}|{member.pk}")
    return signing.TimestampSigner(salt=salt).sign(b64encode(text).decode())


def unseal(text: str, member: Member, *, salt: str, seconds: int) -> Any:
    """Read an encrypted choice that is no older than so many seconds; raises Lost when it does not open."""
    try:
        kept = b64decode(signing.TimestampSigner(salt=salt).unsign(text, max_age=seconds))
        plain = privacy.decrypt(kept, shop_id=member.shop_id, place=f"{salt}|{member.pk}")
    except (signing.BadSignature, privacy.Unreadable):
        raise Lost from None
    return json.loads(plain)


def keep(session: MutableMapping[str, Any], name: str, sealed: str) -> str:
    """Keep a sealed choice beside the newest others of its name, and return the key under which it is found again."""
    key = secrets.token_urlsafe(12)
    session[name] = dict([*session.get(name, {}).items(), (key, sealed)][-MOST_KEPT:])
    return key


def kept(session: MutableMapping[str, Any], name: str, key: str) -> str:
    """Return the sealed choice of a key, empty when there is none."""
    return str(session.get(name, {}).get(key, ""))
