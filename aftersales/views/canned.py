"""Canned replies: what the team has, and the forms to add and change them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aftersales import canned
from aftersales.models import CannedReply
from aftersales.talk_forms import CannedForm
from sellercenter.columns import labels
from sellercenter.lifecycle import Refused
from sellercenter.pages import ActPage, ShopPage, Text
from sellercenter.permissions import Perm


class CannedPage(ShopPage):
    """What the pages of canned replies share."""

    abstract = True

    def canned_of(self, pk: int) -> CannedReply:
        """Return the canned reply of this shop, or 404."""
        return get_object_or_404(CannedReply.objects.for_shop(self.shop).select_related("shop"), pk=pk)

    def trail(self, label: Text) -> list[dict[str, Any]]:
        """Return the way from the messages to here."""
        up = [{"label": _("Messages"), "url": self.url("conversation_list")}]
        return [*up, {"label": _("Canned replies"), "url": self.url("canned_list")}, {"label": label, "url": ""}]


class CannedList(CannedPage):
    """Every canned reply of the shop, and a form for one more."""

    permission = Perm.MESSAGES_ANSWER
    title, template = gettext_lazy("Canned replies"), "aftersales/canned.html"
    help = gettext_lazy("Words for messages, reviews and cases; a shortcut puts them in.")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show them all."""
        return self._answer(CannedForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep one more, or show what is wrong with it."""
        form = CannedForm(request.POST)
        if form.is_valid():
            try:
                canned.add(self.shop, by=self.actor, **form.cleaned_data)
            except Refused as refused:
                form.add_error("shortcut" if refused.code != "bad_words" else "body", str(refused.message))
            else:
                messages.success(request, _("The canned reply is kept."))
                return HttpResponseRedirect(self.url("canned_list"))
        return self._answer(form, status=422)

    def _answer(self, form: CannedForm, *, status: int = 200) -> HttpResponse:
        use = labels(CannedReply.Use)
        rows = [
            {"use": use[one.use], "shortcut": one.shortcut, "body": one.body, "url": self.url("canned_change", one.pk)}
            for one in CannedReply.objects.for_shop(self.shop)
        ]
        crumbs = [*self.trail("")[:1], {"label": self.title, "url": ""}]
        return self.show(status=status, page={"breadcrumbs": crumbs}, rows=rows, form=form)


class CannedChange(CannedPage):
    """Change the words or the shortcut of one canned reply, or delete it."""

    permission = Perm.MESSAGES_ANSWER
    template = "sellercenter/member_form.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the form."""
        one = self.canned_of(pk)
        return self._answer(one, CannedForm(initial={"use": one.use, "shortcut": one.shortcut, "body": one.body}))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change it, or show what is wrong."""
        one, form = self.canned_of(pk), CannedForm(request.POST)
        if form.is_valid():
            try:
                canned.change(one, by=self.actor, **form.cleaned_data)
            except Refused as refused:
                form.add_error("shortcut" if refused.code != "bad_words" else "body", str(refused.message))
            else:
                messages.success(request, _("The canned reply is kept."))
                return HttpResponseRedirect(self.url("canned_list"))
        return self._answer(one, form, status=422)

    def _answer(self, one: CannedReply, form: CannedForm, *, status: int = 200) -> HttpResponse:
        remove = {
            "label": _("Delete"),
            "title": _("Delete /%s?") % one.shortcut,
            "text": _("What was sent with it stays as it is."),
            "url": self.url("canned_remove", one.pk),
        }
        page = {"title": f"/{one.shortcut}", "breadcrumbs": self.trail(f"/{one.shortcut}")}
        leave = self.url("canned_list")
        return self.show(status=status, page=page, form=form, submit_label=_("Save"), cancel_url=leave, danger=remove)


class CannedRemove(ActPage):
    """Delete a canned reply."""

    permission, done = Perm.MESSAGES_ANSWER, gettext_lazy("The canned reply is deleted.")

    def find(self, **kwargs: Any) -> CannedReply:
        """Return the canned reply of this shop, or 404."""
        return get_object_or_404(CannedReply.objects.for_shop(self.shop).select_related("shop"), pk=kwargs["pk"])

    def act(self, record: CannedReply, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        canned.remove(record, by=self.actor)
        return None

    def after(self, record: CannedReply) -> str:
        """Go back to the others."""
        return self.url("canned_list")
