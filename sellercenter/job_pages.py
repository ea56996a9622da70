"""Pages of jobs: what runs now (in the shell), all of them, and what became of each record of one."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from sellercenter import jobs, keyset
from sellercenter.columns import ChoiceColumn, ListTable, MadeColumn, NumberColumn, Setting, TimeColumn
from sellercenter.counts import capped_counts
from sellercenter.filters import Edge, LastDays, ListFilter, Range, Tab, Words
from sellercenter.filters import Text as TextFilter
from sellercenter.keyset import Cursor, Page, Sort
from sellercenter.lifecycle import Refused
from sellercenter.models import ItemState, Job, JobItem, JobState
from sellercenter.pages import ActPage, ShopPage, TablePage, Text
from sellercenter.permissions import Perm
from sellercenter.times import moment

MOST_IN_MENU = 5
MOST_REASONS = 20
RESULTS = 100
OVER = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


def label_of(job: Job) -> str:
    """Return what the job does, in the reader's language; its code when its kind was taken out."""
    kind = jobs.every_kind().get(job.kind)
    return str(kind.label) if kind else job.kind


def progress_of(job: Job) -> dict[str, Any]:
    """Prepare how far a job is."""
    state = JobState(job.state)
    stopping = job.stop_asked_at is not None and state not in OVER
    return {
        "label": label_of(job),
        "badge": {"code": state.value, "label": _("Being stopped") if stopping else state.label},
        "open": state not in OVER,
        "handled": job.handled,
        "total": job.total,
        "percent": job.handled * 100 // job.total if job.total else None,
    }


def _what(job: Job, at: Setting) -> str:
    return label_of(job)


def _how_far(job: Job, at: Setting) -> str:
    return f"{job.handled} / {job.total}" if job.total is not None else ""


class JobTable(ListTable):
    """The columns of the job list."""

    number = NumberColumn(gettext_lazy("No."), "pk", required=True)
    what = MadeColumn(gettext_lazy("Work"), _what, kind="text", required=True)
    state = ChoiceColumn(gettext_lazy("Status"), "state", JobState, badge=True)
    progress = MadeColumn(pgettext_lazy("job", "Records"), _how_far, kind="text")
    starter = MadeColumn(gettext_lazy("Started by"), lambda job, at: job.actor_label, kind="text")
    created = TimeColumn(gettext_lazy("Started"), "created_at", sort="created")
    finished = TimeColumn(gettext_lazy("Ended"), "finished_at")

    sorts = {"created": Sort("created_at", descending=True)}
    default_sort = "created"


class JobFilter(ListFilter):
    """By what jobs are looked for."""

    q = TextFilter(field_name="actor_label", lookup_expr="icontains", label=gettext_lazy("Started by"))
    state = Words(choices=JobState.choices, label=gettext_lazy("Status"))
    created = LastDays(field_name="created_at")
    created_from = Edge(field_name="created_at")
    created_to = Edge(field_name="created_at", upper=True)

    main = ("state", "created_range")
    ranges = {"created_range": Range(gettext_lazy("Started"), "created_from", "created_to", "created")}

    class Meta:
        model = Job
        fields: list[str] = []


class JobList(TablePage):
    """The long work of this shop that this person may see."""

    name, url_name, permission = "jobs", "job_list", Perm.ORDERS_VIEW
    title = gettext_lazy("Running and past work")
    queryset = Job.objects.all()
    filterset_class, table_class = JobFilter, JobTable
    tabs = (
        Tab("", gettext_lazy("All")),
        Tab("open", pgettext_lazy("job", "Running"), Q(state__in=[JobState.QUEUED, JobState.RUNNING])),
        Tab("done", JobState.DONE.label, Q(state=JobState.DONE)),
        Tab("failed", JobState.FAILED.label, Q(state=JobState.FAILED)),
        Tab("stopped", JobState.CANCELLED.label, Q(state=JobState.CANCELLED)),
    )

    def records(self) -> QuerySet:
        """Return the jobs that this person may see."""
        return super().records().filter(jobs.seen_by(self.actor))

    def counts(self) -> dict[str, int]:
        """Count what this person may see, and nothing else."""
        return capped_counts({tab.code: self.records().filter(tab.condition) for tab in self.tabs}, shop=self.shop)

    def link(self, record: Job) -> str:
        """Return the address of the job's page."""
        return self.url("job_detail", record.pk)

    def empty(self) -> dict[str, Any]:
        """Say what would stand here."""
        if self.filterset.active() or (self.tab and self.tab.code):
            return super().empty()
        text = _("What you do with many orders at once is shown here while it runs and afterwards.")
        return {"title": _("No long work yet."), "text": text, "actions": []}


