"""What a shop decided beforehand for after-sales: its policies for problems, and its rules for new cases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import policies, policy_changes, policy_history, review_rules
from aftersales.models import Case, CaseRule, Sop
from aftersales.policy_forms import CaseRuleForm, EntryForm, SeenForm, ShiftForm, SopForm
from aftersales.states import CaseKind, Problem, Proposal
from sellercenter import money
from sellercenter.lifecycle import Refused
from sellercenter.pages import ActPage, ShopPage
from sellercenter.permissions import Perm
from sellercenter.texts import Text

SPANS = (30, 90)


class EntryPage(ShopPage):
    """What the pages of both lists share: whose entries they are, and where the list is."""

    abstract = True
    permission = Perm.POLICIES_EDIT
    model: ClassVar[Any] = Sop
    list_url: ClassVar[str] = "sops"

    def entry_of(self, pk: int) -> Any:
        """Return an entry of this shop, or 404."""
        found = self.model.objects.for_shop(self.shop).filter(pk=pk).first()
        if found is None:
            raise Http404("no such entry in this shop")
        found.shop = self.shop  # with its policy, read with the person
        return found

    def cases_url(self, **asked: Any) -> str:
        """Return the address of the case list with these filters."""
        query = QueryDict(mutable=True)
        for name, value in asked.items():
            query.setlist(name, value if isinstance(value, list) else [value])
        return f"{self.url('case_list')}?{query.urlencode()}"


class EntryList(EntryPage):
    """One of the lists, in its order, with what it did and who changed it."""

    abstract = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show every entry of the list."""
        entries: list[Any] = list(self.model.objects.for_shop(self.shop))
        for one in entries:
            one.shop = self.shop
        word = policy_changes.WORDS[self.model]
        return self.show(
            entries=self.rows(entries),
            add_url=self.url(f"{word}_add"),
            timeline=policy_history.of(self.shop, word, self.setting),
            **self.extras(),
        )

    def rows(self, entries: Any) -> list[dict[str, Any]]:
        """Prepare the entries for the page."""
        raise NotImplementedError

    def extras(self) -> dict[str, Any]:
        """Return what one list shows besides."""
        return {}

    def row(self, entry: Any, place: int, last: int) -> dict[str, Any]:
        """Prepare what every entry shows."""
        word = policy_changes.WORDS[self.model]
        return {
            "active": entry.active,
            "edit_url": self.url(word, entry.pk),
            "shift_url": self.url(f"{word}_shift", entry.pk),
            "first": place == 0,
            "last": place == last,
        }


class SopList(EntryList):
    """Which problem gets which answer."""

    title, template = gettext_lazy("After-sales policies"), "aftersales/sops.html"
    help = gettext_lazy("What is proposed for which problem. Of several policies the first that fits counts.")

    def rows(self, entries: Any) -> list[dict[str, Any]]:
        """Prepare the policies with how often people followed them."""
        tallies = policies.tallies(self.shop, days=SPANS, now=self.now) if entries else {}
        none = tuple(policies.Tally() for _span in SPANS)
        return [
            self.row(one, place, len(entries) - 1)
            | {"problem": one.get_problem_display(), "proposal": _proposal(one), "coupon": one.coupon}
            | {"up_to": money.text(one.up_to, self.shop.currency) if one.up_to else "", "text": one.text}
            | {"tallies": [self._tally(one, *told) for told in zip(SPANS, tallies.get(one.pk, none), strict=True)]}
            for place, one in enumerate(entries)
        ]

    def extras(self) -> dict[str, Any]:
        """Offer the policies with which most shops begin."""
        return {"spans": SPANS, "defaults_url": self.url("sop_defaults")}

    def _tally(self, sop: Sop, span: int, tally: policies.Tally) -> dict[str, Any]:
        """Prepare what became of a policy's proposals, with the cases behind the numbers."""
        asked = {"policy": sop.pk, "opened": span}
        return {
            "span": span,
            "proposed": tally.proposed,
            "followed": tally.followed,
            "overridden": tally.overridden,
            "proposed_url": self.cases_url(**asked) if tally.proposed else "",
            "overridden_url": self.cases_url(**asked, decided="against") if tally.overridden else "",
        }


