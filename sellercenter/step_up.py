"""A second look at who sits there: before the most dangerous deeds people give their own password again."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from sellercenter import events
from sellercenter.lifecycle import Refused
from sellercenter.models import Event, Member, User
from sellercenter.permissions import Actor

MOST_WRONG = 5
WITHIN = timedelta(minutes=15)
REFUSED = "member.password_refused"


def confirm(member: Member, password: str, *, before: str, by: Actor) -> None:
    """Make sure that the person at the keyboard knows the member's own password.

    `before` is a word for the deed, for the log. Raises Refused for a wrong password, and for any after too many wrong
    ones in a while; each wrong one is in the log, whatever shop it was given in.
    """
    with transaction.atomic():
        # Guesses of one person are counted one after the other.
        user = User.objects.select_for_update(no_key=True).get(pk=member.user_id)
        if _wrong(user) >= MOST_WRONG:
            locked, right = True, False
        else:
            locked, right = False, user.check_password(password)
            if not right:
                events.record(member.shop, REFUSED, member, by=by, before=before)
    if locked:
        many = _("The password was wrong %(n)d times. Try again in %(minutes)d minutes.")
        raise Refused(many % {"n": MOST_WRONG, "minutes": WITHIN.seconds // 60}, "too_many_passwords")
    if not right:
        raise Refused(_("This is not your password. Nothing was done."), "wrong_password")


def _wrong(user: User) -> int:
    places = Member.objects.filter(user=user).values("pk")
    found = Event.objects.filter(subject_type=events.subject_type(Member), subject_id__in=places, kind=REFUSED)
    return found.filter(at__gt=Now() - WITHIN).count()