def seen(page: ShopPage, pk: int) -> Job:
    """Return a job that the person at a page may see, or 404."""
    return get_object_or_404(Job.objects.for_shop(page.shop).filter(jobs.seen_by(page.actor)), pk=pk)


class JobPage(ShopPage):
    """What pages share that show how far a job is: that of the job, and that of a record that it is about."""

    abstract = True

    def progress(self, job: Job) -> dict[str, Any]:
        """Prepare how far the job is, and what this person can do about it."""
        at = self.setting
        may_touch = job.member_id == self.member.pk or self.actor.may(_right(job))
        started, ended = (
            moment(one, at.zone, this_year=at.year) for one in (job.started_at or job.created_at, job.finished_at)
        )
        again = job.state in OVER and bool(job.failed) and self.actor.may(_right(job))
        return {
            **progress_of(job),
            "url": self.url("job_detail", job.pk),
            "starter": job.actor_label,
            "started": started,
            "ended": ended,
            "error": job.error if job.state == JobState.FAILED else "",
            "counts": {"done": job.done, "skipped": job.skipped, "failed": job.failed},
            "stop_url": self.url("job_stop", job.pk)
            if may_touch and job.state not in OVER and not job.stop_asked_at
            else "",
            "repeat_url": self.url("job_repeat", job.pk) if again else "",
        }

    def asks_progress(self) -> bool:
        """Say whether htmx asks for the progress alone."""
        return self.request.headers.get("HX-Target") == "progress"

    def progress_alone(self, shown: dict[str, Any]) -> HttpResponse:
        """Answer with the progress; when the job has ended, htmx loads the whole page anew."""
        response = render(self.request, "parts/job_progress.html", {"job": shown})
        if not shown["open"]:
            response.headers["HX-Refresh"] = "true"
        return response


