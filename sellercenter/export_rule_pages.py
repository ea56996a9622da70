"""Pages of scheduled exports: all of them, a new one, and one with what it made and the doors of what can be done."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from sellercenter import exports
from sellercenter.export_lists import badges, what_label
from sellercenter.export_rule_forms import RuleForm
from sellercenter.exports import Layout, Source, rules, slots
from sellercenter.lifecycle import Refused
from sellercenter.models import Every, Export, ExportRule, FileForm, Member
from sellercenter.pages import ActPage, ShopPage, Text
from sellercenter.permissions import Perm, actor_for
from sellercenter.times import moment

# So many of a rule's newest files are shown.
SHOWN_FILES = 10


class RulePage(ShopPage):
    """What the pages of scheduled exports share: who sees which, and how one is told."""

    abstract = True
    permission = Perm.EXPORTS_CREATE

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The lists that this person may see, by their codes."""
        return {code: one for code, one in exports.every_source().items() if self.actor.may(one.permission)}

    def seen(self) -> Any:
        """Return the rules of this shop that this person may see: their own, and those about lists that they see."""
        rows = ExportRule.objects.for_shop(self.shop).select_related("member__user", "member__role")
        return rows.filter(Q(source__in=self.sources) | Q(member=self.member))

    def rule_of(self, pk: int) -> ExportRule:
        """Return a rule that this person may see, or 404."""
        rule: ExportRule | None = self.seen().filter(pk=pk).first()
        if rule is None:
            raise Http404("no such scheduled export in this shop")
        rule.shop = self.shop  # with its policy, read with the person
        return rule

    def told(self, rule: ExportRule) -> dict[str, Any]:
        """Prepare what a rule is."""
        source = exports.every_source().get(rule.source)
        return {
            "name": rule.name,
            "what": source.label if source else rule.source,
            "every": rule.get_every_display(),
            "hour": f"{rule.hour:02}:00",
            "who": rule.member.label,
            "next": moment(rule.next_at, self.setting.zone, this_year=self.setting.year),
            "state": self.state(rule),
            "stopped_because": rule.stopped_because,
            "url": self.url("export_rule_change", rule.pk),
        }

    def state(self, rule: ExportRule) -> dict[str, Any]:
        """Prepare whether a rule runs, as a badge."""
        if rule.stopped_because:
            return {"code": "late", "label": pgettext("export rule", "Stopped")}
        if rule.next_at is None:
            return {"code": "cancelled", "label": _("Paused")}
        if rule.failures:
            return {"code": "soon", "label": _("The last one failed")}
        return {"code": "completed", "label": _("Active")}

    def crumbs(self, label: Text) -> dict[str, Any]:
        """Return the page head of a page below the list of rules."""
        upper = [(_("Exports"), "export_list"), (_("Scheduled exports"), "export_rule_list")]
        return {
            "title": label,
            "breadcrumbs": [*({"label": one, "url": self.url(name)} for one, name in upper), {"label": label}],
        }

    def team(self, source: Source | None) -> list[tuple[Member, str]]:
        """Return the people of the shop, each with why they could not open a file of this list, or nothing."""
        people = Member.objects.for_shop(self.shop).active().select_related("user", "role")
        wanted = [Perm.EXPORTS_CREATE, *([source.permission] if source else [])]
        found = []
        for one in people:
            actor = actor_for(one)
            lost = next((right for right in wanted if not actor.may(right)), None)
            found.append((one, _("lacks the right “%s”") % lost.label if lost else ""))
        return found

    def chosen(self, keys: list[int], team: list[tuple[Member, str]]) -> list[Member]:
        """Return the people of these keys."""
        return [one for one, _why in team if one.pk in keys]


