"""The lives of this room's records: cases, refunds, disputes with appeals and logistics tickets."""

from aftersales.lifecycle.cases import CASE

__all__ = ["CASE"]
