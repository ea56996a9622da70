"""Which list somebody is about to export, and under which address: kept in the session from the list to the file."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from sellercenter import choices, exports
from sellercenter.addresses import normal
from sellercenter.exports import Source
from sellercenter.lifecycle import Refused
from sellercenter.models import Export
from sellercenter.pages import ShopPage

_KEPT, _ASKED = "export_choices", "export_asked"
_SALT = "exports.choice"
# Seconds for which a choice waits: as long as a session.
_VALID_FOR = settings.SESSION_COOKIE_AGE


@dataclass(frozen=True)
class Choice:
    """Which list is to be exported, under which address, and the key under which the session keeps that."""

    source: Source
    query: str
    key: str

    @property
    def windowed(self) -> bool:
        """Say whether the time is still to be chosen."""
        return not self.source.chooses_time(self.query)


def keep(page: ShopPage, code: str, query: str) -> str:
    """Keep a list's address for the person at a page and return its key; raises Refused when there is no such list."""
    source = exports.find(code)
    page.actor.require(source.permission)
    plain = [source.code, normal(query)]
    return choices.keep(page.request.session, _KEPT, choices.seal(plain, page.member, salt=_SALT))


def choice_of(page: ShopPage, key: str) -> Choice:
    """Open the choice of a key; raises Refused when the session keeps none that opens."""
    try:
        sealed = choices.kept(page.request.session, _KEPT, key)
        code, query = choices.unseal(sealed, page.member, salt=_SALT, seconds=_VALID_FOR)
    except choices.Lost:
        raise Refused(_("This export was begun too long ago. Choose the list again."), "bad_choice") from None
    source = exports.find(code)
    page.actor.require(source.permission)
    return Choice(source, query, key)


def remember(page: ShopPage, export: Export, choice: Choice) -> None:
    """Remember from which choice an export was asked for, as long as the session keeps it."""
    asked = {**page.request.session.get(_ASKED, {}), str(export.pk): choice.key}
    page.request.session[_ASKED] = dict([*asked.items()][-choices.MOST_KEPT :])


def asked_by(page: ShopPage, export: Export) -> str:
    """Return the key of the choice from which an export was asked for; empty when the session keeps it no more."""
    key = str(page.request.session.get(_ASKED, {}).get(str(export.pk), ""))
    return key if choices.kept(page.request.session, _KEPT, key) else ""
