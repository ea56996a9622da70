"""A recipient's private data, sealed for the database and opened again: the one place that knows how they are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orders.facts import RecipientFacts
from orders.models import Recipient
from sellercenter import privacy
from sellercenter.models import Shop

# A postcode has no column of its own for its ciphertext; it travels before the address, divided by this.
_DIVIDER = "\x1f"


def sealed(recipient: RecipientFacts, *, order_number: str, shop_id: int) -> dict[str, Any]:
    """Return the columns under which a recipient is kept: ciphertexts, masked copies, the index of the phone.

    What a platform masked or encrypted can't be opened by anybody, so it is kept as its own masked copy, without
    ciphertext and index. The ciphertexts open only for this shop and this order number.
    """
    name, phone = _plain(recipient.name), _plain(recipient.phone)
    address, postcode = _plain(recipient.address).replace(_DIVIDER, " "), _plain(recipient.postcode)
    place = f"{postcode}{_DIVIDER}{address}" if postcode else address
    return {
        "name_sealed": privacy.encrypt(name, shop_id=shop_id, place=f"recipient|name|{order_number}"),
        "phone_sealed": privacy.encrypt(phone, shop_id=shop_id, place=f"recipient|phone|{order_number}"),
        "address_sealed": privacy.encrypt(place, shop_id=shop_id, place=f"recipient|address|{order_number}"),
        "name_masked": privacy.mask_name(name) if name else _masked(recipient.name),
        "phone_masked": (phone and privacy.mask_phone(phone)) or _masked(recipient.phone),
        "address_masked": privacy.mask_address(address) if address else _masked(recipient.address),
        "postcode_masked": privacy.mask_postcode(postcode) if postcode else _masked(recipient.postcode),
        "phone_index": privacy.blind_index(privacy.normal_phone(phone), shop_id=shop_id) if phone else b"",
    }


def opened(recipient: Recipient, *, order_number: str) -> RecipientFacts:
    """Return a recipient in plain text, or as the platform masked it where no plain text ever came.

    Raises privacy.Unreadable when a ciphertext was not written for this order.
    """
    name = _open(recipient, "name", order_number)
    phone = _open(recipient, "phone", order_number)
    postcode, address = _parted(_open(recipient, "address", order_number))
    return RecipientFacts(
        name=name or recipient.name_masked,
        phone=phone or recipient.phone_masked,
        address=address or recipient.address_masked,
        postcode=postcode or recipient.postcode_masked,
    )


# The columns from which a field is read in plain: its ciphertext, its masked copy, the number of the order.
SEALED = {
    field: (f"recipient__{sealed}_sealed", f"recipient__{field}_masked", "number")
    for field, sealed in (("name", "name"), ("phone", "phone"), ("address", "address"), ("postcode", "address"))
}


def reader(field: str) -> Callable[..., str]:
    """Return what reads a field in plain from the columns that SEALED names; see `opened`."""

    def _read(shop: Shop, sealed: bytes | None, masked: str | None, order_number: str) -> str:
        place = "address" if field == "postcode" else field
        text = privacy.decrypt(sealed or b"", shop_id=shop.pk, place=f"recipient|{place}|{order_number}")
        if place == "address":
            text = _parted(text)[field == "address"]
        return text or masked or ""

    return _read


def _parted(place: str) -> tuple[str, str]:
    """Return the postcode and the address that travel together."""
    postcode, divider, address = place.partition(_DIVIDER)
    return (postcode, address) if divider else ("", postcode)


def masked_lengths(recipient: RecipientFacts) -> dict[str, int]:
    """Return the length of each field's masked copy that is taken over as it came, by field."""
    fields = ("name", "phone", "address", "postcode")
    told = ((field, getattr(recipient, field)) for field in fields)
    return {field: len(text) for field, value in told if value and (text := _masked(value))}


def _open(recipient: Recipient, field: str, order_number: str) -> str:
    stored = getattr(recipient, f"{field}_sealed")
    return privacy.decrypt(stored, shop_id=recipient.shop_id, place=f"recipient|{field}|{order_number}")


def _plain(value: str) -> str:
    return value.strip() if value and not privacy.is_masked(value) else ""


def _masked(value: str) -> str:
    """Return a masked value as it came, and stars for one that the platform encrypted."""
    if not value or not privacy.is_masked(value):
        return ""
    return value.strip() if "*" in value else "***"
