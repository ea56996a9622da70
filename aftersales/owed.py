"""What after-sales owes by itself, for the health page."""

from django.utils.translation import gettext_lazy as _

from aftersales.models import Case
from sellercenter.health import Owed

OWED = [Owed(_("Deadlines of cases"), Case.objects.all, "due_at")]
