"""`manage.py check_messages`: say whether every text of the product is translated, and the catalogue compiled."""

from __future__ import annotations

import ast
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import to_locale

TOOLS = ("xgettext", "msgmerge", "msguniq", "msgattrib", "msgfmt")
LEFT_OUT = (".*", "var", "docs", "static", "staticfiles", "tests", "node_modules", "__pycache__")
_KEYWORD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d+\])?) (".*")')
_PLACEHOLDER = re.compile(r"%\(\w+\)[-#0+]*[\d.]*[a-zA-Z]|%[sdifr]|\{\w*\}")
_MO_MAGIC = 0x950412DE

# Context, text, text for several; the same text may stand under two contexts.
Key = tuple[str, str, str]


@dataclass
class Entry:
    """One text of a catalogue with its translations: one, or one for each plural form."""

    key: Key
    said: list[str] = field(default_factory=list)
    fuzzy: bool = False

    @property
    def name(self) -> str:
        """The text as a person looks it up in the file."""
        context, text, _several = self.key
        return f"“{text}” ({context})" if context else f"“{text}”"

    def problem(self) -> str:
        """Say what is wrong with the translation; empty when nothing is."""
        if self.fuzzy:
            return f"{self.name} is only guessed; check the translation and remove the word fuzzy."
        if not self.said or not all(self.said):
            return f"{self.name} has no translation."
        wanted = placeholders(self.key[2] or self.key[1])
        if any(placeholders(one) != wanted for one in self.said):
            return f"{self.name} has other placeholders in the translation; they must be {', '.join(wanted) or 'none'}."
        return ""


def placeholders(text: str) -> list[str]:
    """Return what is filled into a text, in alphabetical order: %(name)s, %s, {name}."""
    return sorted(_PLACEHOLDER.findall(text.replace("%%", "")))


def read_po(path: Path) -> dict[Key, Entry]:
    """Read the texts of a .po or .pot file, without its header."""
    entries = (_entry(block) for block in path.read_text(encoding="utf-8").split("\n\n"))
    return {entry.key: entry for entry in entries if entry and entry.key[1]}


def _entry(block: str) -> Entry | None:
    """Read one block of a catalogue; None when it holds comments only."""
    values: dict[str, str] = {}
    keyword = ""
    lines = [line for line in block.splitlines() if line and not line.startswith("#")]
    for line in lines:
        if found := _KEYWORD.fullmatch(line):
            keyword, line = found.groups()
        values[keyword] = values.get(keyword, "") + ast.literal_eval(line)
    if "msgid" not in values:
        return None
    key = (values.get("msgctxt", ""), values["msgid"], values.get("msgid_plural", ""))
    said = [text for word, text in values.items() if word.startswith("msgstr")]
    return Entry(key, said, any(line.startswith("#,") and "fuzzy" in line for line in block.splitlines()))


def read_mo(path: Path) -> dict[Key, list[str]]:
    """Read the texts of a compiled catalogue, without its header."""
    data = path.read_bytes()
    order = "<" if struct.unpack("<I", data[:4])[0] == _MO_MAGIC else ">"
    _magic, _version, count, texts, translations = struct.unpack(f"{order}5I", data[:20])

    def string(table: int, number: int) -> str:
        length, start = struct.unpack(f"{order}2I", data[table + 8 * number : table + 8 * number + 8])
        return data[start : start + length].decode()

    found = {}
    for number in range(count):
        context, divider, text = string(texts, number).rpartition("\x04")
        single, _divider, several = text.partition("\0")
        if single:
            found[context if divider else "", single, several] = string(translations, number).split("\0")
    return found


class Command(BaseCommand):
    help = "Checks that every text is translated and the catalogues are compiled. Exit code 2: gettext is missing."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Check every language that the settings offer besides the language of the source."""
        missing = [tool for tool in TOOLS if not shutil.which(tool)]
        if missing:
            raise CommandError(
                f"Not checked: {', '.join(missing)} not found on PATH. Install gettext: apt-get install gettext",
                returncode=2,
            )
        languages = [to_locale(code) for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
        with tempfile.TemporaryDirectory() as folder:
            fresh = extracted(Path(folder) / "copy")
            problems = [line for language in languages for line in check(language, fresh, Path(folder))]
        for line in problems:
            self.stderr.write(line)
        if problems:
            raise CommandError(f"{len(problems)} problems in the catalogues. `make messages` collects and compiles.")
        self.stdout.write(f"{len(fresh)} texts, all translated: {', '.join(languages)}.")


def extracted(copy: Path) -> dict[Key, Entry]:
    """Collect the texts of the sources as they are now, in a copy, so that the tree stays as it is."""
    shutil.copytree(settings.BASE_DIR, copy, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    (copy / "locale").mkdir(exist_ok=True)
    command = [sys.executable, "manage.py", "makemessages", "--locale", "en", "--keep-pot", "--no-location"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    if done.returncode:
        raise CommandError(f"The texts can't be collected: {done.stderr.strip() or done.stdout.strip()}")
    return read_po(copy / "locale" / "django.pot")


def check(language: str, fresh: dict[Key, Entry], folder: Path) -> Iterator[str]:
    """Say what is wrong with the catalogue of one language, one sentence for each problem."""
    po = Path(settings.BASE_DIR) / "locale" / language / "LC_MESSAGES" / "django.po"
    if not po.exists():
        yield f"{language}: there is no catalogue locale/{language}/LC_MESSAGES/django.po."
        return
    known = read_po(po)
    yield from (f"{language}: {fresh[key].name} is missing." for key in sorted(fresh.keys() - known.keys()))
    yield from (f"{language}: {known[key].name} is not used any more." for key in sorted(known.keys() - fresh.keys()))
    yield from (f"{language}: {line}" for entry in known.values() if (line := entry.problem()))
    compiled = folder / f"{language}.mo"
    done = subprocess.run(["msgfmt", "--check-format", "-o", compiled, po], capture_output=True, text=True)
    if done.returncode:
        yield f"{language}: the catalogue can't be compiled: {done.stderr.strip()}"
    elif not po.with_suffix(".mo").exists() or read_mo(po.with_suffix(".mo")) != read_mo(compiled):
        yield f"{language}: django.mo is not what django.po compiles to."
