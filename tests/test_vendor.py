"""Third-party files are exactly those that deploy/vendor.py fetched, and every icon that is asked for exists."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = json.loads((ROOT / "static/vendor/manifest.json").read_text(encoding="utf-8"))
SPRITE_IDS = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/img/icons.svg").read_text(encoding="utf-8")))
TEMPLATES = [path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".jinja"}]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["file"])
def test_each_vendored_file_has_the_recorded_hash(entry):
    content = (ROOT / entry["file"]).read_bytes()
    assert hashlib.sha384(content).hexdigest() == entry["sha384"]
    assert b"sourceMappingURL" not in content


def test_no_file_is_vendored_without_an_entry():
    recorded = {entry["file"] for entry in ENTRIES} | {"static/vendor/manifest.json"}
    folders = (ROOT / "static/vendor", ROOT / "tests/browser/vendor")
    found = {path.relative_to(ROOT).as_posix() for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert found <= recorded


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_each_icon_that_a_template_names_is_in_the_sprite(template):
    text = template.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:sprite|icons\.svg'|icons\.svg\") *(?:%\}|\}\})#([a-z0-9-]+)", text))
    named |= set(re.findall(r'parts/icon\.html" with name="([a-z0-9-]+)"', text))
    assert named <= SPRITE_IDS


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_templates_carry_no_inline_style_and_no_inline_script(template):
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script\b[^>]*>", text))
