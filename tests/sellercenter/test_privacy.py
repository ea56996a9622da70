"""Private data: masked for eyes, sealed at rest for one place, found again by the exact phone."""

from __future__ import annotations

import base64

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from orders import recipients
from orders.facts import RecipientFacts
from sellercenter import privacy
from sellercenter.privacy import Unreadable
from tests import make

PLACE = "recipient|phone|6900000001"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXT, st.integers(1, 2**40), TEXT)
def test_what_is_sealed_opens_again_at_its_place(value, shop_id, place):
    sealed = privacy.encrypt(value, shop_id=shop_id, place=place)
    assert privacy.decrypt(sealed, shop_id=shop_id, place=place) == value


@given(st.text("0123456789", min_size=7, max_size=15))
def test_a_sealed_value_shows_nothing_and_is_never_the_same_twice(value):
    one, two = (privacy.encrypt(value, shop_id=1, place=PLACE) for _ in range(2))
    assert value.encode() not in one
    assert one != two


def test_a_sealed_value_opens_nowhere_else():
    sealed = privacy.encrypt(make.PHONE, shop_id=1, place=PLACE)
    elsewhere = [(2, PLACE), (1, "recipient|name|6900000001"), (1, "recipient|phone|6900000002"), (1, "")]
    for shop_id, place in elsewhere:
        with pytest.raises(Unreadable):
            privacy.decrypt(sealed, shop_id=shop_id, place=place)


@given(st.integers(4, 50), st.integers(1, 255))
def test_a_changed_byte_is_noticed(position, change):
    sealed = bytearray(privacy.encrypt("a" * 20, shop_id=1, place=PLACE))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(Unreadable):
        privacy.decrypt(bytes(sealed), shop_id=1, place=PLACE)


def test_nothing_stays_nothing():
    assert privacy.encrypt("", shop_id=1, place=PLACE) == b""
    assert privacy.decrypt(b"", shop_id=1, place=PLACE) == ""
    assert privacy.blind_index("", shop_id=1) == b""


def test_a_new_key_writes_while_the_old_one_still_reads(settings):
    old = privacy.encrypt("before", shop_id=1, place=PLACE)
    settings.PRIVACY_KEYS = {"k2": b"n" * 32, **settings.PRIVACY_KEYS}
    new = privacy.encrypt("after", shop_id=1, place=PLACE)
    assert (privacy.key_id_of(old), privacy.key_id_of(new)) == ("k1", "k2")
    assert [privacy.decrypt(one, shop_id=1, place=PLACE) for one in (old, new)] == ["before", "after"]
    settings.PRIVACY_KEYS = {"k2": b"n" * 32}
    with pytest.raises(Unreadable, match="k1"):
        privacy.decrypt(old, shop_id=1, place=PLACE)


def test_the_index_is_one_per_shop_and_value():
    found = {privacy.blind_index(value, shop_id=shop) for value in ("1", "2") for shop in (1, 2)}
    assert len(found) == 4
    assert {len(one) for one in found} == {16}
    assert privacy.blind_index("1", shop_id=1) == privacy.blind_index("1", shop_id=1)


SAME = [
    *("13800138000", "+86 138-0013-8000", "0086 13800138000", "86 138 0013 8000", "138 0013 8000"),
    *("13800138000-1234", " 138.0013.8000 "),
]


@pytest.mark.parametrize("written", SAME)
def test_one_phone_is_one_number_however_it_is_written(written):
    assert privacy.normal_phone(written) == "13800138000"


@pytest.mark.parametrize(
    ("written", "number"),
    [("020-87654321", "02087654321"), ("+44 20 7946 0018", "442079460018"), ("8613", "8613"), ("abc", ""), ("", "")],
)
def test_other_phones_keep_their_digits(written, number):
    assert privacy.normal_phone(written) == number