class JobDetail(JobPage):
    """One job: how far it is, and what became of each record."""

    permission = Perm.ORDERS_VIEW
    template = "sellercenter/job.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the page, its results or its progress alone when htmx asks; when the job ends, the whole page anew."""
        job = seen(self, pk)
        shown = self.progress(job)
        if self.asks_progress():
            return self.progress_alone(shown)
        results = self.results(job)
        if request.headers.get("HX-Target") == "list":
            return render(request, "parts/job_results.html", results)
        crumbs = [{"label": JobList.title, "url": self.url("job_list")}, {"label": f"{shown['label']} {job.pk}"}]
        reasons = self.reasons(job) if job.skipped or job.failed else []
        page = {"title": shown["label"], "breadcrumbs": crumbs}
        return self.show(page=page, job=shown, about_url=self.about(job), reasons=reasons, **results)

    def about(self, job: Job) -> str:
        """Return the address of the record that the whole job is about; empty when there is none."""
        kind = jobs.every_kind().get(job.kind)
        key = job.params.get("about")
        return self.url(kind.about_url, key) if kind and kind.about_url and key else ""

    def results(self, job: Job) -> dict[str, Any]:
        """Prepare one page of results and the ways to narrow them."""
        asked = self.request.GET.get("result", "")
        state = asked if asked in ItemState.values else ""
        found = JobItem.objects.filter(job=job, **({"state": state} if state else {}))
        page = self._page(found)
        kind = jobs.every_kind().get(job.kind)
        return {
            "filters": [self._filter(job, code, label, code == state) for code, label in _RESULTS.items()],
            "items": [self._item(item, kind) for item in page.rows],
            "pager": self._pager(page, state),
        }

    def _page(self, found: QuerySet) -> Page:
        sort, token = Sort("pk", type=int), self.request.GET.get("after", "")
        try:
            return keyset.fetch(found, sort, RESULTS, Cursor.read(token, sort) if token else None)
        except Refused:
            return Page([], None, None)

    def reasons(self, job: Job) -> list[dict[str, Any]]:
        """Count the reasons why records were left as they are, or failed; the most frequent first."""
        others = JobItem.objects.filter(job=job, state__in=[ItemState.SKIPPED, ItemState.FAILED])
        counted = others.order_by().values("message").annotate(count=Count("pk")).order_by("-count", "message")
        return [{"message": row["message"], "count": row["count"]} for row in counted[:MOST_REASONS]]

    def _filter(self, job: Job, code: str, label: Text, active: bool) -> dict[str, Any]:
        waiting = (job.total or 0) - job.handled
        many = {"": job.total or 0, ItemState.WAITING.value: waiting}.get(code)
        address = self.request.path
        return {
            "label": label,
            "count": str(getattr(job, code) if many is None else many),
            "url": f"{address}?result={code}" if code else address,
            "active": active,
            "code": code,
        }

    def _item(self, item: JobItem, kind: jobs.JobKind | None) -> dict[str, Any]:
        return {
            "label": str(item),
            "url": self.url(kind.record_url, item.ref) if kind and kind.record_url else "",
            "given": item.given,
            "badge": {"code": item.state, "label": ItemState(item.state).label},
            "message": item.message,
        }

    def _pager(self, page: Page, state: str) -> dict[str, str]:
        base = f"{self.request.path}?result={state}"
        return {
            "first_url": base if page.previous else "",
            "prev_url": f"{base}&after={page.previous.token()}" if page.previous else "",
            "next_url": f"{base}&after={page.next.token()}" if page.next else "",
            "from_text": _("%(shown)s on this page") % {"shown": len(page.rows)},
        }


_RESULTS: dict[str, Text] = {"": gettext_lazy("All"), **dict(ItemState.choices)}


def _right(job: Job) -> Perm:
    """Return the right that a job's kind needs."""
    kind = jobs.every_kind().get(job.kind)
    return kind.permission if kind else Perm.MEMBERS_MANAGE


class JobDoor(ActPage):
    """A verb on one job."""

    abstract = True

    def find(self, **kwargs: Any) -> Job:
        """Return the job of this shop that this person may see, or 404."""
        return seen(self, kwargs["pk"])

    def after(self, record: Job) -> str:
        """Go back to the job."""
        return self.url("job_detail", record.pk)


class JobStop(JobDoor):
    """Ask a job to stop."""

    permission = Perm.ORDERS_VIEW
    done = gettext_lazy("The work stops; what is done stays done.")

    def act(self, record: Job, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        jobs.ask_stop(record, by=self.actor)
        return None


class JobRepeat(JobDoor):
    """Repeat what failed."""

    permission = Perm.ORDERS_VIEW
    done = gettext_lazy("The work on what failed begins again.")
    again: Job | None = None

    def act(self, record: Job, data: dict[str, Any]) -> Text | None:
        """Call the verb."""
        self.again = jobs.repeat(record, by=self.actor, member=self.member)
        return None

    def after(self, record: Job) -> str:
        """Go to the new job."""
        return super().after(self.again or record)


class JobsNow(ShopPage):
    """The menu of the shell: what runs now, and what ended last."""

    permission = Perm.ORDERS_VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with the inside of the menu alone."""
        mine = Job.objects.for_shop(self.shop).filter(jobs.seen_by(self.actor))
        rows = [
            {
                **progress_of(job),
                "label": label_of(job),
                "url": self.url("job_detail", job.pk),
                "starter": job.actor_label,
            }
            for job in mine.order_by("-created_at", "-pk")[:MOST_IN_MENU]
        ]
        running = Job.objects.open().filter(member=self.member).count()
        shown = {**self.jobs_menu(running), "rows": rows, "fresh": True}
        return render(request, "parts/jobs_menu.html", {"jobs": shown})
