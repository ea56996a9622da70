"""The rules of the house, read from the source: who imports whom, who writes, and what nobody does."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# In the order in which imports flow: a room may import itself and those before it.
ROOMS = ["sellercenter", "orders", "aftersales", "analytics"]
SOURCES = sorted(
    path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.relative_to(ROOT).parts
)
OURS = sorted([*SOURCES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "deploy").rglob("*.py")])
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt", ".jinja"})
STYLES_AND_SCRIPTS = sorted(path for kind in ("css", "js") for path in (ROOT / "static" / kind).rglob(f"*.{kind}"))

# The verb modules: nothing else creates, changes or deletes a record.
VERBS = {
    "sellercenter/accounts.py",
    "sellercenter/chores.py",
    "sellercenter/due_steps.py",
    "sellercenter/events.py",
    "sellercenter/faults.py",
    "sellercenter/notifications.py",
    "sellercenter/outbox.py",
    "sellercenter/outgoing.py",
    "sellercenter/heartbeats.py",
    "sellercenter/import_files.py",
    "sellercenter/lifecycle.py",
    "sellercenter/lists.py",
    "sellercenter/replays.py",
    "sellercenter/shops.py",
    "sellercenter/step_up.py",
    "analytics/reports.py",
    "analytics/rollups.py",
    "analytics/stock_alerts.py",
    "orders/actions.py",
    "orders/bulk.py",
    "orders/catalogue.py",
    "orders/inventory.py",
    "orders/lookups.py",
    "sellercenter/schedule.py",
    "orders/timers.py",
    "orders/pacing.py",
    "orders/placing.py",
    "orders/payments.py",
    "orders/fulfilment.py",
    "orders/changes.py",
    "aftersales/policy_changes.py",
    "aftersales/policy_jobs.py",
    "aftersales/review_rules.py",
    "orders/buyers.py",
    "aftersales/canned.py",
    "aftersales/conversations.py",
    "aftersales/reviews.py",
    "aftersales/appeals.py",
    "aftersales/disputes.py",
    "aftersales/evidence.py",
    "aftersales/evidence_files.py",
    "aftersales/following.py",
    "aftersales/paying.py",
    "aftersales/refund_actions.py",
    "aftersales/refunds.py",
    "aftersales/rulings.py",
    "aftersales/tickets.py",
    "aftersales/timers.py",
}
VERB_FOLDERS = {
    "aftersales/actions",
    "sellercenter/jobs",
    "sellercenter/exports",
    "orders/loading",
    "orders/imports",
    "orders/demo",
    "aftersales/demo",
}
# SQL of their own, which only these may write.
RAW = {
    "analytics/buyers.py",
    "analytics/rollups.py",
    "sellercenter/schedule.py",
    "sellercenter/copying.py",
    "sellercenter/counts.py",
    "sellercenter/events.py",
    "sellercenter/invariants.py",
    "sellercenter/jobs/items.py",
    "sellercenter/exports/making.py",
    "sellercenter/exports/statements.py",
    "sellercenter/ticks.py",
    "orders/inventory.py",
    "orders/loading/parties.py",
}
WRITES = {
    *("create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "acreate", "asave", "aupdate"),
    *("save", "update", "delete", "adelete", "raw", "select_for_update"),
}
# Names that other things than querysets have too; a line that reads one of these is no write.
HARMLESS = re.compile(
    r"\b(hashlib|hmac|digest|headers|cookies|seen|found|context|query|values|_dict)\b[\w.\[\]]*\.update\("
    r"|\bjobs\.create\(|\bbook\.save\("
)
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "misc", "managers", "signals", "receivers", "constants"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree(path)))


def each(kind: type[ast.AST], path: Path):
    return [node for node in nodes(path) if isinstance(node, kind)]


def imported(path: Path) -> list[tuple[str, int]]:
    """Return the modules that a file imports, wherever in the file."""
    found = [(alias.name, node.lineno) for node in each(ast.Import, path) for alias in node.names]
    return found + [(node.module or "", node.lineno) for node in each(ast.ImportFrom, path)]


def attribute_calls(path: Path) -> list[tuple[str, int, str]]:
    """Return each call of the form `something.name(...)` with its line."""
    calls = [node for node in each(ast.Call, path) if isinstance(node.func, ast.Attribute)]
    lines = path.read_text(encoding="utf-8").splitlines()
    return [(node.func.attr, node.lineno, lines[node.lineno - 1].strip()) for node in calls]


def functions(path: Path) -> list[ast.FunctionDef]:
    return [*each(ast.FunctionDef, path), *each(ast.AsyncFunctionDef, path)]


def in_each(paths: list[Path]):
    """Let a rule look at each file, and name all files that break it."""

    def decorate(rule):
        def walk():
            broken = []
            for path in paths:
                try:
                    rule(path)
                except AssertionError as error:
                    broken.append(f"{name_of(path)}: {error}")
            assert broken == [], "\n".join(broken)

        walk.__name__, walk.__doc__ = rule.__name__, rule.__doc__
        return walk

    return decorate


def test_there_is_something_to_read():
    assert len(SOURCES) > 50
    assert len(TEMPLATES) > 25
    assert {verb for verb in VERBS if not (ROOT / verb).exists()} == set()


@in_each(SOURCES)
def test_imports_flow_one_way(source):
    room = source.relative_to(ROOT).parts[0]
    later = set(ROOMS[ROOMS.index(room) + 1 :])
    if name_of(source) == "sellercenter/urls.py":
        return  # the site map names the rooms, as strings
    assert [(name, line) for name, line in imported(source) if name.split(".")[0] in later] == []


@in_each(SOURCES)
def test_analytics_only_reads_what_other_rooms_wrote(source):
    if source.relative_to(ROOT).parts[0] == "analytics":
        # Its own records it may write, with what the platform gives to everybody; those of the rooms before it never.
        names = {verb.removesuffix(".py").replace("/", ".") for verb in (*VERBS, *VERB_FOLDERS)}
        verbs = tuple(name for name in names if name.startswith(("orders.", "aftersales.")))
        used = [name for name, _line in imported(source) if name.startswith(verbs)]
        assert used == []


@in_each(SOURCES)
def test_the_product_knows_neither_its_launcher_nor_its_tests(source):
    assert [name for name, _line in imported(source) if name.split(".")[0] in {"deploy", "tests", "pytest"}] == []


@in_each(SOURCES)
def test_only_verb_modules_write(source):
    name = name_of(source)
    if name in VERBS or any(name.startswith(f"{folder}/") for folder in VERB_FOLDERS):
        return
    writes = [
        (line, text)
        for attribute, line, text in attribute_calls(source)
        if attribute in WRITES and not HARMLESS.search(text)
    ]
    assert writes == []


@in_each(SOURCES)
def test_only_few_modules_speak_sql(source):
    raw = [
        (line, text) for attribute, line, text in attribute_calls(source) if attribute in {"cursor", "copy", "execute"}
    ]
    raw = [(line, text) for line, text in raw if "connection.cursor" in text or "cursor." in text]
    in_bulk = name_of(source).startswith(("orders/imports/", "orders/loading/"))
    if name_of(source) not in RAW and not in_bulk and "demo" not in name_of(source):
        assert raw == []


@in_each(SOURCES)
def test_below_the_pages_nobody_sees_a_request_a_form_or_a_template(source):
    name = name_of(source)
    if name in VERBS | {
        "orders/models/goods.py",
        "orders/models/orders.py",
        "orders/lifecycle.py",
        "orders/derive.py",
        "orders/clocks.py",
    }:
        known = [module for module, _line in imported(source)]
        assert [
            one for one in known if re.search(r"django\.(http|forms|template|shortcuts|views)|\.(views|forms)$", one)
        ] == []


@in_each(SOURCES)
def test_nothing_listens_to_signals(source):
    text = source.read_text(encoding="utf-8")
    # A database of another kind and a socket are opened by the same word.
    assert not re.search(r"@receiver|(?<!sqlite3)(?<!connection)\.connect\(|django\.dispatch|models\.signals", text)


@in_each(SOURCES)
def test_no_model_overrides_how_it_is_saved(source):
    overrides = {"save", "delete", "full_clean", "save_base", "refresh_from_db", "__init__"}
    if source.parent.name == "models":
        assert [node.name for node in functions(source) if node.name in overrides] == []


def test_no_file_is_longer_than_six_hundred_lines():
    files = [*OURS, *TEMPLATES, *STYLES_AND_SCRIPTS]
    sizes = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {name: lines for name, lines in sizes.items() if lines > 600} == {}


def test_the_engine_stays_under_three_hundred_lines():
    assert len((ROOT / "sellercenter/lifecycle.py").read_text().splitlines()) < 300


@in_each(SOURCES)
def test_no_module_is_named_for_nothing(source):
    assert source.stem not in FORBIDDEN_NAMES
    assert not re.search(r"\d$", source.stem)


@in_each(SOURCES)
def test_nobody_imports_everything(source):
    assert [node.lineno for node in each(ast.ImportFrom, source) if any(one.name == "*" for one in node.names)] == []


@in_each(SOURCES)
def test_nothing_calls_a_text_safe_that_came_from_people(source):
    text = source.read_text(encoding="utf-8")
    assert not re.search(r"mark_safe|format_html_join", text)
    # Messages to buyers are plain text, where an escaped sign would be read as it stands.
    assert "autoescape" not in text or source.name == "notices.py"
    if name_of(source) not in {"sellercenter/columns.py", "sellercenter/filters.py"}:
        assert "SafeString" not in text


@in_each(SOURCES)
def test_work_is_sent_to_the_queue_by_wake_functions_alone(source):
    for node in functions(source):
        body = ast.unparse(node)
        if re.search(r"\.(delay|apply_async|send_task)\(", body):
            assert node.name.startswith("wake"), f"{node.name} sends work; only a wake function does, after commit"
    top = [ast.unparse(node) for node in tree(source).body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    assert not re.search(r"\.(delay|apply_async|send_task)\(", "\n".join(top))


@in_each(SOURCES)
def test_tasks_take_ids_and_import_their_verb_inside(source):
    if source.name != "tasks.py":
        return
    rooms = [name for name, _line in imported(source) if name.split(".")[0] in ROOMS]
    inside = [ast.unparse(node) for task in functions(source) for node in task.body]
    assert all(any(name in line for line in inside) for name in rooms)
    assert all(len(node.body) <= 3 for node in functions(source)), "a task is one verb"


@in_each(SOURCES)
def test_verbs_take_by_as_a_keyword_that_nobody_may_leave_out(source):
    if name_of(source) not in VERBS - {"sellercenter/lifecycle.py"}:
        return
    for node in functions(source):
        positional = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
        assert "by" not in positional or node.name.startswith("_"), f"{node.name}: by must be keyword-only"
        for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
            assert one.arg != "by" or default is None, f"{node.name}: by has no default"


VERBS_WITHOUT_ACTOR = {
    "normal",
    "without",
    "choose_language",
    "choose_theme",
    "save_layout",
    "keep",
    "forget_old",
    "grantable_roles",
    "manageable",
    "policy_mark",
    "policy_parts",
    "plan",
}


@pytest.mark.parametrize("verbs", ["sellercenter/shops.py", "sellercenter/lists.py", "orders/actions.py"])
def test_each_verb_says_who_acts_and_runs_in_one_transaction(verbs):
    for node in tree(ROOT / verbs).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.name not in VERBS_WITHOUT_ACTOR:
            assert "by" in [one.arg for one in node.args.kwonlyargs], node.name
            assert "transaction.atomic" in [ast.unparse(one) for one in node.decorator_list], node.name


@in_each(SOURCES)
def test_no_verb_has_a_flag_that_skips_its_checks(source):
    words = {"force", "skip", "unsafe", "ignore_permissions", "skip_permission_checks", "no_check"}
    for node in functions(source):
        assert not words & {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}, node.name


@in_each(SOURCES)
def test_money_is_never_a_float(source):
    text = source.read_text(encoding="utf-8")
    assert "FloatField" not in text
    if "orders/demo" not in name_of(source):
        found = [node.lineno for node in each(ast.Call, source) if ast.unparse(node.func) == "float"]
        assert found == []


@in_each(SOURCES)
def test_times_are_aware(source):
    assert not re.search(
        r"datetime\.utcnow|datetime\.now\(\)|datetime\.today|date\.today", source.read_text(encoding="utf-8")
    )


@in_each(SOURCES)
def test_each_public_function_and_class_says_what_it_is_for(source):
    if not source.read_text(encoding="utf-8").strip() or source.name == "apps.py" or "management" in source.parts:
        return
    missing = []
    for node in tree(source).body:
        public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
        if public and not ast.get_docstring(node):
            missing.append(node.name)
    assert missing == []
    assert ast.get_docstring(tree(source)) or source.name in {"__init__.py", "wsgi.py"} or "management" in source.parts


@in_each(SOURCES)
def test_exceptions_are_not_swallowed_wholesale(source):
    handlers = [
        node for node in each(ast.ExceptHandler, source) if node.type is None or ast.unparse(node.type) == "Exception"
    ]
    # An import refuses row by row; a command is the outermost door and tells without repeating private words.
    # A sweep and the timetable go on with the next piece of work, and say which one broke.
    doors = ("orders/imports/", "sellercenter/unpacking.py", "orders/management/commands/")
    rounds = ("sellercenter/jobs/runner.py", "sellercenter/sweeps.py", "sellercenter/timetable.py", "orders/timers.py")
    rounds += ("sellercenter/due_steps.py", "aftersales/paying.py", "aftersales/refunds.py")
    rounds += ("sellercenter/outbox.py", "sellercenter/outgoing.py")
    allowed = name_of(source).startswith((*doors, *rounds))
    assert handlers == [] or allowed


@in_each(TEMPLATES)
def test_no_template_trusts_a_text(template):
    text = template.read_text(encoding="utf-8")
    # Help texts are the program's own words; the password rules come as HTML.
    trusted = [one for one in re.findall(r"\{\{[^}]*\|\s*safe\b[^}]*\}\}", text) if "help_text" not in one]
    assert trusted == []
    assert "autoescape off" not in text


@in_each(TEMPLATES)
def test_no_template_carries_styles_or_scripts_of_its_own(template):
    text = re.sub(
        r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}", "", template.read_text(encoding="utf-8"), flags=re.S
    )
    assert not re.search(r"\sstyle\s*=", text)
    assert "<style" not in text
    assert not re.search(r"\son[a-z]+\s*=\s*[\"'{]", text)
    assert "javascript:" not in text
    assert re.findall(r"<script\b[^>]*>(?!</script>)", text) == []


@in_each(TEMPLATES)
def test_each_template_opens_with_its_context(template):
    text = template.read_text(encoding="utf-8")
    start = re.sub(r"^\s*\{% extends [^%]*%\}", "", text).lstrip()
    assert start.startswith(("{% comment %}", "{#")), "say what the template is for and what it is given"


@in_each(TEMPLATES)
def test_each_form_that_is_sent_carries_its_token(template):
    text = template.read_text(encoding="utf-8")
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", text, flags=re.S):
        assert "csrf_token" in form


@in_each(TEMPLATES)
def test_each_part_takes_values_and_not_requests(template):
    if template.parent.name == "parts":
        assert "request." not in template.read_text(encoding="utf-8")


@in_each(TEMPLATES)
def test_each_included_part_exists_and_gets_only_what_it_names(template):
    for name, rest in re.findall(r"\{% include \"([^\"]+)\"([^%]*)%\}", template.read_text(encoding="utf-8")):
        assert (ROOT / "templates" / name).exists(), name
        assert rest.rstrip().endswith("only") or name.startswith("pages/"), f"{name} is given everything"


@in_each(TEMPLATES)
def test_each_data_table_has_a_caption(template):
    for table in re.findall(r"<table\b.*?</table>", template.read_text(encoding="utf-8"), flags=re.S):
        assert "<caption" in table


def test_scripts_build_no_html_from_text_and_evaluate_nothing():
    for path in STYLES_AND_SCRIPTS:
        if path.suffix == ".js":
            text = path.read_text(encoding="utf-8")
            assert not re.search(
                r"innerHTML|outerHTML\s*=|document\.write|\beval\(|new Function|insertAdjacentHTML", text
            ), path