@pytest.mark.parametrize(
    ("mask", "value", "masked"),
    [
        (privacy.mask_name, "张三", "张*"),
        (privacy.mask_name, "欧阳小明", "欧**"),
        (privacy.mask_name, "Ada Lovelace", "A**"),
        (privacy.mask_name, "张", "张*"),
        (privacy.mask_name, " ", ""),
        (privacy.mask_phone, "13800138000", "138****8000"),
        (privacy.mask_phone, "+86 138-0013-8000", "861******8000"),
        (privacy.mask_phone, "87654321", "******21"),
        (privacy.mask_phone, "1", "*1"),
        (privacy.mask_phone, "none", ""),
        (privacy.mask_address, "幸福路 8 号", "****"),
        (privacy.mask_address, "  ", ""),
        (privacy.mask_postcode, "510000", "510***"),
        (privacy.mask_postcode, "SW1A 1AA", "SW1A****"),
        (privacy.mask_postcode, "", ""),
    ],
)
def test_a_mask_keeps_what_people_need_and_no_more(mask, value, masked):
    assert mask(value) == masked


@given(st.text("0123456789", min_size=9, max_size=20))
def test_a_masked_phone_hides_at_least_four_digits_and_shows_at_most_seven(phone):
    masked = privacy.mask_phone(phone)
    assert len(masked) == len(phone)
    assert masked.count("*") >= 4
    assert sum(letter.isdigit() for letter in masked) <= 7


@given(st.text(min_size=2, max_size=20).map(str.strip).filter(lambda name: len(name) > 1))
def test_a_masked_name_never_shows_more_than_one_letter(name):
    assert privacy.mask_name(name).rstrip("*") in (name[0], "")


MASKED = [
    *(("张*", True), ("张**", True), ("138****8000", True), ("##x#1#", True), ("$$x$1$", True)),
    *(("张三", False), ("", False), ("Block C*7", False), ("*", False)),
]


@pytest.mark.parametrize(("value", "masked"), MASKED)
def test_what_a_platform_masked_or_sealed_is_known(value, masked):
    assert privacy.is_masked(value) is masked


def test_a_recipient_opens_for_its_order_alone():
    facts = RecipientFacts("王小明", make.PHONE, "幸福路 8 号", "510000")
    columns = recipients.sealed(facts, order_number="A", shop_id=1)
    stored = recipients.Recipient(shop_id=1, **columns)
    assert recipients.opened(stored, order_number="A") == facts
    with pytest.raises(Unreadable):
        recipients.opened(stored, order_number="B")


def test_what_came_masked_is_kept_as_it_came_and_never_sealed():
    facts = RecipientFacts("王**", "138****8000", "##cipher##", "510***")
    columns = recipients.sealed(facts, order_number="A", shop_id=1)
    assert (columns["name_sealed"], columns["phone_sealed"], columns["phone_index"]) == (b"", b"", b"")
    assert [columns[f"{one}_masked"] for one in ("name", "phone", "address", "postcode")] == [
        "王**",
        "138****8000",
        "***",
        "510***",
    ]


@pytest.mark.django_db
def test_a_copy_of_the_database_holds_no_phone_name_or_street(shop, owner):
    """Look through every column of every table, texts and bytes alike, for what was planted."""
    planted = RecipientFacts("司马相如之子", "13912345678", "梧桐巷四十二号", "610041")
    order = make.order(shop, recipient=planted)
    owner.get(f"/s/{shop.code}/orders", {"phone": planted.phone})
    owner.post(f"/s/{shop.code}/orders/{order.pk}/note", {"body": "called"})
    secrets = (planted.name, planted.phone, planted.address)
    encoded = [*secrets, *(base64.b64encode(one.encode()).decode()[:-4] for one in secrets)]
    encoded += [one.encode().hex() for one in secrets]
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            for secret in encoded:
                cursor.execute(f'SELECT 1 FROM "{table}" r WHERE strpos(r::text, %s) > 0 LIMIT 1', [secret])
                found += [(table, secret) for _row in cursor.fetchall()]
    assert found == []


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("b-1.x+y@relay.example", True),
        ("B1@mail.relay-1.example.com", True),
        ("", False),
        ("b1", False),
        ("b1@relay", False),
        ("b1@relay..example", False),
        ("b1@-relay.example", False),
        ("Li <b1@relay.example>", False),
        ('"b 1"@relay.example', False),
        ("b1@relay.example, b2@relay.example", False),
        ("b1@relay.example\n", False),
        ("b1@relay.example\r\nBcc: x@y.example", False),
        ("王@relay.example", False),
        ("b***@relay.example", False),
        ("x" * 65 + "@relay.example", False),
        ("b1@" + "x" * 60 + ".example" * 30, False),
    ],
)
def test_an_address_is_plain_when_it_can_stand_in_a_header(value, plain):
    assert privacy.is_plain_email(value) is plain
