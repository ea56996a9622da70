"""SQL that writes the cells of an export inside PostgreSQL: CSV cells, or the cells of a sheet's XML.

An inner query, which the ORM compiles, gives each column's value in the list's order; the outer one turns the values
into text: local times, amounts in the currency's digits, guarded texts. It says the same as `sellercenter/sheets.py`
says in Python, which a test compares on hostile texts. The session has to stand in the shop's time zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from sellercenter import money
from sellercenter.exports.declared import Column
from sellercenter.models import Shop
from sellercenter.sheets import LONGEST_CELL, NOTHING, Kind

# The code points that make a text look like a formula, as `sheets.guarded` knows them.
_RISKY = ",".join(str(ord(sign)) for sign in "=+-@\t\r\n|%'＝＋－＠")
# What Python takes for blank at the beginning of a text, but for what is risky itself.
_BLANK = "\v\f\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_BLANKS = ",".join(
    str(code)
    for code in (11, 12, 28, 29, 30, 31, 32, 133, 160, 5760, *range(8192, 8203), 8232, 8233, 8239, 8287, 12288)
)
_LOOKS_RISKY = f"^[{_BLANK}\\t\\n\\r]+[-=+@|%%＝＋－＠]"
# What XML, COPY's text form or a spreadsheet would take for something else.
_MARKED = "[&<>\\x01-\\x1f\\\\\\ufffe\\uffff]|_x[0-9A-Fa-f]{4}_"
_UNPRINTABLE = "[\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]"
# Every sign beyond the first plane counts twice there.
_SHORTER_CELL = LONGEST_CELL // 2
_FAR = "[\\U00010000-\\U0010ffff]"


_MOST = 90


class Form(Protocol):
    """One way to write cells in SQL, each from the name of a value of the inner query."""

    def cell(self, value: str, kind: Kind) -> str:
        """Return the SQL of a cell."""


@dataclass(frozen=True)
class CsvCells:
    """Cells of a CSV file; COPY itself puts them in quotes."""

    currency: str

    def cell(self, value: str, kind: Kind) -> str:
        """Return the SQL of a cell's text."""
        if kind == Kind.TEXT:
            return (
                f"CASE WHEN (ascii({value}) IN ({_RISKY}) AND {value} <> '{NOTHING}')"
                f" OR (ascii({value}) IN ({_BLANKS}) AND {value} ~ {_quoted(_LOOKS_RISKY)})"
                f" THEN '''' || {value} ELSE {value} END"
            )
        if kind == Kind.MONEY:
            return f"round({value}, {money.digits(self.currency)})"
        if kind == Kind.RATIO:
            return f"trim_scale(round({value}, 6))"
        if kind == Kind.SECONDS:
            return f"trunc({value})::bigint"
        if kind == Kind.TIME:
            return f"left({value}::text, 19)"
        if kind == Kind.STAMP:
            return _stamp(value)
        if kind == Kind.YES:
            return _yes(value)
        return value


@dataclass(frozen=True)
class XmlCells:
    """Cells of a sheet's XML, typed; their styles are those of `sellercenter/exports/files.py`.

    `harmless` cells are of rows in which no text holds anything that has to be written in another way.
    """

    harmless: bool = False

    def cell(self, value: str, kind: Kind) -> str:
        """Return the SQL of a cell's XML; a cell without a value keeps its place."""
        if kind == Kind.TEXT:
            return self._text(value)
        if kind in (Kind.STAMP, Kind.YES):
            said = _stamp(value) if kind == Kind.STAMP else _yes(value)
            return f"CASE WHEN {value} IS NULL THEN '<c/>' ELSE {_inline(said)} END"
        style = f"' || CASE WHEN {value} = trunc({value}) THEN {STYLES[kind]} ELSE {_BROKEN} END || '"
        style = style if kind == Kind.COUNT else str(STYLES[kind])
        written = f"'<c s=\"{style}\"><v>' || {self._number(value, kind)} || '</v></c>'"
        return f"CASE WHEN {value} IS NULL THEN '<c/>' ELSE {written} END"

    def _text(self, value: str) -> str:
        empty = f"CASE WHEN {value} IS NULL OR {value} = '' THEN '<c/>'"
        if self.harmless:
            return f"{empty} ELSE {_inline(value)} END"
        return f"{empty} WHEN {_harmless(value)} THEN {_inline(value)} ELSE {_inline(_escaped(value))} END"

    def _number(self, value: str, kind: Kind) -> str:
        if kind == Kind.TIME:
            # Days since the zero of spreadsheets; whole seconds, so that no digit is made up.
            return f"(floor(date_part('epoch', {value}::timestamp)) / 86400 + 25569)"
        if kind == Kind.DATE:
            return f"({value} - date '1899-12-30')"
        if kind == Kind.SECONDS:
            return f"(trunc({value}) / 86400)"
        return str(value)


STYLES = {Kind.COUNT: 2, Kind.MONEY: 3, Kind.RATIO: 4, Kind.SECONDS: 5, Kind.DATE: 6, Kind.TIME: 7}
# Of a count that is no whole number, such as a mean: one form for both would leave a point behind whole ones.
_BROKEN = 8


