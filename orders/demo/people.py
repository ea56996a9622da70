"""The teams of the demo shops: one owner for both, one person for each stock role, one administrator."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import transaction

from orders.demo.markets import MARKETS, Market
from sellercenter import events
from sellercenter.models import Member, Role, Shop, User
from sellercenter.permissions import SYSTEM, Actor, StockRole, actor_for
from sellercenter.shops import open_shop

PASSWORD = "pine-and-qinglan-2026"
ADMIN, OWNER = "admin", "owner"
# These work for both shops; everybody else has a colleague with the same role in the other one.
_BOTH = (StockRole.MANAGER, StockRole.VIEW_ONLY, StockRole.AFTER_SALES, StockRole.FINANCE, StockRole.DATA)
_LABELS = {
    "qinglan": ("林悦", "苏航", "方小禾", "郑一舟", "许知夏", "何青", "罗小满", "唐牧", "叶棠", "陆明远", "江雪见"),
    "harbour": (
        *("Yue Lin", "Hang Su", "Xiaohe Fang", "Maud Fletcher", "Idris Vale", "Poppy Hale", "Joan Reed"),
        *("Sam Orchard", "Bea Winter", "Mingyuan Lu", "Xuejian Jiang"),
    ),
}


@dataclass(frozen=True)
class Login:
    """One account of the demo, as `--logins` prints it."""

    shops: str
    role: str
    username: str


def username(market: Market, role: StockRole) -> str:
    """Return the login of a role: short in the first shop and for those who work in both."""
    name = role.value.replace("_", "-")
    return name if market is MARKETS[0] or role in _BOTH else f"{market.code}-{name}"


def logins() -> list[Login]:
    """Return every account of the demo; all have the same password."""
    both = ", ".join(market.code for market in MARKETS)
    found = [Login("all (Django admin)", "Administrator", ADMIN), Login(both, "Owner", OWNER)]
    found += [Login(both, str(role.label), username(MARKETS[0], role)) for role in _BOTH]
    for market in MARKETS:
        own = [role for role in StockRole if role not in _BOTH]
        found += [Login(market.code, str(role.label), username(market, role)) for role in own]
    return found


def others() -> bool:
    """Say whether the database holds shops or people that are not the demo's."""
    shops = Shop.objects.exclude(code__in=[market.code for market in MARKETS])
    return shops.exists() or User.objects.exclude(username__in=[login.username for login in logins()]).exists()


@transaction.atomic
def settle() -> dict[str, Shop]:
    """Open the demo shops with their teams, unless they are there; return them by code."""
    found = {shop.code: shop for shop in Shop.objects.filter(code__in=[market.code for market in MARKETS])}
    if len(found) == len(MARKETS):
        return found
    password = make_password(PASSWORD)
    owner = User.objects.create(username=OWNER, first_name="沈青", password=password)
    User.objects.create(username=ADMIN, is_staff=True, is_superuser=True, password=password)
    return {market.code: _open(market, owner, password) for market in MARKETS}


def _open(market: Market, owner: User, password: str) -> Shop:
    shop = open_shop(
        code=market.code,
        name=market.name,
        currency=market.currency,
        time_zone=market.time_zone,
        accent=market.accent,
        owner=owner,
        by=SYSTEM,
    )
    by = actor_for(Member.objects.select_related("user", "role").get(shop=shop, owner=True))
    roles = {role.stock: role for role in Role.objects.for_shop(shop)}
    for stock, label in zip(StockRole, _LABELS[market.code], strict=True):
        _join(shop, username(market, stock), label=label, role=roles[stock], password=password, by=by)
    return shop


def _join(shop: Shop, name: str, *, label: str, role: Role, password: str, by: Actor) -> None:
    """Add a colleague, who may work in the other shop already.

    Not by `shops.add_member`: it hashes the password of each account anew, which is right and takes half a second.
    """
    user, _new = User.objects.get_or_create(username=name, defaults={"password": password})
    member = Member.objects.create(shop=shop, user=user, role=role, label=label)
    events.record(shop, "member.added", member, by=by, username=name, role=role.label)


def manager_of(shop: Shop) -> Actor:
    """Return the actor in whose name the shop's daily work was done."""
    return actor_for(Member.objects.select_related("user", "role").get(shop=shop, role__stock=StockRole.MANAGER))


def colleague(shop: Shop, role: StockRole) -> Actor | None:
    """Return somebody of the team who has this role today; None when nobody has."""
    members = Member.objects.for_shop(shop).active().filter(role__stock=role).select_related("user", "role")
    member = members.order_by("pk").first()
    return actor_for(member) if member else None


def authors_of(shop: Shop) -> list[str]:
    """Return the names under which the team signs its notes."""
    return list(Member.objects.for_shop(shop).order_by("pk").values_list("label", flat=True))