class CaseRuleList(EntryList):
    """Which new cases are accepted by themselves."""

    model, list_url = CaseRule, "case_rules"
    title, template = gettext_lazy("Rules for new cases"), "aftersales/case_rules.html"
    help = gettext_lazy("New cases that a rule fits are accepted by themselves. The first rule that fits counts.")

    def rows(self, entries: Any) -> list[dict[str, Any]]:
        """Prepare the rules with what they accepted last month."""
        accepted = self._accepted() if entries else {}
        return [
            self.row(one, place, len(entries) - 1)
            | {"name": one.name, "conditions": _conditions(one), "accepted": accepted.get(one.name, 0)}
            for place, one in enumerate(entries)
        ]

    def extras(self) -> dict[str, Any]:
        """Show the limit above which no rule accepts, and the cases that rules accepted."""
        limit = self.shop.policy.refund_limit
        return {
            "limit": money.text(limit, self.shop.currency) if limit is not None else "",
            "accepted_url": self.cases_url(decided="rule", opened=SPANS[0]),
        }

    def _accepted(self) -> dict[str, int]:
        """Count last month's cases by the rule that accepted them."""
        lately = Case.objects.for_shop(self.shop).filter(opened_at__gt=self.now - review_rules.MONTH)
        by_rule = lately.filter(~Q(decided_by_rule="")).order_by().values_list("decided_by_rule")
        return dict(by_rule.annotate(many=Count("pk")))


class EntryFormPage(EntryPage):
    """A form about one entry: shown, sent, and shown again with what was typed when something is wrong."""

    abstract = True
    form_class: ClassVar[type[EntryForm]] = SopForm

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show what is saved, or an empty form."""
        return self.answer(self.form_class(entry=self.entry(**kwargs)))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Save what was typed, or say what is wrong with it."""
        entry = self.entry(**kwargs)
        form = self.form_class(request.POST, entry=entry)
        if not form.is_valid() or not self.ready(form):
            return self.answer(form, status=422)
        try:
            self.keep(entry, form)
        except Refused as refused:
            form.add_error(None, str(refused.message))
            return self.answer(form, status=422)
        messages.success(request, _("Saved. It counts for cases from now on."))
        return HttpResponseRedirect(self.url(self.list_url))

    def entry(self, **kwargs: Any) -> Any:
        """Return the entry that the address names, or a new one."""
        return self.entry_of(kwargs["pk"]) if kwargs else self.model(shop=self.shop)

    def ready(self, form: Any) -> bool:
        """Say whether what was typed may be saved now."""
        return True

    def keep(self, entry: Any, form: Any) -> None:
        """Call the verb."""
        if entry.pk:
            policy_changes.change(entry, values=form.values(), seen=form.cleaned_data["seen"], by=self.actor)
        else:
            policy_changes.add(self.shop, self.model, values=form.values(), by=self.actor)

    def answer(self, form: Any, *, status: int = 200, **context: Any) -> HttpResponse:
        """Show the form; what it is compared with next is what is saved now."""
        entry = form.instance
        word = policy_changes.WORDS[self.model]
        remove = {"url": self.url(f"{word}_remove", entry.pk), "seen": form.initial["seen"]} if entry.pk else None
        return self.show(
            status=status,
            form=form,
            seen=form.initial["seen"],
            remove=remove,
            cancel_url=self.url(self.list_url),
            **context,
        )


class SopAdd(EntryFormPage):
    """Add a policy for a problem."""

    title, template = gettext_lazy("New after-sales policy"), "aftersales/sop_form.html"


class SopChange(EntryFormPage):
    """Change a policy for a problem, or remove it."""

    title, template = gettext_lazy("After-sales policy"), "aftersales/sop_form.html"


