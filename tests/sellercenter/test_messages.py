"""The Chinese catalogue is whole, fits its compiled form, and reaches the pages; gettext need not be installed."""

from __future__ import annotations

import gettext
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation
from django.utils.translation import pgettext

from orders.states import Status
from sellercenter.management.commands.check_messages import Entry, check, placeholders, read_mo, read_po
from sellercenter.models import Shop
from tests import make
from tests.conftest import Person, url

FOLDER = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES"
STATES = ["待付款", "待审核", "待发货", "部分发货", "已发货", "已签收", "已完成", "已取消"]


def test_every_text_is_translated_with_the_same_placeholders() -> None:
    entries = read_po(FOLDER / "django.po").values()
    assert len(entries) > 500
    assert [problem for entry in entries if (problem := entry.problem())] == []


def test_the_compiled_catalogue_holds_what_the_readable_one_says() -> None:
    readable = {entry.key: entry.said for entry in read_po(FOLDER / "django.po").values()}
    assert read_mo(FOLDER / "django.mo") == readable


def test_the_compiled_catalogue_is_read_like_python_reads_it() -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("To ship") == "待发货"
    assert catalogue.pgettext("order state", "Shipped") == "已发货"
    assert [catalogue.ngettext("%(n)d day", "%(n)d days", n) for n in (1, 2)] == ["%(n)d 天"] * 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%(count)s of %(most)d", ["%(count)s", "%(most)d"]),
        ("%s, %d", ["%d", "%s"]),
        ("{d} d {h} h", ["{d}", "{h}"]),
        ("15%, at most", []),
        ("100%% of %s", ["%s"]),
        ("%(rate).1f", ["%(rate).1f"]),
    ],
)
def test_placeholders_are_found(text: str, found: list[str]) -> None:
    assert placeholders(text) == found


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (Entry(("", "Save", ""), ["保存"]), ""),
        (Entry(("", "Save", ""), [""]), "“Save” has no translation."),
        (Entry(("button", "Save", ""), []), "“Save” (button) has no translation."),
        (
            Entry(("", "Save", ""), ["保存"], fuzzy=True),
            "“Save” is only guessed; check the translation and remove the word fuzzy.",
        ),
        (
            Entry(("", "%(n)d day", "%(n)d days"), ["%(m)d 天"]),
            "“%(n)d day” has other placeholders in the translation; they must be %(n)d.",
        ),
        (Entry(("", "Save", ""), ["%s"]), "“Save” has other placeholders in the translation; they must be none."),
    ],
)
def test_what_is_wrong_with_a_translation_is_said(entry: Entry, problem: str) -> None:
    assert entry.problem() == problem


def test_a_catalogue_is_read_with_contexts_plurals_and_long_texts(tmp_path: Path) -> None:
    blocks = [
        'msgid ""\nmsgstr "Language: zh\\n"',
        '# why\n#, fuzzy, python-format\nmsgctxt "state"\nmsgid "A \\"b\\""\nmsgstr ""\n"甲"\n"乙"',
        'msgid "%(n)d day"\nmsgid_plural "%(n)d days"\nmsgstr[0] "%(n)d 天"',
        '#~ msgid "gone"\n#~ msgstr "没了"',
    ]
    (tmp_path / "django.po").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    first, second = ("state", 'A "b"', ""), ("", "%(n)d day", "%(n)d days")
    assert read_po(tmp_path / "django.po") == {
        first: Entry(first, ["甲乙"], fuzzy=True),
        second: Entry(second, ["%(n)d 天"]),
    }


def test_without_gettext_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CommandError, match="apt-get install gettext") as refusal:
        call_command("check_messages")
    assert refusal.value.returncode == 2


@pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")
def test_the_command_names_each_text_that_is_missing_stale_or_not_compiled(tmp_path: Path, settings: Any) -> None:
    settings.BASE_DIR = tmp_path
    po = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    fresh = {key: Entry(key) for key in (("", "Save", ""), ("", "Ship", ""))}
    assert list(check("zh_Hans", fresh, tmp_path)) == [
        "zh_Hans: there is no catalogue locale/zh_Hans/LC_MESSAGES/django.po."
    ]
    po.parent.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    po.write_text(header + 'msgid "Save"\nmsgstr "保存"\n\nmsgid "Gone"\nmsgstr ""\n', encoding="utf-8")
    assert list(check("zh_Hans", fresh, tmp_path)) == [
        "zh_Hans: “Ship” is missing.",
        "zh_Hans: “Gone” is not used any more.",
        "zh_Hans: “Gone” has no translation.",
        "zh_Hans: django.mo is not what django.po compiles to.",
    ]
    po.write_text(header + 'msgid "Save"\nmsgstr "保存"\n\nmsgid "Ship"\nmsgstr "发货"\n', encoding="utf-8")
    subprocess.run(["msgfmt", "-o", po.with_suffix(".mo"), po], check=True)
    assert list(check("zh_Hans", fresh, tmp_path)) == []


def test_states_carry_the_words_of_the_platforms() -> None:
    with translation.override("zh-hans"):
        assert [str(status.label) for status in Status] == STATES
        assert pgettext("payment state", "Paid") == "已付款"


@pytest.mark.django_db
def test_the_order_list_speaks_chinese_to_who_asks_for_it(owner: Person, shop: Shop) -> None:
    order = make.order(shop)
    page = owner.get(url("order_list", shop), accept_language="zh-CN")
    page.says(order.number).says("待发货").says("剩余时间").keeps_quiet_about("To ship")


@pytest.mark.django_db
def test_the_order_list_speaks_english_to_everybody_else(owner: Person, shop: Shop) -> None:
    make.order(shop)
    owner.get(url("order_list", shop), accept_language="fr").says("To ship").keeps_quiet_about("待发货")


@pytest.mark.django_db
def test_a_person_keeps_the_language_that_they_choose(owner: Person, shop: Shop) -> None:
    order = make.order(shop)
    for language, word in (("zh-hans", "等待发货"), ("en", "Waiting to be shipped")):
        owner.post("/language", {"language": language, "next": url("order_detail", order)}).says(word)
        assert owner.user
        owner.user.refresh_from_db()
        assert owner.user.language == language