def _harmless(text: str) -> str:
    return f"{text} !~ {_quoted(_MARKED)} AND octet_length({text}) <= {LONGEST_CELL}"


def _quoted(pattern: str) -> str:
    return "E'" + pattern.replace("\\", "\\\\").replace("'", "''") + "'"


def _stamp(value: str) -> str:
    return f"to_char({value}, 'YYYY-MM-DD HH24:MI:SSTZH:TZM')"


def _yes(value: str) -> str:
    yes, no = (_literal(one) for one in (_("yes"), _("no")))
    return f"CASE {value} WHEN true THEN {yes} WHEN false THEN {no} END"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def _inline(text: str) -> str:
    return f"'<c t=\"inlineStr\"><is><t xml:space=\"preserve\">' || {text} || '</t></is></c>'"


def _escaped(value: str) -> str:
    """Return the SQL that writes any text so that XML and COPY's text form give it back."""
    longest = f"CASE WHEN {value} ~ {_quoted(_FAR)} THEN {_SHORTER_CELL} ELSE {LONGEST_CELL} END"
    text = f"regexp_replace(left({value}, {longest}), {_quoted(_UNPRINTABLE)}, '', 'g')"
    text = f"regexp_replace({text}, '_(x[0-9A-Fa-f]{{4}}_)', E'_x005F_\\\\1', 'g')"
    marks = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\\\\": "&#92;", "\\t": "&#9;", "\\n": "&#10;", "\\r": "&#13;"}
    for mark, written in marks.items():
        text = f"replace({text}, E'{mark}', '{written}')"
    return text


@dataclass(frozen=True)
class Asked:
    """The rows of an export with the values of its columns, as SQL with its parameters."""

    sql: str
    params: tuple[Any, ...]
    columns: Sequence[Column]


def values(rows: QuerySet, columns: Sequence[Column], *, plain: bool = False) -> Asked:
    """Compile the inner query: a value for each column, named v0, v1 and so on, and in plain what opens them after."""
    wanted = {f"v{at}": column.expression() for at, column in enumerate(columns)}
    sealed = [path for column in columns if plain and column.opened for path in column.opened.fields]
    found = rows.annotate(**wanted).values_list(*wanted, *sealed)
    sql, params = _compiled(found)
    names = ", ".join([*wanted, *(f"p{at}" for at in range(len(sealed)))])
    return Asked(f"(SELECT * FROM ({sql}) AS listed ({names}))", params, columns)


def _compiled(rows: QuerySet) -> tuple[str, tuple[Any, ...]]:
    """Return the query of rows with its parameters, also where Django knows beforehand that there are none."""
    return rows.query.get_compiler(rows.db, elide_empty=False).as_sql()


def count_of(rows: QuerySet) -> tuple[str, tuple[Any, ...]]:
    """Return the query that counts rows, with its parameters."""
    sql, params = _compiled(rows.order_by().values("pk"))
    return f"SELECT count(*) FROM ({sql}) AS counted", params


def as_csv(asked: Asked, shop: Shop) -> str:
    """Return the COPY that writes the rows as CSV, every cell in quotes."""
    form = CsvCells(shop.currency)
    cells = ", ".join(form.cell(f"v{at}", column.kind) for at, column in enumerate(asked.columns))
    return f"COPY (SELECT {cells} FROM {asked.sql} AS rows) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"


def as_xml(asked: Asked) -> str:
    """Return the COPY that writes each row as XML of a sheet on a line of its own.

    Most rows hold nothing that must be escaped, and one look at all of their texts costs less than one at each.
    """
    texts = [f"v{at}" for at, column in enumerate(asked.columns) if column.kind == Kind.TEXT]
    harmless = _harmless(_joined(texts)) if texts else "true"
    row = f"CASE WHEN {harmless} THEN {_row(asked, XmlCells(harmless=True))} ELSE {_row(asked, XmlCells())} END"
    return f"COPY (SELECT {row} FROM {asked.sql} AS rows) TO STDOUT"


def _row(asked: Asked, form: XmlCells) -> str:
    cells = [form.cell(f"v{at}", column.kind) for at, column in enumerate(asked.columns)]
    return _joined(["'<row>'", *cells, "'</row>'"])


def _joined(parts: Sequence[str]) -> str:
    """Return the SQL of one text of many parts; no function of PostgreSQL takes more than a hundred."""
    groups = [f"concat({', '.join(parts[at : at + _MOST])})" for at in range(0, len(parts), _MOST)]
    return groups[0] if len(groups) == 1 else _joined(groups)


def cells(asked: Asked, form: Form, *, plain: bool) -> str:
    """Return the query that gives each cell written, and in plain mode what private ones are opened from, after."""
    told = [form.cell(f"v{at}", column.kind) for at, column in enumerate(asked.columns)]
    sealed = sum(len(column.opened.fields) for column in asked.columns if plain and column.opened)
    return f"SELECT {', '.join([*told, *(f'p{at}' for at in range(sealed))])} FROM {asked.sql} AS rows"