class CaseRuleFormPage(EntryFormPage):
    """A rule, with what it would have done last month; it is switched on only by somebody who has seen that."""

    abstract = True
    model, list_url, form_class = CaseRule, "case_rules", CaseRuleForm
    template = "aftersales/case_rule_form.html"

    def ready(self, form: Any) -> bool:
        """Hold back what was only to be tried, and what would be switched on unseen."""
        if "try" in self.request.POST:
            return False
        if form.cleaned_data["active"] and form.cleaned_data["tried"] != review_rules.mark(form.typed()):
            form.add_error(None, _("Look at what this rule would have done, then save once more to switch it on."))
            return False
        return True

    def answer(self, form: Any, *, status: int = 200, **context: Any) -> HttpResponse:
        """Show the form with last month's figures, where the conditions make sense."""
        rule = form.typed()
        sound = bool(rule.kinds) and not set(form.errors) - {"__all__"}
        if status == 422 and sound and "try" in self.request.POST:
            status = 200
        shown = self._trial(rule) if sound else {"trial": None, "tried": ""}
        return super().answer(form, status=status, **shown, **context)

    def _trial(self, rule: CaseRule) -> dict[str, Any]:
        """Prepare last month's figures, with the cases that come near the rule: the list can't ask all that it asks."""
        asked = {"kind": rule.kinds, "problem": rule.problems, "opened": SPANS[0]}
        if rule.most_amount is not None:
            asked["amount_to"] = rule.most_amount
        trial = review_rules.dry_run(rule)
        return {"trial": trial, "near_url": self.cases_url(**asked), "tried": review_rules.mark(rule)}


class CaseRuleAdd(CaseRuleFormPage):
    """Add a rule."""

    title = gettext_lazy("New rule for cases")


class CaseRuleChange(CaseRuleFormPage):
    """Change a rule, switch it on or off, or remove it."""

    title = gettext_lazy("Rule for new cases")


class EntryAct(ActPage, EntryPage):
    """A door for one verb on one entry."""

    abstract = True

    def find(self, **kwargs: Any) -> Any:
        """Return the entry of this shop."""
        return self.entry_of(kwargs["pk"])

    def after(self, record: Any) -> str:
        """Go back to the list."""
        return self.url(self.list_url)


class SopShift(EntryAct):
    """Move an entry one place up or down."""

    form_class, done = ShiftForm, gettext_lazy("The order is changed.")

    def act(self, record: Any, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        policy_changes.shift(record, up=data["to"] == "up", by=self.actor)
        return None


class CaseRuleShift(SopShift):
    """Move a rule one place up or down."""

    model, list_url = CaseRule, "case_rules"


class SopRemove(EntryAct):
    """Take an entry out of its list."""

    form_class, done = SeenForm, gettext_lazy("Removed. Cases keep what it said.")

    def act(self, record: Any, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        policy_changes.remove(record, seen=data["seen"], by=self.actor)
        return None


class CaseRuleRemove(SopRemove):
    """Take a rule out of the list."""

    model, list_url = CaseRule, "case_rules"


class SopDefaults(ActPage):
    """Take over the policies with which most shops begin."""

    permission, done = Perm.POLICIES_EDIT, gettext_lazy("These policies are yours now. Change what does not suit you.")

    def find(self, **kwargs: Any) -> Any:
        """Return the shop itself."""
        return self.shop

    def act(self, record: Any, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        policy_changes.use_defaults(record, by=self.actor)
        return None

    def after(self, record: Any) -> str:
        """Go back to the list."""
        return self.url("sops")


def _proposal(sop: Sop) -> str:
    """Say what a policy proposes, with its percentage."""
    label = str(Proposal(sop.proposal).label)
    return _("%(label)s: %(percent)s%%") % {"label": label, "percent": sop.percent} if sop.percent else label


def _conditions(rule: CaseRule) -> list[str]:
    """Say what must hold of a case, condition by condition."""
    said = [_labels(CaseKind, rule.kinds)]
    if rule.problems:
        said.append(_labels(Problem, rule.problems))
    if rule.most_amount is not None:
        said.append(_("up to %s") % money.text(rule.most_amount, rule.shop.currency))
    if rule.most_cases is not None:
        said.append(_("at most %s cases of the buyer in 30 days") % rule.most_cases)
    if rule.unshipped_only:
        said.append(_("only before shipping"))
    return said


def _labels(words: Any, codes: Iterable[str]) -> str:
    return _(" or ").join(str(words(code).label) for code in codes if code in words.values)
