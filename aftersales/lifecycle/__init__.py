"""The lives of this room's records: cases, refunds, disputes with appeals and logistics tickets."""

from aftersales.lifecycle.cases import CASE
from aftersales.lifecycle.disputes import APPEAL, DISPUTE, TICKET
from aftersales.lifecycle.refunds import REFUND

__all__ = ["APPEAL", "CASE", "DISPUTE", "REFUND", "TICKET"]
