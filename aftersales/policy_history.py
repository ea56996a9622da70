"""Who changed what a shop decided beforehand, told in words."""

from __future__ import annotations

from typing import Any

from django.db.models.fields import Field
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import policy_changes
from aftersales.models import CaseRule, Sop
from aftersales.states import CaseKind, Problem, Proposal
from sellercenter import events
from sellercenter.columns import Setting
from sellercenter.models import Event, Shop
from sellercenter.texts import Text
from sellercenter.times import moment

SHOWN = 30
# (icon, words) of each change; both lists speak of the name of the entry.
WORDS: dict[str, tuple[str, Text]] = {
    "sop.added": ("plus", gettext_lazy("Policy added: %s")),
    "sop.changed": ("pencil", gettext_lazy("Policy changed: %s")),
    "sop.moved": ("arrows-sort", gettext_lazy("Policy moved: %s")),
    "sop.removed": ("trash", gettext_lazy("Policy removed: %s")),
    "case_rule.added": ("plus", gettext_lazy("Rule added: %s")),
    "case_rule.changed": ("pencil", gettext_lazy("Rule changed: %s")),
    "case_rule.moved": ("arrows-sort", gettext_lazy("Rule moved: %s")),
    "case_rule.removed": ("trash", gettext_lazy("Rule removed: %s")),
}
_WORDED: dict[str, Any] = {"problem": Problem, "problems": Problem, "proposal": Proposal, "kinds": CaseKind}
_BLANK: tuple[Any, ...] = (None, "", [], False)
# The heading of an entry says these.
_NAMED = ("name", "problem", "proposal")


def of(shop: Shop, word: str, setting: Setting) -> list[dict[str, Any]]:
    """Return the last changes of one list, the newest first, as `parts/timeline.html` shows them."""
    kinds = [kind for kind in WORDS if kind.startswith(f"{word}.")]
    past = events.of(shop.policy).filter(kind__in=kinds).reverse()[:SHOWN]
    model = Sop if word == "sop" else CaseRule
    return [_entry(event, model, setting) for event in past]


def _entry(event: Event, model: type[Sop] | type[CaseRule], setting: Setting) -> dict[str, Any]:
    icon, words = WORDS[event.kind]
    before, after = event.data.get("before", {}), event.data.get("after", {})
    told = [name for name in policy_changes.FIELDS[model] + ("position",) if _worth(name, before, after)]
    details = [
        (_label(model, name), _said(name, before[name]) if name in before else "", _said(name, after.get(name)))
        for name in told
    ]
    return {
        "kind": "state",
        "icon": icon,
        "text": str(words) % _name(event.data),
        "actor": event.actor_label,
        "at": moment(event.at, setting.zone, this_year=setting.year),
        "details": details,
    }


def _worth(name: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Say whether a part is told: of an entry that comes or goes neither its name nor what it never said."""
    if before and after:
        return name in after
    return name not in _NAMED and {**before, **after}.get(name) not in _BLANK


def _name(data: dict[str, Any]) -> str:
    if data.get("name"):
        return str(data["name"])
    return f"{_said('problem', data['problem'])} – {_said('proposal', data['proposal'])}"


def _label(model: type[Sop] | type[CaseRule], name: str) -> str:
    field = model._meta.get_field(name)
    assert isinstance(field, Field)
    return capfirst(str(field.verbose_name))


def _said(name: str, value: Any) -> str:
    """Say one part of an entry as people read it; a word that is gone from the vocabulary stays as it is."""
    if isinstance(value, list):
        return ", ".join(_said(name, one) for one in value) or _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value in (None, ""):
        return _("none")
    words = _WORDED.get(name)
    return str(words(value).label) if words and value in words.values else str(value)
