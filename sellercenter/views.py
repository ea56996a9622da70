"""Pages of the platform: entering and leaving, choosing a shop, how one reads, and the people of a shop."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.i18n import set_language as django_set_language

from sellercenter import accounts, shops, times
from sellercenter.forms import MemberForm, PasswordForm, RoleForm, ThemeForm
from sellercenter.lifecycle import Refused
from sellercenter.models import Member
from sellercenter.navigation import Place
from sellercenter.pages import ActPage, ShopPage, Text
from sellercenter.permissions import Perm

PLACES = [
    Place(gettext_lazy("Settings"), gettext_lazy("Members"), "member_list", "users", Perm.MEMBERS_MANAGE),
    Place(gettext_lazy("Settings"), gettext_lazy("Exports"), "export_list", "file-export", Perm.EXPORTS_CREATE),
    Place(gettext_lazy("Settings"), gettext_lazy("Imports"), "import_list", "file-import", Perm.IMPORTS_RUN),
    Place(gettext_lazy("Settings"), gettext_lazy("Running and past work"), "job_list", "bolt", Perm.ORDERS_VIEW),
    Place(gettext_lazy("Settings"), gettext_lazy("Operation log"), "log_list", "history", Perm.LOG_VIEW),
]


class Login(auth.LoginView):
    """Let a person in, and speak the language that they chose last time."""

    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        """Bring the language cookie in step with the account."""
        response = super().form_valid(form)
        language = form.get_user().language
        if language:
            _set_language_cookie(response, language)
        return response


def _set_language_cookie(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 86400,
        secure=settings.HTTPS,
        samesite="Lax",
    )


def shop_choice(request: HttpRequest) -> HttpResponse:
    """Open the only shop, or let the person choose among several."""
    members = (
        Member.objects.active()
        .filter(user_id=request.user.pk or 0)
        .select_related("shop", "role")
        .order_by("shop__name")
    )
    if len(members) == 1:
        return HttpResponseRedirect(reverse("home", args=[members[0].shop.code]))
    prepared = [
        {
            "name": one.shop.name,
            "code": one.shop.code,
            "url": reverse("home", args=[one.shop.code]),
            "currency": one.shop.currency,
            "time_zone": one.shop.time_zone,
            "role_label": one.role_label,
            "accent": one.shop.accent,
        }
        for one in members
    ]
    return render(request, "sellercenter/shop_choice.html", {"shops": prepared})


@require_POST
@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Change the language at once, and keep it with the account of whoever is logged in."""
    language = request.POST.get("language", "")
    known = language in dict(settings.LANGUAGES) and check_for_language(language)
    if known and request.user.is_authenticated:
        accounts.choose_language(request.user, language)
    return django_set_language(request)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Change between light, dark and the device's own."""
    form = ThemeForm(request.POST)
    if form.is_valid() and request.user.is_authenticated:
        accounts.choose_theme(request.user, form.cleaned_data["theme"])
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return HttpResponseRedirect(target if ours else reverse("shop_choice"))


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what to do when a form is too old or came from elsewhere."""
    return render(request, "403.html", {"csrf": True}, status=403)


class MemberPage(ShopPage):
    """What the pages about people share."""

    abstract = True
    permission = Perm.MEMBERS_MANAGE

    def member_of(self, pk: int) -> Member:
        """Return a member of this shop, or 404."""
        return get_object_or_404(Member.objects.for_shop(self.shop).select_related("user", "role", "shop"), pk=pk)

    def trail(self, label: Text) -> dict[str, Any]:
        """Return the page head of a page below the list of people."""
        crumbs = [{"label": _("Members"), "url": self.url("member_list")}, {"label": label, "url": ""}]
        return {"title": label, "breadcrumbs": crumbs}


class MemberList(MemberPage):
    """The people of the shop: who they are, what they may do, who is switched off."""

    permission = Perm.MEMBERS_MANAGE
    title, template = gettext_lazy("Members"), "sellercenter/members.html"
    help = gettext_lazy("Sub-accounts of this shop and what each of them may do.")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show everybody, the owner first."""
        team = Member.objects.for_shop(self.shop).select_related("user", "role")
        return self.show(members=[self._row(one) for one in team], add_url=self.url("member_add"))

    def _row(self, one: Member) -> dict[str, Any]:
        manageable = shops.manageable(one, by=self.actor)
        return {
            "name": one.label,
            "username": one.user.username,
            "role": one.role_label,
            "owner": one.owner,
            "disabled": not one.active,
            "last_login": times.moment(one.user.last_login, self.setting.zone, this_year=self.setting.year),
            "edit_url": self.url("member_change", one.pk) if manageable else "",
            "you": one.pk == self.member.pk,
        }


