"""Bring third-party front-end files into the repository: `python -m deploy.vendor`.

Runs at development time only, needs `npm` on 64-bit Linux, and is safe to repeat: each package is fetched with
`npm pack` at the exact version below, its tarball is compared with the pinned hash, and only the listed files are kept.
A library of which a part is enough is bundled from its modules, by a pinned bundler too, so that the same bytes come
out. The manifest records where every file comes from and its hash; `tests/test_vendor.py` re-hashes them, so a file
edited by hand is noticed.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "static" / "vendor" / "manifest.json"
SPRITE = ROOT / "static" / "img" / "icons.svg"


@dataclass(frozen=True)
class Package:
    """One pinned package: what is taken from its tarball and the folder that receives it."""

    npm: str
    version: str
    licence: str
    integrity: str
    name: str
    files: tuple[str, ...]
    into: str = "static/vendor"

    @property
    def folder(self) -> Path:
        return ROOT / self.into / self.name / self.version


ICONS = Package(
    npm="@tabler/icons",
    version="3.51.0",
    licence="MIT",
    integrity="sha512-0pinvPZz7YeX+OSfxuEAbnEPWbocVXW5iU8h5lh41pYG8sZuQfpWECC980lxOT0clGIcNGn8xsBr+zKaRGdA/g==",
    name="tabler-icons",
    files=("LICENSE",),
)

ECHARTS = Package(
    npm="echarts",
    version="6.1.0",
    licence="Apache-2.0",
    integrity="sha512-q0yaFPggC9FUdsWH4blavRWFmxdrIodbkoKNAjJudAI6CA9gNPxHtV2RcZNEepZVlk4yvBYkOkbk6HIVpIyHZA==",
    name="echarts",
    files=("LICENSE", "NOTICE", "licenses/LICENSE-d3"),
)
ESBUILD = Package(
    npm="@esbuild/linux-x64",
    version="0.28.2",
    licence="MIT",
    integrity="sha512-4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==",
    name="esbuild",
    files=(),
)
# What ECharts is made of beside its own modules.
CHART_PARTS = (
    Package(
        npm="zrender",
        version="6.1.0",
        licence="BSD-3-Clause",
        integrity="sha512-oEGMDB6pOP2S6OwRR4PdVv610zrjnA3Bh+JnSG12fYJlBKjtNAoEb5fSUoCOOINlH96I2fU38/A2UpRKs67xYQ==",
        name="zrender",
        files=("LICENSE",),
    ),
    Package(
        npm="tslib",
        version="2.3.0",
        licence="0BSD",
        integrity="sha512-N82ooyxVNm6h1riLCoyS9e3fuJ3AMG2zIZs2Gd1ATcSFjSA23Q0fzjjZeh0jbJvWVDZ0cJT8yaNNaaXHzueNjg==",
        name="tslib",
        files=("LICENSE.txt",),
    ),
)
# The charts that figures are drawn with; the whole library is nearly twice as large.
CHARTS = """
export { init } from "echarts/core";
import { use } from "echarts/core";
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";
use([BarChart, LineChart, SVGRenderer, AriaComponent, GridComponent, MarkLineComponent, TooltipComponent]);
"""

PACKAGES = (
    Package(
        npm="@tabler/core",
        version="1.6.1",
        licence="MIT",
        integrity="sha512-lgmR9gcxRp5JlLxcmRi9Rz85JrEvH6Bz71KnlcPVSa97wtwQNjgSs3g3fxwbAlulHyRMghhIV04QUuW3pqDsIg==",
        name="tabler",
        files=("dist/css/tabler.min.css",),
    ),
    Package(
        npm="htmx.org",
        version="2.0.11",
        licence="0BSD",
        integrity="sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==",
        name="htmx",
        files=("dist/htmx.min.js", "LICENSE"),
    ),
    Package(
        npm="axe-core",
        version="4.14.1",
        licence="MPL-2.0",
        integrity="sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        name="axe-core",
        files=("axe.min.js", "LICENSE"),
        into="tests/browser/vendor",
    ),
    ECHARTS,
    *CHART_PARTS,
    ICONS,
)

# "name" is an outline icon, "name-filled" the solid one.
ICON_NAMES = """
adjustments-horizontal alarm alert-circle alert-triangle arrow-back-up arrow-down arrow-left arrow-up arrows-sort ban
barcode bell bolt bookmark box broadcast building-store building-warehouse calendar cash chart-area-line chart-bar
chart-dots chart-funnel chart-line check checks chevron-down chevron-left chevron-right chevrons-left circle-check
circle-dashed circle-x clipboard-check clipboard-list clock coin columns copy credit-card database database-export
database-import device-desktop discount dots download edit external-link eye eye-off file-export file-import
file-spreadsheet file-text filter flag flag-filled gavel gift history home hourglass inbox info-circle key keyboard
language layout-list layout-sidebar-left-collapse layout-sidebar-left-expand link list lock lock-open logout map
map-pin menu-2 message message-dots message-report minus moon note package packages pencil percentage phone
player-pause plus point printer puzzle receipt receipt-refund refresh report-analytics report-money rotate scale search
send settings share shield shield-lock shopping-bag shopping-cart star sun table tag tags trash trending-down
trending-up truck truck-delivery truck-loading truck-return upload user user-plus users video wallet world x
zoom-question
"""

SVG = "{http://www.w3.org/2000/svg}"


def main() -> None:
    """Fetch every package, copy what is listed, write the charts, the sprite and the manifest."""
    entries: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        unpacked = {package: fetch(package, into=Path(scratch)) for package in (*PACKAGES, ESBUILD)}
        for package in PACKAGES:
            entries += copy_files(package, unpacked=unpacked[package])
        entries.append(write_charts(unpacked))
        entries.append(write_sprite(unpacked[ICONS]))
    MANIFEST.parent.mkdir(parents=True, exist_ok=True)
    MANIFEST.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    print(f"{len(entries)} files, {len(PACKAGES)} packages -> {MANIFEST.relative_to(ROOT)}")


def fetch(package: Package, *, into: Path) -> Path:
    """Download and unpack one tarball; exit when its hash is not the pinned one."""
    packed = subprocess.run(
        ["npm", "pack", "--json", "--pack-destination", str(into), f"{package.npm}@{package.version}"],
        check=True,
        capture_output=True,
        text=True,
        cwd=into,
    )
    report = json.loads(packed.stdout)
    report = report[0] if isinstance(report, list) else next(iter(report.values()))
    tarball = into / Path(report["filename"]).name
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != package.integrity:
        raise SystemExit(f"{package.npm} {package.version}: expected {package.integrity}, got {found}")
    unpacked = into / package.name
    with tarfile.open(tarball) as archive:
        archive.extractall(unpacked, filter="data")
    return unpacked / "package"


def write_charts(unpacked: dict[Package, Path]) -> dict[str, str]:
    """Bundle the chosen parts of ECharts into one script that puts `echarts` into the window."""
    with tempfile.TemporaryDirectory() as scratch:
        for package in (ECHARTS, *CHART_PARTS):
            shutil.copytree(unpacked[package], Path(scratch, "node_modules", package.npm))
        Path(scratch, "charts.js").write_text(CHARTS, encoding="utf-8")
        bundle = Path(scratch, "bundle.js")
        told = ["--bundle", "--minify", "--format=iife", "--global-name=echarts", "--target=es2020", "--charset=utf8"]
        told += ['--define:process.env.NODE_ENV="production"', "--legal-comments=none", "--log-level=warning"]
        subprocess.run(
            [unpacked[ESBUILD] / "bin" / "esbuild", "charts.js", *told, f"--outfile={bundle}"], check=True, cwd=scratch
        )
        script = ECHARTS.folder / "echarts.min.js"
        made_of = ", ".join(f"{one.npm} {one.version}" for one in (ECHARTS, *CHART_PARTS))
        script.write_bytes(f"/* {made_of}; bundled by deploy/vendor.py */\n".encode() + bundle.read_bytes())
    return entry(ECHARTS, source=f"modules, bundled by {ESBUILD.npm} {ESBUILD.version}", file=script)


def copy_files(package: Package, *, unpacked: Path) -> list[dict[str, str]]:
    """Replace the package's folder by the listed files and return their manifest entries."""
    shutil.rmtree(package.folder.parent, ignore_errors=True)
    package.folder.mkdir(parents=True)
    entries = []
    for source in package.files:
        target = package.folder / Path(source).name
        target.write_bytes(without_source_map((unpacked / source).read_bytes()))
        entries.append(entry(package, source=source, file=target))
    return entries


