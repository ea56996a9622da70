"""A process dies at every named place in turn, and whoever comes next puts everything right."""

from __future__ import annotations

import json
import subprocess
import sys

from django.db.models import Count

from aftersales.models import Refund
from orders.models import Order
from sellercenter import outgoing
from sellercenter.crash import KILLED, POINTS
from sellercenter.exports import files, making
from sellercenter.models import Event, Export, Job, OutgoingMessage
from tests.aftersales.money import order_owing
from tests.faults import scenario
from tests.faults.lab import Lab, all_is_well, make_due, orders_for, run, size
from tests.outside import StubGateway, StubRefunds, message_gateway, refund_gateway

# Where a reminder that may leave only once can be left by a crash; it then counts as perhaps sent.
UNSURE = ("message.claimed", "message.composed", "message.sent", "message.done")


def test_a_crash_at_any_point_is_made_good(lab: Lab, shop, settings):
    settings.MESSAGE_GATEWAYS = {**settings.MESSAGE_GATEWAYS, "in_site": "sellercenter.gateways.HttpGateway"}
    settings.REFUND_GATEWAY = "aftersales.refund_gateways.HttpGateway"
    with message_gateway() as outside, refund_gateway() as provider:
        settings.MESSAGE_GATEWAY_URL, settings.REFUND_GATEWAY_URL = outside.url, provider.url
        command = [sys.executable, "-m", "tests.faults.scenario"]
        addresses = {"MESSAGE": outside.url, "REFUND": provider.url}
        env = lab.env(**{f"SELLERCENTER_{name}_GATEWAY_URL": url for name, url in addresses.items()})
        with subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as dying:
            for point in POINTS:
                owing = order_owing(shop, "20.00")
                crash(dying, shop, outside, point)
                refunded(owing, provider, point)
            dying.stdin.close()


def crash(dying: subprocess.Popen[str], shop, outside: StubGateway, point: str) -> None:
    """Let a process die at the point, let this one go on, and look at every fact."""
    flagged = orders_for(shop, "complete", size(60, 30))
    *expiring, reminder = orders_for(shop, "expire", 3)
    reminded = [reminder]
    make_due(expiring, "expire")
    make_due(reminded, "remind")
    dying.stdin.write(json.dumps([point, shop.pk, flagged]) + "\n")
    dying.stdin.flush()
    assert dying.stdout.readline() == f"{KILLED}\n", f"{point} was not passed"
    leases_end()
    for channel in outgoing._channels.values():
        channel.until = 0.0
    scenario.run(shop.pk, flagged, point)
    told = f"after a crash at {point}"
    once(expiring, "order.expired", told)
    once(reminded, "order.reminded", told)
    once(flagged, "order.flagged", told)
    messages(expiring, reminded, outside, point)
    jobs_sum_up(len(flagged), told)
    if point.startswith("export."):
        exported(told)
    all_is_well()


def leases_end() -> None:
    """Let the time pass after which others may take over what a dead process held."""
    run("UPDATE sellercenter_outgoingmessage SET due_at = now() WHERE state = 'sending'")
    run("UPDATE aftersales_refund SET due_at = now() WHERE due_step = 'ask'")
    run("UPDATE sellercenter_job SET lease_until = now() WHERE state = 'running'")


def once(ids: list[int], kind: str, told: str) -> None:
    counted = Event.objects.filter(subject_type="order", subject_id__in=ids, kind=kind).values_list("subject_id")
    assert dict(counted.annotate(many=Count("pk")).order_by()) == dict.fromkeys(ids, 1), f"{kind} {told}"


def messages(expiring: list[int], reminded: list[int], outside: StubGateway, point: str) -> None:
    """Cancellations arrive at least once under one key, a reminder at most once."""
    told = OutgoingMessage.objects.filter(subject_type="order")
    for message in told.filter(subject_id__in=expiring):
        assert (message.state, outside.taken[message.key] >= 1) == ("sent", True), f"{message} {point}"
    for message in told.filter(subject_id__in=reminded):
        assert outside.calls[message.key] <= 1, f"a reminder left twice, {point}"
        assert message.state == "sent" or (message.state == "unsure" and point in UNSURE), f"{message.state} {point}"
    assert told.filter(subject_id__in=[*expiring, *reminded]).count() == 3


def refunded(order: Order, provider: StubRefunds, point: str) -> None:
    """Money that was owed went back once, and was booked once."""
    (refund,) = Refund.objects.filter(order=order)
    assert (refund.status, provider.paid[refund.key]) == ("succeeded", 1), f"{refund.status} {point}"
    once([order.pk], "order.refunded", f"after a crash at {point}")


def exported(told: str) -> None:
    """Every export is whole, and the newest one tells of every order."""
    assert set(Export.objects.values_list("state", flat=True)) == {"ready"}, told
    newest = Export.objects.latest("pk")
    place = making.folder_of(newest.shop_id) / newest.name
    assert (files.written(place).sha256, newest.rows) == (newest.sha256, Order.objects.count()), told


def jobs_sum_up(records: int, told: str) -> None:
    last = Job.objects.order_by("pk").last()
    assert last is not None
    assert (last.state, last.total, last.done) == ("done", records, records), told
