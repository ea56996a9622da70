"""Pages on the way to an export: which list, what exactly, which columns in which order, and templates of columns."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sellercenter import export_choices, exports, money, step_up
from sellercenter.counts import CAP, capped_counts
from sellercenter.export_choices import Choice
from sellercenter.export_forms import ExportForm
from sellercenter.exports import Layout, slots
from sellercenter.lifecycle import Refused
from sellercenter.models import ExportTemplate, FileForm
from sellercenter.pages import ActPage, ShopPage, Text
from sellercenter.permissions import Perm

HELP = {
    FileForm.XLSX: gettext_lazy("For people: numbers, money and times that can be counted with, and a sheet of notes."),
    FileForm.CSV: gettext_lazy(
        "For other programs and very long lists. Where a spreadsheet could take a text for a formula, "
        "an apostrophe stands before it."
    ),
}
# What is said at the field of the password.
_AT_PASSWORD = ("wrong_password", "too_many_passwords")


class ExportNew(ShopPage):
    """Ask for an export: a list sends its address here, and the form says what will become of it."""

    permission = Perm.EXPORTS_CREATE
    template = "sellercenter/export_new.html"
    title = gettext_lazy("New export")
    saving = False
    choice: Choice

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form for the list that was chosen; else the lists."""
        if not (key := request.GET.get("of", "")):
            return self.lists()
        try:
            self.choice = export_choices.choice_of(self, key)
            return self.begin(request.GET.get("template", ""), request.GET.get("days", ""))
        except Refused as refused:
            messages.error(request, str(refused.message))
            return self.lists()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take a list's address, or what its form says."""
        try:
            if "of" in request.POST:
                self.choice = export_choices.choice_of(self, request.POST["of"])
                return self.sent()
            if not (code := request.POST.get("source", "")):
                raise Refused(_("Choose a list first."), "no_source")
            key = export_choices.keep(self, code, request.POST.get("query", ""))
            return HttpResponseRedirect(f"{self.url('export_new')}?of={key}")
        except Refused as refused:
            messages.error(request, str(refused.message))
            return HttpResponseRedirect(self.url("export_new"))

    def lists(self) -> HttpResponse:
        """Show which lists can be exported."""
        found = [
            {"label": one.label, "code": one.code}
            for one in exports.every_source().values()
            if self.actor.may(one.permission)
        ]
        return self.show(page={"breadcrumbs": self.crumbs()}, sources=found, asked=None)

    def crumbs(self) -> list[dict[str, Any]]:
        """Return where one is."""
        return [{"label": _("Exports"), "url": self.url("export_list")}, {"label": self.title, "url": ""}]

    def begin(self, template: str, days: str) -> HttpResponse:
        """Show the form as a template has it, else as the person chose last time for this list."""
        chosen = next((one for one in self.templates if one.name and str(one.pk) == template), None)
        last = next((one for one in self.templates if not one.name), None)
        initial = {"days": days} if days in ("0", str(settings.EXPORT_WINDOW)) else {}
        return self.screen(self.form(template=chosen or last, initial=initial), template=chosen)

    def form(self, data: Any = None, **options: Any) -> ExportForm:
        """Return the form for the chosen list."""
        choice = self.choice
        return ExportForm(data, source=choice.source, windowed=choice.windowed, saving=self.saving, **options)

    def sent(self) -> HttpResponse:
        """Do what was asked for, or show the form again with what is wrong and all that was typed but the password."""
        form = self.form(self.request.POST)
        if form.is_valid():
            try:
                return self.act(form.cleaned_data)
            except Refused as refused:
                form.add_error("password" if refused.code in _AT_PASSWORD else None, str(refused.message))
        return self.screen(form, status=422)

    def act(self, data: dict[str, Any]) -> HttpResponse:
        """Ask for the export; raises Refused."""
        if data["private"]:
            self.actor.require(Perm.EXPORTS_PRIVATE)
            step_up.confirm(self.member, data["password"], before="private_export", by=self.actor)
        told = self.told(data)
        asked = {"query": self.choice.query, "days": data["days"], "private": data["private"], "reason": data["reason"]}
        with transaction.atomic():
            export = exports.ask(self.member, **told, **asked, by=self.actor)
            if data["name"]:
                exports.save_template(self.member, name=data["name"], shared=data["shared"], **told, by=self.actor)
        # The template without a name is the last choice; that it is remembered is a courtesy.
        with suppress(Refused):
            exports.save_template(self.member, name="", shared=False, **told, by=self.actor)
        export_choices.remember(self, export, self.choice)
        return HttpResponseRedirect(self.url("export_detail", export.pk))

    def told(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return what exports and templates have in common."""
        source = self.choice.source
        common = {"layout": source.layout(data["layout"]), "columns": data["columns"], "form": FileForm(data["form"])}
        return {"source": source, **common}

    @cached_property
    def templates(self) -> list[ExportTemplate]:
        """The templates for the list that this person sees, own and the team's, and the nameless last choice."""
        seen = Q(member=self.member) | Q(member=None)
        return list(ExportTemplate.objects.for_shop(self.shop).filter(seen, source=self.choice.source.code))

    @cached_property
    def counted(self) -> dict[int, int]:
        """How many rows the list shows, and how many of them lie in the window, up to the cap; raises Refused."""
        source, query = self.choice.source, self.choice.query
        spans = (0, settings.EXPORT_WINDOW) if self.choice.windowed else (0,)
        rows = {str(days): source.rows(self.shop, query, days=days, now=self.now) for days in spans}
        return {int(days): many for days, many in capped_counts(rows, shop=self.shop).items()}

    # --- What the page of the form shows ---

    def screen(self, form: ExportForm, *, template: ExportTemplate | None = None, status: int = 200) -> HttpResponse:
        """Show the form; raises Refused when the list's address makes no sense."""
        return self.show(
            status=status,
            page={"title": _("Export: %s") % self.choice.source.label, "breadcrumbs": self.crumbs()},
            asked=self._asked(),
            days=self._days(form),
            layouts=[self._layout(form, one) for one in self.choice.source.layouts],
            forms=[self._form(form, one) for one in (FileForm.XLSX, FileForm.CSV)],
            private=self._private(form),
            masked=self._has_private,
            templates=self._templates(template),
            may_share=self.actor.may(Perm.VIEWS_SHARE),
            save_url=self.url("export_template_save"),
            rule_url=self._rule_url(),
            form=form,
        )

    def _asked(self) -> dict[str, Any]:
        """Tell what will be in the file, in words."""
        source, query = self.choice.source, self.choice.query
        words, address = source.words(self.shop, query, self.now), self.url(source.url_name) if source.url_name else ""
        return {
            "of": self.choice.key,
            "url": self.url("export_new"),
            "label": source.label,
            "count": money.capped(self.counted[0], CAP),
            "chips": [{"label": label, "value": value} for label, value in words],
            "sort": source.sorted_by(query),
            "list_url": f"{address}?{query}" if address and query else address,
        }

    def _rule_url(self) -> str:
        """Lead to the same export made again and again; private words stay behind, as many see an address."""
        source = self.choice.source
        begun = {"source": source.code, "query": slots.lasting(source, self.choice.query)}
        return f"{self.url('export_rule_new')}?{urlencode(begun)}"

    def _days(self, form: ExportForm) -> list[dict[str, Any]]:
        """Offer the window and everything, when the list itself chooses no time."""
        if not self.choice.windowed:
            return []
        return [
            {
                "value": days,
                "label": _("The last %d days") % days if days else _("Everything that the list shows"),
                "count": money.capped(self.counted[days], CAP),
                "checked": str(form["days"].value()) == str(days),
            }
            for days in (settings.EXPORT_WINDOW, 0)
        ]

    def _layout(self, form: ExportForm, layout: Layout) -> dict[str, Any]:
        """Prepare a layout with its columns: the ticked ones in their order, then the others."""
        ticked, known = form.ticked(layout), {column.name: column for column in layout.columns}
        columns = [
            {
                "name": name,
                "label": known[name].label,
                "shown": name in ticked,
                "required": known[name].required,
                "private": known[name].opened is not None,
            }
            for name in dict.fromkeys((*ticked, *known))
        ]
        return {
            "code": layout.code,
            "label": layout.label,
            "help": layout.help,
            "checked": form["layout"].value() == layout.code,
            "many": len(columns),
            "columns": [] if layout.fixed else columns,
        }

    def _form(self, form: ExportForm, one: FileForm) -> dict[str, Any]:
        return {"value": one.value, "label": one.label, "help": HELP[one], "checked": form["form"].value() == one.value}

    @property
    def _has_private(self) -> bool:
        return any(one.has_private for one in self.choice.source.layouts)

    def _private(self, form: ExportForm) -> dict[str, Any] | None:
        """Offer private data in plain to those who may have it, where there is any."""
        if not self.actor.may(Perm.EXPORTS_PRIVATE) or not self._has_private:
            return None
        return {"checked": bool(form["private"].value()), "fields": [form["reason"], form["password"]]}

    def _templates(self, chosen: ExportTemplate | None) -> list[dict[str, Any]]:
        here = f"{self.url('export_new')}?of={self.choice.key}"
        may_share = self.actor.may(Perm.VIEWS_SHARE)
        return [
            {
                "label": one.name,
                "mine": one.member_id is not None,
                "url": f"{here}&template={one.pk}",
                "active": one == chosen,
                "delete_url": self.url("export_template_delete", one.pk) if one.member_id or may_share else "",
                "next": here,
            }
            for one in self.templates
            if one.name
        ]


class ExportTemplateSave(ExportNew):
    """Keep columns and form under a name, without asking for an export yet."""

    permission = Perm.EXPORTS_CREATE
    http_method_names = ["post", "options"]
    saving = True

    def act(self, data: dict[str, Any]) -> HttpResponse:
        """Call the verb and go back to the form; raises Refused."""
        told = self.told(data)
        saved = exports.save_template(self.member, name=data["name"], shared=data["shared"], **told, by=self.actor)
        messages.success(self.request, _("The template “%s” is saved.") % saved.name)
        here = f"{self.url('export_new')}?of={self.choice.key}"
        return HttpResponseRedirect(f"{here}&template={saved.pk}&days={data['days']}")


class ExportTemplateDelete(ActPage):
    """Delete a template."""

    permission = Perm.EXPORTS_CREATE
    done = gettext_lazy("The template is deleted.")

    def find(self, **kwargs: Any) -> ExportTemplate:
        """Return a template of this shop that this person sees, or 404."""
        seen = ExportTemplate.objects.for_shop(self.shop).filter(Q(member=self.member) | Q(member=None))
        return get_object_or_404(seen, **kwargs)

    def act(self, record: ExportTemplate, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        exports.delete_template(record, by=self.actor)
        return None

    def after(self, record: ExportTemplate) -> str:
        """Go to the choice of lists, when nobody says where one came from."""
        return self.url("export_new")
