"""The documentation tells the truth: its links lead somewhere, and its tables say what the code says."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from aftersales.lifecycle import APPEAL, CASE, DISPUTE, TICKET
from orders.lifecycle import ORDER
from orders.states import Status
from orders.timeline import WORDS
from sellercenter import events, log_words, notifications
from sellercenter.crash import POINTS
from sellercenter.lifecycle import Lifecycle
from sellercenter.models import POLICY_CLOCKS, ShopPolicy
from sellercenter.outgoing import Buyers
from sellercenter.permissions import STOCK_ROLES, ActorKind, Perm, StockRole

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"[\w.-]+(/[\w.-]+)*(/|/\w+|\.(md|toml|lock)|/[\w.-]+\.[a-z]{2,5})")
# Made by people who run the product, not kept in the repository.
_MADE = ("var/", "var/demo.env")
OUTSIDE = [(DISPUTE, "a dispute"), (APPEAL, "an appeal"), (TICKET, "a ticket")]
# The page, the life, and the head of the first column of its table of moves.
LIVES = [("lifecycle.md", ORDER, "move"), ("aftersales.md", CASE, "move")]
LIVES += [("disputes.md", life, f"move of {words}") for life, words in OUTSIDE]
_SPANS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table whose first column has this heading, without its head."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(f"| {heading} |"):
            break
    next(lines)
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def codes(cell: str) -> list[str]:
    return _CODE.findall(cell)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_named_files_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    prose = _FENCE.sub("", text)
    links = [link.partition("#")[0] for link in _LINK.findall(prose) if "://" not in link]
    missing = [link for link in links if link and not (path.parent / link).exists()]
    named = [one for one in _CODE.findall(prose) if _FILE.fullmatch(one) and one not in _MADE]
    missing += [one for one in named if not (ROOT / one).exists()]
    assert missing == []


@pytest.mark.parametrize(("name", "life", "_head"), LIVES)
def test_the_diagram_of_a_life_is_the_one_that_runs(name: str, life: Lifecycle, _head: str) -> None:
    drawn = [part.partition("```")[0] for part in page(name).split("```mermaid\n")[1:]]
    assert life.diagram() in drawn
    assert len(drawn) == len([one for one, _life, _head in LIVES if one == name])


@pytest.mark.parametrize(("name", "life", "head"), LIVES)
def test_the_table_of_moves_names_every_move_and_its_right(name: str, life: Lifecycle, head: str) -> None:
    told = {codes(move)[0]: codes(who) for move, who, *_rest in rows(page(name), head)}
    assert told == {move.name: [str(move.needs)] if move.needs else [] for move in life.moves.values()}


def span(text: str) -> timedelta | None:
    if text == "never":
        return None
    number, unit = text.split()
    return int(number) * _SPANS[unit.removesuffix("s")]


def test_deadlines_name_every_clock_with_its_default() -> None:
    told = {codes(clock)[0]: span(default) for clock, _start, default, *_rest in rows(page("deadlines.md"), "clock")}
    assert told == {name: ShopPolicy._meta.get_field(name).default for name in POLICY_CLOCKS}


def test_the_glossary_names_every_state_of_an_order() -> None:
    told = [(codes(code)[0], english) for code, english, _chinese in rows(page("map.md"), "code")]
    assert told == [(status.value, str(status.label)) for status in Status]


def test_events_name_every_kind_that_the_code_records() -> None:
    sources = [
        path for room in ("orders", "sellercenter", "aftersales", "analytics") for path in (ROOT / room).rglob("*.py")
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    subjects = (
        "order case shop member savedview job stock sku policy fault buyer review conversation canned sop case_rule"
        " refund dispute appeal ticket evidence report import export export_rule product"
    )
    words = rf'"((?:{subjects.replace(" ", "|")})\.[a-z_]+)"'
    recorded = set(re.findall(words, text))
    told = {kind for cell, *_rest in rows(page("events.md"), "kind") for kind in codes(cell)}
    perms = {perm.value for perm in Perm}
    assert recorded - perms - set(POINTS) <= told
    moved = {life.kind(name) for _page, life, _head in LIVES for name in life.moves}
    assert moved <= told <= recorded | moved
    assert WORDS.keys() <= told
    assert told <= log_words.kinds().keys(), "the log has words for every event"


def test_notices_name_who_is_told_of_what() -> None:
    told = [
        (kind, codes(right), bool(buyer))
        for kinds, right, buyer in rows(page("notices.md"), "event")
        for kind in codes(kinds)
    ]
    people = {notice.kind: [notice.perm.value] for staff in notifications.staff() for notice in staff.notices}
    letters = [kind for one in events.consumers() if isinstance(one, Buyers) for kind in one.kinds]
    expected = {kind: (people.get(kind, []), kind in letters) for kind in {*people, *letters}}
    assert {kind: (right, buyer) for kind, right, buyer in told} == expected


def test_events_name_every_kind_of_actor() -> None:
    assert [codes(kind)[0] for kind, _who in rows(page("events.md"), "`actor_kind`")] == ActorKind.values


def test_the_matrix_of_roles_is_the_one_that_shops_start_with() -> None:
    head = "| right | what it allows | " + " | ".join(f"`{role}`" for role in StockRole) + " |"
    lines = [
        f"| `{perm}` | {perm.label} | "
        + " | ".join("x" if perm in STOCK_ROLES[role] else "" for role in StockRole)
        + " |"
        for perm in Perm
    ]
    matrix = "\n".join([head, "|---" * (2 + len(StockRole)) + "|", *lines])
    assert matrix.replace("|  |", "| |").replace("|  |", "| |") in page("permissions.md"), f"write this:\n{matrix}"


def test_operations_name_every_variable_of_the_settings() -> None:
    settings = (ROOT / "sellercenter" / "settings.py").read_text(encoding="utf-8")
    wanted = set(re.findall(r'"(SELLERCENTER_[A-Z_]+|DATABASE_URL|REDIS_URL)"', settings))
    told = {codes(name)[0] for name, *_rest in rows(page("operations.md"), "variable")}
    assert told == wanted
