"""What orders owe by themselves, for the health page."""

from django.utils.translation import gettext_lazy as _

from orders.models import Order
from sellercenter.health import Owed

OWED = [Owed(_("Automatic steps of orders"), Order.objects.all, "due_at")]