class RuleList(RulePage):
    """Every scheduled export of the shop that this person may see."""

    title, template = gettext_lazy("Scheduled exports"), "sellercenter/export_rules.html"
    help = gettext_lazy("Files that are made by themselves, with the rights that their owner has at that moment.")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the rules, and from which lists a new one can be made."""
        crumbs = [{"label": _("Exports"), "url": self.url("export_list")}, {"label": self.title}]
        new = self.url("export_rule_new")
        return self.show(
            page={"breadcrumbs": crumbs},
            rules=[self.told(rule) for rule in self.seen()],
            starts=[{"label": one.label, "url": f"{new}?source={code}"} for code, one in self.sources.items()],
        )


class RuleNew(RulePage):
    """A new scheduled export, of a list as it was filtered or of what an earlier export had."""

    title, template = gettext_lazy("New scheduled export"), "sellercenter/export_rule_form.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form; an export gives its list, filter, columns and form."""
        start = self._of_export(request.GET["export"]) if "export" in request.GET else request.GET
        try:
            source, layout = self._about(start)
            query = slots.lasting(source, start.get("query", ""))
            return self._answer(source, layout, query, self._form(source, layout, start))
        except Refused as refused:
            messages.error(request, str(refused.message))
            return HttpResponseRedirect(self.url("export_rule_list"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the rule, or say what is wrong with it."""
        try:
            source, layout = self._about(request.POST)
            query = slots.lasting(source, request.POST.get("query", ""))
        except Refused as refused:
            messages.error(request, str(refused.message))
            return HttpResponseRedirect(self.url("export_rule_list"))
        form = self._form(source, layout, request.POST, sent=True)
        if not form.is_valid():
            return self._answer(source, layout, query, form, status=422)
        try:
            rule = rules.add(
                self.member,
                source=source,
                layout=layout,
                query=query,
                readers=self.chosen(form.cleaned_data["readers"], self.team(source)),
                by=self.actor,
                **form.values(),
            )
        except Refused as refused:
            form.add_error(None, str(refused.message))
            return self._answer(source, layout, query, form, status=422)
        messages.success(request, _("Kept. It is made for the first time at the time shown below."))
        return HttpResponseRedirect(self.url("export_rule_change", rule.pk))

    def _about(self, asked: QueryDict) -> tuple[Source, Layout]:
        """Return the list and the layout that are asked for; raises Refused for those that this person can't have."""
        code = asked.get("source") or next(iter(self.sources), "")
        source = self.sources.get(code)
        if source is None:
            raise Refused(_("There is no list “%s” to export.") % code[:40], "unknown_source")
        return source, source.layout(asked.get("layout") or source.layouts[0].code)

    def _of_export(self, key: str) -> QueryDict:
        """Return what an earlier export had, as far as a rule keeps it."""
        found = Export.objects.for_shop(self.shop).select_related("job")
        export = found.filter(pk=int(key)).first() if key.isascii() and key.isdecimal() and len(key) < 19 else None
        if export is None or not exports.may_fetch(export, by=self.actor):
            raise Http404("no such export in this shop")
        told = {"source": export.source, "layout": export.layout, "form": export.form, "query": export.query}
        return QueryDict(urlencode({**told, "columns": export.columns}, doseq=True))

    def _form(self, source: Source, layout: Layout, start: QueryDict, *, sent: bool = False) -> RuleForm:
        forms = FileForm.values
        initial = {
            "name": f"{source.label}"[:40],
            "every": Every.DAY,
            "hour": 7,
            "form": start.get("form") if start.get("form") in forms else FileForm.XLSX,
            "readers": [self.member.pk],
        }
        told: dict[str, Any] = {
            "layout": layout,
            "chosen": start.getlist("columns"),
            "team": self.team(source),
            "initial": initial,
        }
        return RuleForm(start if sent else None, **told)

    def _answer(self, source: Source, layout: Layout, query: str, form: RuleForm, *, status: int = 200) -> HttpResponse:
        here = f"{self.url('export_rule_new')}?{urlencode({'source': source.code, 'query': query})}"
        return self.show(
            status=status,
            page=self.crumbs(self.title),
            form=form,
            about=about(self, source, query),
            kept=[("source", source.code), ("layout", layout.code), ("query", query)],
            layout={"label": layout.label, "help": layout.help},
            layouts=[
                {"label": one.label, "url": f"{here}&layout={one.code}"} for one in source.layouts if one is not layout
            ],
            cancel_url=self.url("export_rule_list"),
        )


def about(page: ShopPage, source: Source, query: str) -> dict[str, Any]:
    """Prepare what a rule exports: the list, its filter in words, and by which time its days are meant."""
    low, _high = slots.edges(source)
    return {
        "what": source.label,
        "words": source.words(page.shop, query, page.now),
        "time": str(page_label(source, low)) if low else "",
    }


def page_label(source: Source, name: str) -> Text:
    """Return the words of the time by which a list's days are meant."""
    joined = next((one for one in source.filterset_class.ranges.values() if one.low == name), None)
    return joined.label if joined else name


class RuleChange(RulePage):
    """One scheduled export: what it made, who is told, and for its owner the form to change it."""

    template = "sellercenter/export_rule.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the rule."""
        rule = self.rule_of(pk)
        return self._answer(rule, self._form(rule))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change the rule, or say what is wrong."""
        rule = self.rule_of(pk)
        form = self._form(rule, request.POST)
        if form is None:
            messages.error(request, _("Only its owner can change a scheduled export."))
            return self._answer(rule, form, status=422)
        if not form.is_valid():
            return self._answer(rule, form, status=422)
        readers = self.chosen(form.cleaned_data["readers"], self._team(rule))
        try:
            rules.change(rule, values=form.values(), readers=readers, by=self.actor)
        except Refused as refused:
            form.add_error(None, str(refused.message))
            return self._answer(rule, form, status=422)
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(self.url("export_rule_change", pk))

    def _team(self, rule: ExportRule) -> list[tuple[Member, str]]:
        return self.team(exports.every_source().get(rule.source))

    def _form(self, rule: ExportRule, data: QueryDict | None = None) -> RuleForm | None:
        """Return the form for the owner of the rule, while its list and layout are there."""
        source = exports.every_source().get(rule.source)
        layout = next((one for one in source.layouts if one.code == rule.layout), None) if source else None
        if layout is None or rule.member_id != self.member.pk:
            return None
        initial = {name: getattr(rule, name) for name in ("name", "every", "hour", "form")}
        readers = list(rule.readers.values_list("pk", flat=True))
        told: dict[str, Any] = {"layout": layout, "chosen": rule.columns, "team": self._team(rule)}
        return RuleForm(data, initial={**initial, "readers": readers}, **told)

    def _answer(self, rule: ExportRule, form: RuleForm | None, *, status: int = 200) -> HttpResponse:
        source, own = exports.every_source().get(rule.source), rule.member_id == self.member.pk
        may_end = own or self.actor.may(Perm.MEMBERS_MANAGE)
        doors = {
            "pause_url": may_end and rule.next_at is not None and "export_rule_pause",
            "resume_url": own and rule.next_at is None and "export_rule_resume",
            "run_url": own and "export_rule_run",
            "delete_url": may_end and "export_rule_delete",
        }
        why_not = {one.pk: why for one, why in self._team(rule)}
        return self.show(
            status=status,
            page=self.crumbs(rule.name),
            rule=self.told(rule),
            about=about(self, source, rule.query) if source else None,
            form=form,
            readers=[
                {"label": one.label, "why_not": why_not.get(one.pk, _("has left the shop"))}
                for one in rule.readers.all()
            ],
            files=[self._file(one) for one in rule.exports.order_by("-pk")[:SHOWN_FILES]],
            **{name: self.url(door, rule.pk) if door else "" for name, door in doors.items()},
        )

    def _file(self, export: Export) -> dict[str, Any]:
        return {
            "label": what_label(export),
            "url": self.url("export_detail", export.pk),
            "at": moment(export.created_at, self.setting.zone, this_year=self.setting.year),
            "badges": badges(export, self.now),
            "error": export.error,
        }


class RuleDoor(ActPage, RulePage):
    """A verb on one scheduled export."""

    abstract = True

    def find(self, **kwargs: Any) -> ExportRule:
        """Return the rule."""
        return self.rule_of(kwargs["pk"])

    def after(self, record: ExportRule) -> str:
        """Go back to the rule."""
        return self.url("export_rule_change", record.pk)


class RulePause(RuleDoor):
    """Let a rule rest."""

    done = gettext_lazy("It rests until you let it go on.")

    def act(self, record: ExportRule, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        rules.pause(record, by=self.actor)
        return None


class RuleResume(RuleDoor):
    """Let a rule go on."""

    done = gettext_lazy("It goes on at the time shown below.")

    def act(self, record: ExportRule, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        rules.resume(record, by=self.actor)
        return None


class RuleRun(RuleDoor):
    """Make a rule's export now."""

    done = gettext_lazy("The export is being written. It stands below.")

    def act(self, record: ExportRule, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        rules.run_now(record, by=self.actor)
        return None


class RuleDelete(RuleDoor):
    """Forget a rule; the files that it made stay."""

    done = gettext_lazy("The scheduled export is deleted. Its files stay until their time is over.")

    def act(self, record: ExportRule, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        rules.remove(record, by=self.actor)
        return None

    def after(self, record: ExportRule) -> str:
        """Go back to all of them."""
        return self.url("export_rule_list")
