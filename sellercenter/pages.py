"""Pages as declarations: a page is a class with a handful of attributes, and everything else is the same everywhere.

The order is always tenancy (404), then permission (403), then the page. A page that names no permission stops the
process at start-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import OperationalError
from django.db.models import Count, Func, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import View

from sellercenter import columns, keyset, money, navigation
from sellercenter.addresses import normal
from sellercenter.columns import ListTable, Setting
from sellercenter.counts import CAP, standing_counts
from sellercenter.exports import every_source
from sellercenter.filters import ListFilter, Tab
from sellercenter.keyset import Cursor, Page
from sellercenter.lifecycle import Refused
from sellercenter.locks import too_busy
from sellercenter.models import Job, ListLayout, Member, Notification, SavedView, Shop
from sellercenter.permissions import Actor, Perm, actor_for
from sellercenter.texts import Text

# A person's own open jobs, counted in the query that finds the person.
_OPEN_JOBS = (
    Job.objects.open().filter(member=OuterRef("pk")).order_by().values("member").annotate(n=Count("pk")).values("n")
)
_RUNNING = Coalesce(Subquery(_OPEN_JOBS), 0)
# What the person has not read, up to one more than the bell shows.
MOST_UNREAD = 99
_UNREAD = Func(
    ArraySubquery(Notification.objects.filter(member=OuterRef("pk"), read_at=None).values("pk")[: MOST_UNREAD + 1]),
    function="CARDINALITY",
    output_field=IntegerField(),
)


class ShopPage(View):
    """A page inside a shop. Subclasses say which `permission` opens it."""

    permission: ClassVar[Perm | None] = None
    abstract: ClassVar[bool] = True
    title: ClassVar[Text] = ""
    help: ClassVar[Text] = ""
    template: ClassVar[str] = ""
    request: HttpRequest
    member: Member
    shop: Shop
    actor: Actor

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.abstract = "abstract" in cls.__dict__ and bool(cls.__dict__["abstract"])
        if not cls.abstract and not isinstance(cls.permission, Perm):
            raise ImproperlyConfigured(f"{cls.__module__}.{cls.__name__} names no permission")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the shop, check the right, then run the page; private pages are never kept by a cache."""
        self.enter(kwargs.pop("shop"))
        self.actor.require(self.permission or "")
        response = super().dispatch(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    def enter(self, code: str) -> None:
        """Take the person's place in the shop; a shop they don't belong to does not exist for them."""
        member = next((one for one in self.memberships if one.shop.code == code), None)
        if member is None:
            raise Http404("no such shop")
        self.member, self.shop, self.actor = member, member.shop, actor_for(member)

    @cached_property
    def memberships(self) -> list[Member]:
        """The person's places in all shops, in one query."""
        members = list(self.member_query())
        for member in members:
            member.user = self.request.user  # type: ignore[assignment]
        return members

    def member_query(self) -> QuerySet[Member]:
        """Return the query for the person's places; lists add what they remember of the person."""
        mine = Member.objects.filter(user_id=self.request.user.pk or 0, disabled_at=None).annotate(
            jobs_running=_RUNNING, unread=_UNREAD
        )
        return mine.select_related("shop__policy", "role").order_by("shop__name", "pk")

    @cached_property
    def now(self) -> datetime:
        """The moment of this page, read once."""
        return timezone.now()

    @cached_property
    def setting(self) -> Setting:
        """What every prepared value of the page shares."""
        return Setting(self.shop, self.now)

    def url(self, name: str, *args: Any) -> str:
        """Return an address inside this shop."""
        return reverse(name, args=[self.shop.code, *args])

    def shell(self, **context: Any) -> dict[str, Any]:
        """Return the context of the shell with what the page adds."""
        page: dict[str, Any] = {"title": self.title, "help": self.help, "breadcrumbs": [], "actions": []}
        return {
            "shop": self.shop,
            "actor": {"label": self.actor.label, "role_label": self.member.role_label},
            "theme": self.request.user.theme,  # type: ignore[union-attr]
            "shops": [
                {"name": m.shop.name, "code": m.shop.code, "url": reverse("home", args=[m.shop.code])}
                | {"current": m.shop_id == self.shop.pk}
                for m in self.memberships
            ],
            **navigation.shown(self.shop, self.actor, self.request.get_full_path()),
            "search_url": self.url("order_list"),
            "jobs": self.jobs_menu(self.member.jobs_running),  # type: ignore[attr-defined]
            "bell": self.bell() if self.actor.may(Perm.ORDERS_VIEW) else None,
            **context,
            "page": page | context.get("page", {}),
        }

    def jobs_menu(self, running: int) -> dict[str, Any]:
        """Prepare the shell's menu of long work; what stands in it comes when it is opened."""
        return {"count": running, "url": self.url("jobs_now"), "list_url": self.url("job_list")}

    def bell(self) -> dict[str, Any]:
        """Prepare the shell's bell; the number comes with the query that finds the person."""
        unread = self.member.unread  # type: ignore[attr-defined]
        said = money.capped(unread, MOST_UNREAD) if unread else ""
        return {"url": self.url("notice_list"), "poll_url": self.url("notice_bell"), "unread": said}

    def show(self, *, status: int = 200, **context: Any) -> HttpResponse:
        """Answer with the page's template in the shell."""
        return render(self.request, self.template, self.shell(**context), status=status)

    def back(self, default: str) -> HttpResponseRedirect:
        """Return to the page the person came from, when that is ours."""
        target = self.request.POST.get("next", "")
        ours = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
        return HttpResponseRedirect(target if ours and target.startswith("/") else default)


class ActPage(ShopPage):
    """A door for one verb: POST only; what is refused is said in a message, and what was typed is lost."""

    abstract = True
    http_method_names = ["post", "options"]
    form_class: ClassVar[type[forms.Form] | None] = None
    done: ClassVar[Text] = ""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Check what was sent, run the verb, say what came of it."""
        record = self.find(**kwargs)
        form = self.sent()
        if form is not None and not form.is_valid():
            for error in (error for errors in form.errors.values() for error in errors):
                messages.error(request, str(error))
            return self.back(self.after(record))
        try:
            said = self.act(record, form.cleaned_data if form else {})
        except Refused as refused:
            messages.error(request, str(refused.message))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except OperationalError as error:
            if not too_busy(error):
                raise
            messages.error(request, _("Somebody else is changing this at the very moment. Try again."))
        else:
            messages.success(request, said or self.done)
        return self.back(self.after(record))

    def sent(self) -> forms.Form | None:
        """Return the form as it was sent; doors that take files add them."""
        return self.form_class(self.request.POST) if self.form_class else None

    def find(self, **kwargs: Any) -> Any:
        """Return the record of this shop that the address names, or 404."""
        raise NotImplementedError

    def act(self, record: Any, data: dict[str, Any]) -> Text | None:
        """Call the verb; may return the sentence to show instead of `done`."""
        raise NotImplementedError

    def after(self, record: Any) -> str:
        """Return the address to go to afterwards."""
        raise NotImplementedError


@dataclass(frozen=True)
class Bulk:
    """Something that can be done with many rows of a list: its words, the right, and the page with its first screen."""

    label: Text
    icon: str
    permission: Perm
    url_name: str
    danger: bool = False


class TablePage(ShopPage):
    """A filterable list with tabs, keyset pages, chosen columns and saved views; its whole state is the address."""

    abstract = True
    template = "pages/table.html"
    name: ClassVar[str] = ""
    url_name: ClassVar[str] = ""
    queryset: ClassVar[QuerySet]
    filterset_class: ClassVar[type[ListFilter]]
    table_class: ClassVar[type[ListTable]]
    tabs: ClassVar[Sequence[Tab]] = ()
    bulk: ClassVar[Sequence[Bulk]] = ()
    per_page: ClassVar[int] = 50

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with the whole page, or with the part alone that htmx asks to swap."""
        target = request.headers.get("HX-Target")
        if target == "more-filters-body":
            return render(request, "parts/filter_panel.html", {"groups": self.filterset.panel()})
        if target == "chooser":
            return render(request, "parts/chooser.html", {"chooser": self._chooser(*self.layout())})
        shown = self.listing()
        if target == "list":
            context = {**shown, "shop": self.shop, "page": {"title": self.title}}
            response = render(request, "pages/table_fragment.html", context)
        else:
            response = self.show(**shown)
        response.headers["Vary"] = "Cookie, Accept-Language, HX-Target"
        return response

    def member_query(self) -> QuerySet[Member]:
        """Bring the person's layout of this list along."""
        layout = ListLayout.objects.filter(member=OuterRef("pk"), page=self.name)
        return (
            super()
            .member_query()
            .annotate(layout=Subquery(layout.values(kept=JSONObject(columns="columns", dense="dense"))[:1]))
        )

    def records(self) -> QuerySet:
        """Return every record of the shop that this list may show."""
        return self.queryset.all().for_shop(self.shop)  # type: ignore[attr-defined]

    def link(self, record: Any) -> str:
        """Return the address of a record's own page."""
        raise NotImplementedError

    def fetch(self, rows: QuerySet, sort: keyset.Sort, cursor: Cursor | None) -> Page:
        """Return one page of the rows; lists with a search of their own take over here."""
        return keyset.fetch(rows, sort, self.per_page, cursor)

    def narrow(self, rows: QuerySet) -> QuerySet:
        """Apply what a list knows besides tabs and filters."""
        return rows

    def empty(self) -> dict[str, Any]:
        """Say why the list is empty and what to do next."""
        if self.filterset.active() or self.request.GET.get("list"):
            clear = {"label": _("Clear the filters"), "url": self.here(drop=[*self.filterset.filters, "after", "list"])}
            return {
                "title": _("Nothing matches."),
                "text": _("Loosen a filter, or clear them all."),
                "actions": [clear],
            }
        return {"title": _("Nothing here."), "text": "", "actions": []}

    @cached_property
    def filterset(self) -> ListFilter:
        """The filters as the address has them."""
        return self.filterset_class(self.request.GET, self.records(), shop=self.shop, now=self.now)

    @cached_property
    def tab(self) -> Tab | None:
        """The tab that the address names; an unknown word gives None and is a problem."""
        code = self.request.GET.get("tab", "")
        return next((tab for tab in self.tabs if tab.code == code), None)

    @cached_property
    def sort_word(self) -> str:
        """The order that the address names, such as `-placed`."""
        table = self.table_class
        return self.request.GET.get("sort") or columns._first(table, table.default_sort)

    def sort(self) -> keyset.Sort:
        """Return how to order the list; raises Refused for a word that is no sort order."""
        word = self.sort_word.lstrip("-")
        declared = self.table_class.sorts.get(word)
        if declared is None or self.sort_word not in (word, f"-{word}"):
            raise Refused(_("“%s” is not a way to sort this list.") % self.sort_word[:40], "bad_sort")
        return keyset.Sort(declared.field, self.sort_word.startswith("-"), declared.nullable, declared.type)

    def page(self) -> tuple[Page, list[dict[str, str]]]:
        """Return one page and no problems, or an empty page and what is wrong with the address."""
        problems = self.filterset.problems()
        if self.tabs and self.tab is None:
            problems.append({"label": _("Tab"), "message": _("There is no tab of this name.")})
        if not problems:
            try:
                sort = self.sort()
                token = self.request.GET.get("after", "")
                cursor = Cursor.read(token, sort) if token else None
                rows = self.narrow(self.filterset.rows().filter(self.tab.condition if self.tab else Q()))
                return self.fetch(rows, sort, cursor), []
            except Refused as refused:
                problems.append({"label": str(self.title), "message": str(refused.message)})
        return Page([], None, None), problems

    def listing(self) -> dict[str, Any]:
        """Return everything that the list's template shows."""
        page, problems = self.page()
        names, dense = self.layout()
        filters = self.filterset.shown(self.here, ("tab", "sort", "cols", "list"))
        filters["errors"] = problems
        if self.request.GET.get("panel") == "filters":
            filters["groups"] = self.filterset.panel()
        heads = columns.heads(
            self.table_class, names, self.sort_word, lambda word: self.here(drop=["after"], sort=word)
        )
        html = columns.render(
            *(self.table_class, page.rows, self.setting),
            names=names,
            columns=heads,
            link=self.link,
            caption=str(self.title),
            dense=dense,
            ticks=any(self.actor.may(one.permission) for one in self.bulk),
        )
        counts = self.counts()
        return {
            "tabs": [self._tab(tab, counts) for tab in self.tabs],
            "filters": filters,
            "search_value": self.request.GET.get("q", ""),
            "table": {"caption": self.title, "html": html, "rows": page.rows, "empty": self.empty()},
            "pager": self._pager(page, counts),
            **self._bulk(counts),
            "views": self.views(),
            "chooser": self._chooser(names, dense),
            "export": self._export(),
            **self.extras(),
        }

    def extras(self) -> dict[str, Any]:
        """Return what one list shows besides."""
        return {}

    def counts(self) -> dict[str, int]:
        """Count every tab up to the cap, all in one query."""
        return standing_counts(type(self).tab_rows, shop=self.shop)

    @classmethod
    def tab_rows(cls, shop: Shop) -> dict[str, QuerySet]:
        """Return the rows of every counted tab."""
        plain = cls.queryset.model._default_manager.for_shop(shop)  # type: ignore[attr-defined]
        return {tab.code: plain.filter(tab.condition) for tab in cls.tabs if tab.counted}

    def layout(self) -> tuple[list[str], bool]:
        """Return the columns to show, from the address, else as the person keeps them, and the density."""
        kept = getattr(self.member, "layout", None) or {}
        asked = [name for name in self.request.GET.get("cols", "").split(",") if name]
        return self.table_class.names(asked or kept.get("columns", ())), bool(kept.get("dense"))

    def _export(self) -> dict[str, str] | None:
        """Offer to export the list, to those who may, when it is one that can be exported."""
        source = next((one for one in every_source().values() if one.url_name == self.url_name), None)
        if source is None or not self.actor.may_all([Perm.EXPORTS_CREATE, source.permission]):
            return None
        return {"url": self.url("export_new"), "source": source.code}

    def views(self) -> dict[str, Any]:
        """Return the saved views that this person sees, own and the team's."""
        own = Q(member=self.member) | Q(member=None)
        found = (
            SavedView.objects.for_shop(self.shop)
            .filter(own, page=self.name)
            .only("name", "query", "member", "created_by")
        )
        here = normal(self.here(drop=["after"]).partition("?")[2])
        may_share = self.actor.may(Perm.VIEWS_SHARE)
        prepared = [
            {
                "label": view.name,
                "url": f"{self.request.path}?{view.query}",
                "active": normal(view.query) == here,
                "delete_url": self.url(f"{self.url_name}_view_delete", view.pk) if view.member_id or may_share else "",
                "mine": view.member_id is not None,
            }
            for view in found
        ]
        return {
            "personal": [view for view in prepared if view["mine"]],
            "team": [view for view in prepared if not view["mine"]],
            "can_share": may_share,
            "save_url": self.url(f"{self.url_name}_view_save"),
            "current_query": here,
        }

    def here(self, *, drop: Sequence[str] = (), **put: str) -> str:
        """Return this list's address with some parts dropped and others put."""
        query = self.request.GET.copy()
        for name in (*drop, "panel"):
            query.pop(name, None)
        for name, value in put.items():
            query[name] = value
        text = query.urlencode()
        return f"{self.request.path}?{text}" if text else self.request.path

    def _bulk(self, counts: dict[str, int]) -> dict[str, Any]:
        """Prepare what this person may do with many rows; all that match are meant by the address, not row by row."""
        permitted = [
            {"label": one.label, "icon": one.icon, "url": self.url(one.url_name), "danger": one.danger}
            for one in self.bulk
            if self.actor.may(one.permission)
        ]
        total = self._total(counts)
        number = {"n": money.capped(total, CAP)} if total is not None else {}
        return {"bulk": permitted, "bulk_all": _("All %(n)s that match") % number if number else _("All that match")}

    def _total(self, counts: dict[str, int]) -> int | None:
        """Return the length of the list, where the counts of the tabs tell it."""
        plain = not self.filterset.active() and not self.request.GET.get("list")
        return counts.get(self.tab.code) if self.tab and plain else None

    def _tab(self, tab: Tab, counts: dict[str, int]) -> dict[str, Any]:
        return {
            "label": tab.label,
            "code": tab.code,
            "count": money.capped(counts[tab.code], CAP) if tab.counted else "",
            "url": self.here(drop=["after", "tab"], **({"tab": tab.code} if tab.code else {})),
            "active": tab is self.tab,
        }

    def _pager(self, page: Page, counts: dict[str, int]) -> dict[str, str]:
        total, shown = self._total(counts), len(page.rows)
        if total is not None:
            said = _("%(shown)s of %(total)s") % {"shown": shown, "total": money.capped(total, CAP)}
        else:
            more = page.next is not None or page.previous is not None
            said = _("%(shown)s on this page") % {"shown": shown} if more else _("%(shown)s found") % {"shown": shown}
        return {
            "first_url": self.here(drop=["after"]) if page.previous else "",
            "prev_url": self.here(after=page.previous.token()) if page.previous else "",
            "next_url": self.here(after=page.next.token()) if page.next else "",
            "from_text": said,
        }

    def _chooser(self, names: list[str], dense: bool) -> dict[str, Any]:
        every = names + [name for name in self.table_class.base_columns if name not in names]
        shown = [(name, self.table_class.column(name)) for name in every]
        return {
            "url": self.url(f"{self.url_name}_layout"),
            "density": "compact" if dense else "cosy",
            "ask_url": self.here(panel="columns"),
            "open": self.request.GET.get("panel") == "columns",
            "columns": [
                {"name": name, "label": column.verbose_name, "shown": name in names, "required": column.required}
                for name, column in shown
            ],
        }
