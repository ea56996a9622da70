"""The runner of jobs: each record exactly once, whoever dies, stops or loses a right on the way."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connections
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected

from sellercenter import events, jobs, shops
from sellercenter.crash import KILLED
from sellercenter.jobs import JobKind, kinds, runner
from sellercenter.lifecycle import Refused
from sellercenter.models import ItemState, Job, JobItem, JobState, Member, Role
from sellercenter.permissions import SYSTEM, Perm
from tests import crashing
from tests.conftest import fresh, told
from tests.together import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def prepare(job):
    """Write as many items as the test asks for."""
    return jobs.fill_from(job, [(i, f"record {i}", "") for i in range(job.params["records"])])


def load(job, refs):
    return {ref: f"record {ref}" for ref in refs if ref not in job.params.get("gone", ())}


def act(job, item, record, by):
    """Leave a visible effect: an event on the shop that names the record."""
    assert record == item.label
    if item.ref in job.params.get("refuses", ()):
        raise Refused(_("Unpaid"), "not_now")
    if item.ref in job.params.get("breaks", ()):
        raise RuntimeError("a private word")
    if item.ref in job.params.get("denied", ()):
        raise PermissionDenied("no")
    events.record(job.shop, "shop.worked", job, by=by, ref=item.ref)


def run(job, by, progress):
    for done in (1, 2, 3):
        progress.tell(done, 3)
        if job.params.get("raises"):
            raise RuntimeError("a private word")
    return {"rows": 3}


KINDS = [
    JobKind("test.records", "Some records", Perm.ORDERS_MARK, prepare, load, act),
    JobKind("test.whole", "One whole", Perm.ORDERS_VIEW, run=run),
]


@pytest.fixture(autouse=True)
def kinds_of_this_test(settings):
    """Declare the kinds of this file beside the real ones."""
    settings.JOB_KINDS = [*settings.JOB_KINDS, f"{__name__}.KINDS"]
    kinds.every_kind.cache_clear()
    yield
    kinds.every_kind.cache_clear()


def wanted(person, kind="test.records", **params):
    params = {"records": 60, **params} if kind == "test.records" else params
    return jobs.create(person.member.shop, kind, params=params, by=person.actor, member=person.member)


def done_to(job):
    """Return on which records there was an effect, in order and with repetitions."""
    return sorted(event.data["ref"] for event in events.of(job).filter(kind="shop.worked"))


def states(job):
    return list(job.items.order_by("ref").values_list("state", flat=True))


def counts(job):
    job = fresh(job)
    return job.state, job.total, job.done, job.skipped, job.failed


def lease_is_over(job):
    Job.objects.filter(pk=job.pk).update(lease_until=Now() - timedelta(seconds=1))


def test_a_job_does_each_record_once_and_says_so(owner):
    job = wanted(owner)
    assert counts(job) == (JobState.QUEUED, None, 0, 0, 0)
    assert jobs.run_some(1000) == 60
    assert counts(job) == (JobState.DONE, 60, 60, 0, 0)
    assert done_to(job) == list(range(60))
    assert set(states(job)) == {ItemState.DONE}
    assert (told(job)[0], told(job)[-1]) == ("job.created", "job.ended")
    assert jobs.run_some(1000) == 0


def test_each_record_is_committed_before_the_next_one_begins(owner, monkeypatch):
    job, seen = wanted(owner, records=3), []

    def look():
        seen.append(done_to(job))
        connections.close_all()

    def looking(job, item, record, by):
        other = threading.Thread(target=look)
        other.start()
        other.join()
        act(job, item, record, by)

    kind = JobKind("test.records", "", Perm.ORDERS_MARK, prepare, load, looking)
    monkeypatch.setitem(kinds.every_kind(), kind.code, kind)
    jobs.run_some(1000)
    assert (seen, done_to(job)) == ([[], [0], [0, 1]], [0, 1, 2])


def test_a_record_that_lost_a_deadlock_is_done_all_the_same(owner, monkeypatch):
    job, tries = wanted(owner, records=2), []

    def losing(job, item, record, by):
        act(job, item, record, by)
        tries.append(item.ref)
        if len(tries) == 1:
            raise OperationalError("deadlock detected") from DeadlockDetected()

    kind = JobKind("test.records", "", Perm.ORDERS_MARK, prepare, load, losing)
    monkeypatch.setitem(kinds.every_kind(), kind.code, kind)
    jobs.run_some(1000)
    assert (tries, done_to(job)) == ([0, 0, 1], [0, 1])
    assert set(job.items.values_list("state", "attempts")) == {("done", 0)}


def test_refused_denied_gone_and_broken_records_have_their_reasons_and_spare_their_neighbours(owner):
    job = wanted(owner, records=10, refuses=[1], breaks=[3], gone=[5], denied=[7])
    jobs.run_some(1000)
    assert counts(job) == (JobState.DONE, 10, 6, 2, 2)
    assert done_to(job) == [0, 2, 4, 6, 8, 9]
    kept = {item.ref: item for item in job.items.all()}
    assert (kept[1].state, kept[1].code, kept[1].message) == ("skipped", "not_now", "Unpaid")
    assert (kept[3].state, kept[3].code, kept[3].attempts) == ("failed", "broke", runner.MOST_TRIES)
    assert "RuntimeError" in kept[3].message
    assert "private" not in kept[3].message
    assert (kept[5].state, kept[5].code) == ("skipped", "gone")
    assert (kept[7].state, kept[7].code) == ("failed", "denied")


def test_what_was_chosen_is_forgotten_once_the_items_stand(owner):
    job = wanted(owner, records=1, chosen={"query": "phone=13800138000"})
    jobs.run_some(1000)
    assert fresh(job).params == {"records": 1}


def test_a_job_of_one_whole_reports_progress_and_keeps_its_result(owner):
    job = wanted(owner, "test.whole")
    jobs.run_some(1000)
    assert counts(job) == (JobState.DONE, 3, 3, 0, 0)
    assert fresh(job).result == {"rows": 3}


def act_all(job, found, by):
    """Do the even records together; break when one of them is poison."""
    done = [item for item, _record in found if item.ref % 2 == 0]
    for item in done:
        events.record(job.shop, "shop.worked", job, by=by, ref=item.ref)
    if job.params.get("poison"):
        raise RuntimeError
    return done


@pytest.mark.parametrize("poison", [False, True])
def test_what_is_done_together_and_what_is_done_alone_are_done_once(poison, owner, monkeypatch):
    kind = JobKind("test.records", "", Perm.ORDERS_MARK, prepare, load, act, act_all=act_all)
    monkeypatch.setitem(kinds.every_kind(), kind.code, kind)
    job = wanted(owner, records=250, refuses=[3], poison=poison)
    jobs.run_some(1000)
    assert counts(job) == (JobState.DONE, 250, 249, 1, 0)
    assert done_to(job) == [ref for ref in range(250) if ref != 3]


def test_the_system_starts_jobs_too(shop):
    job = jobs.create(shop, "test.records", params={"records": 2}, by=SYSTEM, member=None)
    jobs.run_some(1000)
    assert counts(job) == (JobState.DONE, 2, 2, 0, 0)


def test_nobody_starts_a_job_without_its_right(view_only):
    with pytest.raises(PermissionDenied):
        wanted(view_only)
    assert Job.objects.count() == 0


def test_a_job_of_an_unknown_kind_fails_with_a_sentence(owner):
    job = wanted(owner, records=1)
    Job.objects.filter(pk=job.pk).update(kind="gone.kind")
    jobs.run_some(1000)
    assert (fresh(job).state, fresh(job).error) == (JobState.FAILED, "There is no work of the kind “gone.kind”.")


def test_a_holder_that_was_replaced_writes_nothing_more(owner):
    job = wanted(owner, records=5)
    zombie = runner._claim()
    runner._prepare(zombie, kinds.find(job.kind))
    lease_is_over(job)
    successor = runner._claim()
    assert successor.fence == zombie.fence + 1
    before = Job.objects.filter(pk=job.pk).values().get(), states(job)
    kind, by = kinds.find(job.kind), owner.actor
    with pytest.raises(runner.FencedOut):
        runner._chunk(zombie, kind, by, 0, careful=False)
    runner._end(zombie, JobState.FAILED, error="late")
    runner._release(zombie)
    assert (Job.objects.filter(pk=job.pk).values().get(), states(job)) == before
    assert done_to(job) == []
    runner._chunk(successor, kind, by, 0, careful=False)
    assert done_to(job) == [0, 1, 2, 3, 4]


def test_a_held_job_is_left_alone_until_its_lease_is_over(owner):
    job = wanted(owner, records=5)
    runner._claim()
    assert jobs.run_some(1000) == 0
    lease_is_over(job)
    assert jobs.run_some(1000) == 5


def test_a_turn_ends_at_its_limit_and_the_next_one_goes_on(owner):
    first, second = wanted(owner), wanted(owner, records=10)
    assert jobs.run_some(20) == 25
    assert counts(first) == (JobState.RUNNING, 60, 25, 0, 0)
    assert fresh(first).lease_until is None
    assert jobs.run_some(20) == 10, "the job that has waited longer has its turn"
    assert counts(second)[0] == JobState.DONE
    assert (jobs.run_some(1000), counts(first)) == (35, (JobState.DONE, 60, 60, 0, 0))
    assert done_to(first) == list(range(60))


def test_two_runners_share_the_jobs_and_do_nothing_twice(owner):
    open_jobs = [wanted(owner), wanted(owner), wanted(owner)]

    def work():
        while jobs.run_some(30):
            pass

    in_threads(work, work)
    while jobs.run_some(1000):
        pass
    assert [counts(job) for job in open_jobs] == [(JobState.DONE, 60, 60, 0, 0)] * 3
    assert [done_to(job) for job in open_jobs] == [list(range(60))] * 3


POINTS = {
    "job.claimed": [0],
    "job.prepared": [0],
    "job.chunk_done": [0, 1, 2],
    "job.chunk_committed": [0, 1, 2],
    "job.ended": [0],
}


@pytest.mark.parametrize(("point", "after"), [(point, after) for point, some in POINTS.items() for after in some])
def test_a_killed_process_costs_no_record_and_doubles_none(point, after, owner):
    job = wanted(owner)
    code = "from sellercenter import jobs; jobs.run_some(1000)"
    assert crashing.run(code, at=point, after=after, JOB_KINDS=settings.JOB_KINDS) == KILLED
    lease_is_over(job)
    while jobs.run_some(1000):
        pass
    assert counts(job) == (JobState.DONE, 60, 60, 0, 0)
    assert done_to(job) == list(range(60))
    assert told(job).count("job.ended") == 1


def test_a_record_that_kills_its_process_is_given_up_after_three_tries(owner, monkeypatch):
    job = wanted(owner, records=3)

    class Killed(BaseException):
        pass

    def deadly(job, item, record, by):
        if item.ref == 1:
            raise Killed
        act(job, item, record, by)

    monkeypatch.setitem(
        kinds.every_kind(), "test.records", JobKind("test.records", "", Perm.ORDERS_MARK, prepare, load, deadly)
    )
    killed = 0
    for _attempt in range(30):
        lease_is_over(job)
        try:
            jobs.run_some(1000)
        except Killed:
            killed += 1
        if fresh(job).state == JobState.DONE:
            break
    assert counts(job) == (JobState.DONE, 3, 2, 0, 1)
    assert done_to(job) == [0, 2]
    assert killed >= runner.MOST_TRIES


def test_a_job_that_never_gets_further_fails_after_ten_claims(owner):
    job = wanted(owner, "test.whole", raises=True)
    for _attempt in range(runner.MOST_CLAIMS + 1):
        lease_is_over(job)
        jobs.run_some(1000)
    failed = fresh(job)
    assert failed.state == JobState.FAILED
    assert failed.error.startswith("It was begun 10 times and never got any further.")
    assert "RuntimeError" in failed.error
    assert "private" not in failed.error


def test_a_job_that_broke_is_not_begun_again_at_once(owner):
    job = wanted(owner, "test.whole", raises=True)
    jobs.run_some(1000)
    assert fresh(job).attempts == 1
    assert jobs.run_some(1000) == 0
    assert fresh(job).attempts == 1


def test_a_stop_ends_the_job_between_chunks_and_keeps_its_results(owner):
    job = wanted(owner)
    jobs.run_some(25)
    jobs.ask_stop(job, by=owner.actor)
    assert counts(job)[0] == JobState.RUNNING
    jobs.run_some(1000)
    assert counts(job) == (JobState.CANCELLED, 60, 25, 0, 0)
    assert done_to(job) == list(range(25))
    with pytest.raises(Refused):
        jobs.ask_stop(job, by=owner.actor)


def test_a_job_that_has_not_begun_stops_at_once(owner):
    job = wanted(owner)
    jobs.ask_stop(job, by=owner.actor)
    assert counts(job)[0] == JobState.CANCELLED
    assert jobs.run_some(1000) == 0


def test_what_was_chosen_is_forgotten_however_the_job_ends(owner, reviewer):
    stopped, barred, stuck = (wanted(owner, chosen={"query": "phone=138"}) for _each in range(3))
    jobs.ask_stop(stopped, by=owner.actor)
    Job.objects.filter(pk=barred.pk).update(member=None)
    Job.objects.filter(pk=stuck.pk).update(attempts=runner.MOST_CLAIMS)
    jobs.run_some(1000)
    ends = [JobState.CANCELLED, JobState.FAILED, JobState.FAILED]
    assert [fresh(job).state for job in (stopped, barred, stuck)] == ends
    assert [fresh(job).params for job in (stopped, barred, stuck)] == [{"records": 60}] * 3


def test_a_job_of_one_whole_stops_where_it_reports(owner):
    job = wanted(owner, "test.whole")
    claimed = runner._claim()
    jobs.ask_stop(job, by=owner.actor)
    runner._turn(claimed, 1000, 10**9)
    assert counts(job) == (JobState.CANCELLED, 3, 1, 0, 0)


def test_only_who_started_it_or_could_have_may_stop_it(owner, reviewer, view_only):
    job = wanted(owner)
    with pytest.raises(PermissionDenied):
        jobs.ask_stop(job, by=view_only.actor)
    assert fresh(job).stop_asked_at is None
    jobs.ask_stop(job, by=reviewer.actor)
    assert fresh(job).state == JobState.CANCELLED


def test_a_right_that_was_lost_meanwhile_ends_the_job(owner, reviewer):
    job = wanted(reviewer)
    jobs.run_some(25)
    role = Role.objects.get(shop=reviewer.member.shop, stock="view_only")
    shops.change_role(reviewer.member, role=role, by=owner.actor)
    jobs.run_some(1000)
    assert counts(job) == (JobState.FAILED, 60, 25, 0, 0)
    assert fresh(job).error == "Some reviewer does not hold the right “Mark orders as abnormal” any more."


def test_somebody_who_was_shut_out_has_no_jobs_any_more(owner, reviewer):
    job = wanted(reviewer)
    shops.disable(reviewer.member, by=owner.actor)
    jobs.run_some(1000)
    assert fresh(job).state == JobState.FAILED
    assert "Some reviewer may not enter the shop any more" in fresh(job).error
    assert done_to(job) == []


def test_a_job_whose_starter_was_deleted_fails(reviewer):
    job = wanted(reviewer)
    Member.objects.filter(pk=reviewer.member.pk).delete()
    jobs.run_some(1000)
    assert fresh(job).state == JobState.FAILED


def test_what_failed_can_be_repeated_alone(owner):
    job = wanted(owner, records=10, breaks=[3, 4], refuses=[5])
    jobs.run_some(1000)
    Job.objects.filter(pk=job.pk).update(params={"records": 10})
    again = jobs.repeat(fresh(job), by=owner.actor, member=owner.member)
    jobs.run_some(1000)
    assert counts(again) == (JobState.DONE, 2, 2, 0, 0)
    assert done_to(again) == [3, 4]
    with pytest.raises(Refused):
        jobs.repeat(fresh(again), by=owner.actor, member=owner.member)


def test_what_failed_is_repeated_once_however_often_somebody_clicks(owner):
    job = wanted(owner, records=10, breaks=[3, 4])
    jobs.run_some(1000)
    first, second = (jobs.repeat(fresh(job), by=owner.actor, member=owner.member) for _click in range(2))
    assert first == second
    jobs.run_some(1000)
    assert counts(first) == (JobState.DONE, 2, 0, 0, 2)
    assert jobs.repeat(fresh(job), by=owner.actor, member=owner.member) != first


def test_two_clicks_at_the_same_moment_begin_one_repetition(owner):
    job = wanted(owner, records=10, breaks=[3, 4])
    jobs.run_some(1000)
    begun = []

    def click():
        begun.append(jobs.repeat(fresh(job), by=owner.actor, member=owner.member).pk)

    in_threads(click, click)
    assert begun[0] == begun[1]
    assert Job.objects.count() == 2


def test_messages_are_in_the_language_of_the_starter(owner):
    owner.user.language = "zh-hans"
    owner.user.save(update_fields=["language"])
    job = wanted(owner, records=1, refuses=[0])
    jobs.run_some(1000)
    assert JobItem.objects.get(job=job).message == "待付款"


def test_who_never_chose_a_language_gets_messages_in_that_of_the_browser(owner):
    assert owner.user.language == ""
    with translation.override("zh-hans"):
        job = wanted(owner, records=1, refuses=[0])
    jobs.run_some(1000)
    assert JobItem.objects.get(job=job).message == "待付款"


def test_a_kind_is_either_of_records_or_of_one_whole():
    with pytest.raises(ValueError, match="give prepare"):
        JobKind("half", "", Perm.ORDERS_VIEW, prepare)
    with pytest.raises(ValueError, match="give prepare"):
        JobKind("both", "", Perm.ORDERS_VIEW, prepare, load, act, run=run)


def test_the_kinds_of_the_product_have_codes_of_their_own():
    assert len(kinds.every_kind()) >= len(settings.JOB_KINDS)