class MemberFormPage(MemberPage):
    """A form about a person: shown, sent, and shown again with what was typed when something is wrong."""

    abstract = True
    template = "sellercenter/member_form.html"

    def answer(self, form: forms.Form, *, status: int = 200, **context: Any) -> HttpResponse:
        """Show the form."""
        return self.show(status=status, form=form, cancel_url=self.url("member_list"), **context)

    def try_verb(self, form: forms.Form, verb: Any) -> bool:
        """Run the verb; put what it says against the form's fields."""
        try:
            verb()
        except Refused as refused:
            form.add_error(None, str(refused.message))
        except ValidationError as error:
            if hasattr(error, "error_dict"):
                for name, errors in error.error_dict.items():
                    form.add_error(name if name in form.fields else None, errors)
            else:
                form.add_error("password" if "password" in form.fields else None, error)
        return form.is_valid()


class MemberAdd(MemberFormPage):
    """Add a sub-account."""

    permission = Perm.MEMBERS_MANAGE

    def form(self, data: Any = None) -> MemberForm:
        """Offer the roles that this person may give."""
        return MemberForm(data, roles=shops.grantable_roles(self.shop, by=self.actor))

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the empty form."""
        return self._answer(self.form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Create the sub-account."""
        form = self.form(request.POST)
        if form.is_valid() and self.try_verb(
            form, lambda: shops.add_member(self.shop, **form.cleaned_data, by=self.actor)
        ):
            messages.success(request, _("%s can sign in now.") % form.cleaned_data["label"])
            return HttpResponseRedirect(self.url("member_list"))
        return self._answer(form, status=422)

    def _answer(self, form: MemberForm, *, status: int = 200) -> HttpResponse:
        return self.answer(
            form, status=status, page=self.trail(_("Add a person")), submit_label=_("Create sub-account")
        )


class MemberChange(MemberFormPage):
    """Give a sub-account another role, a new password, or switch it off or on."""

    permission = Perm.MEMBERS_MANAGE
    template = "sellercenter/member_change.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the member's role."""
        member = self.member_of(pk)
        roles = shops.grantable_roles(self.shop, by=self.actor)
        return self._answer(member, RoleForm(initial={"role": member.role_id}, roles=roles))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change the role."""
        member = self.member_of(pk)
        form = RoleForm(request.POST, roles=shops.grantable_roles(self.shop, by=self.actor))
        if form.is_valid() and self.try_verb(
            form, lambda: shops.change_role(member, role=form.cleaned_data["role"], by=self.actor)
        ):
            messages.success(request, _("The role of %s is changed.") % member.label)
            return HttpResponseRedirect(self.url("member_list"))
        return self._answer(member, form, status=422)

    def _answer(self, member: Member, form: RoleForm, *, status: int = 200) -> HttpResponse:
        return self.answer(
            form,
            status=status,
            page=self.trail(member.label),
            submit_label=_("Change role"),
            member={
                "name": member.label,
                "username": member.user.username,
                "disabled": not member.active,
                "manageable": shops.manageable(member, by=self.actor),
                "password_url": self.url("member_password", member.pk),
                "switch_url": self.url("member_disable" if member.active else "member_enable", member.pk),
            },
            password_form=PasswordForm(),
        )


class MemberAct(ActPage, MemberPage):
    """A verb on one member."""

    abstract = True
    permission = Perm.MEMBERS_MANAGE

    def find(self, **kwargs: Any) -> Member:
        """Return the member of this shop."""
        return self.member_of(kwargs["pk"])

    def after(self, record: Member) -> str:
        """Go back to the list of people."""
        return self.url("member_list")


class MemberDisable(MemberAct):
    """Switch a sub-account off."""

    permission = Perm.MEMBERS_MANAGE

    def act(self, record: Member, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        shops.disable(record, by=self.actor)
        return _("%s can't enter this shop any more.") % record.label


class MemberEnable(MemberAct):
    """Switch a sub-account on again."""

    permission = Perm.MEMBERS_MANAGE

    def act(self, record: Member, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        shops.enable(record, by=self.actor)
        return _("%s can enter this shop again.") % record.label


class MemberPassword(MemberAct):
    """Give a sub-account a new password."""

    permission = Perm.MEMBERS_MANAGE
    form_class = PasswordForm

    def act(self, record: Member, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        shops.set_password(record, password=data["password"], by=self.actor)
        return _("%s has a new password.") % record.label


class PasswordChange(auth.PasswordChangeView):
    """Let a person change their own password."""


class PasswordChangeDone(auth.PasswordChangeDoneView):
    """Say that the password is changed."""