def without_source_map(content: bytes) -> bytes:
    """Drop sourceMappingURL comments: hashed static storage refuses to build when the map is not there."""
    content = re.sub(rb"/\*[#@]\s*sourceMappingURL=[^*]*\*/", b"", content)
    content = re.sub(rb"^//[#@]\s*sourceMappingURL=.*$", b"", content, flags=re.MULTILINE)
    return content.rstrip() + b"\n"


def write_sprite(unpacked: Path) -> dict[str, str]:
    """Assemble one SVG sprite with a <symbol> per icon name."""
    ElementTree.register_namespace("", SVG.strip("{}"))
    symbols = "\n".join(symbol(unpacked, name) for name in sorted(set(ICON_NAMES.split())))
    SPRITE.parent.mkdir(parents=True, exist_ok=True)
    SPRITE.write_text(
        f"<!-- Tabler Icons {ICONS.version}, MIT, copyright Pawel Kuna; written by deploy/vendor.py -->\n"
        f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n',
        encoding="utf-8",
    )
    return entry(ICONS, source="icons/*", file=SPRITE)


def symbol(unpacked: Path, name: str) -> str:
    """Return one icon as a <symbol>, without the transparent box that each Tabler icon starts with."""
    solid = name.endswith("-filled")
    kind = "filled" if solid else "outline"
    icon = ElementTree.parse(unpacked / "icons" / kind / f"{name.removesuffix('-filled')}.svg").getroot()
    shapes = [shape for shape in icon if shape.get("d") != "M0 0h24v24H0z"]
    body = "".join(ElementTree.tostring(shape, encoding="unicode").strip() for shape in shapes)
    body = body.replace(' xmlns="http://www.w3.org/2000/svg"', "").replace(" />", "/>")
    paint = ' fill="currentColor" stroke="none"' if solid else ""
    return f'<symbol id="{name}" viewBox="0 0 24 24"{paint}>{body}</symbol>'


def entry(package: Package, *, source: str, file: Path) -> dict[str, str]:
    """Describe one vendored file for the manifest."""
    return {
        "name": package.npm,
        "version": package.version,
        "licence": package.licence,
        "source": source,
        "file": file.relative_to(ROOT).as_posix(),
        "sha384": hashlib.sha384(file.read_bytes()).hexdigest(),
    }


if __name__ == "__main__":
    main()
