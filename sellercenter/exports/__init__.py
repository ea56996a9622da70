"""Exports: files of exactly what a list shows, written by a job and kept for some days.

`declared.py` says what can be exported, `asking.py` holds the verbs, `making.py` writes, `statements.py` lets
PostgreSQL write the cells, `files.py` knows CSV and workbooks.
"""

from sellercenter.exports.asking import ask, clear_old, delete, delete_template, fetch, may_fetch, save_template
from sellercenter.exports.declared import Column, Layout, Opened, Source, Words, every_source, find
from sellercenter.exports.making import JOB_KINDS

__all__ = [
    "JOB_KINDS",
    "Column",
    "Layout",
    "Opened",
    "Source",
    "Words",
    "ask",
    "clear_old",
    "delete",
    "delete_template",
    "every_source",
    "fetch",
    "find",
    "may_fetch",
    "save_template",
]
