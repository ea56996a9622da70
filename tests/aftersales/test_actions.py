"""Verbs on cases: what may be asked, what each move does with money, goods and the order, and who comes first."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aftersales import actions
from aftersales.models import Case, Refund
from aftersales.states import CaseKind, CaseStatus
from tests import make
from tests.conftest import fresh, told

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", list(CaseStatus))
def test_a_case_comes_to_every_state_by_the_verbs(shop, status):
    case = make.case(shop, status)
    assert case.status == status
    assert case.version == len(told(case))
