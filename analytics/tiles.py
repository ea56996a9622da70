"""Maps of equal tiles: where each province or state of a country stands, and which country a shop's regions are of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

Number = int | Decimal
# A map is drawn when so large a part of what has a region lies on it.
ENOUGH = 2, 3
# The shades of a map, from none to most.
LEVELS = 5


@dataclass(frozen=True)
class Tile:
    """One province: the word on its tile, how else it is written, and where it stands, counted from one."""

    short: str
    names: tuple[str, ...]
    column: int
    row: int


@dataclass(frozen=True)
class TileMap:
    """The tiles of a country, and the words that its provinces may end with."""

    code: str
    columns: int
    tiles: tuple[Tile, ...]
    endings: str = ""

    def find(self, region: str) -> Tile | None:
        """Return the tile of a region as orders write it, or None."""
        return _index(self).get(plain(re.sub(f"(?:{self.endings})$", "", region.strip()) if self.endings else region))


def plain(text: str) -> str:
    """Write a name without accents, case or what is no letter, so that spellings meet."""
    bare = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in bare.casefold() if sign.isalpha())


@cache
def _index(tiles: TileMap) -> dict[str, Tile]:
    return {plain(name): tile for tile in tiles.tiles for name in (tile.short, *tile.names)}


def map_of(weights: Mapping[str, int]) -> TileMap | None:
    """Return the country on which most orders lie, by region and number of orders; None where too few lie on one."""
    known = {region: n for region, n in weights.items() if region}
    part, whole = ENOUGH
    total = sum(known.values())
    on_map = [(sum(n for region, n in known.items() if one.find(region)), one) for one in MAPS]
    most, best = max(on_map, key=lambda found: found[0])
    return best if total and most * whole >= total * part else None


def levels(values: Iterable[Number]) -> list[Number]:
    """Return the lowest value of each shade above the lightest, so that about as many tiles have each; ties go up."""
    ranked = sorted(value for value in values if value > 0)
    if not ranked:
        return []
    cuts = [ranked[len(ranked) * step // (LEVELS - 1)] for step in range(LEVELS - 1)]
    return sorted(set(cuts))


def level(value: Number, cuts: Sequence[Number]) -> int:
    """Return the shade of a value: 0 for none, LEVELS - 1 for the most."""
    reached = sum(value >= cut for cut in cuts)
    return reached + (LEVELS - 1 - len(cuts)) if value > 0 and reached else 0


def _rows(told: str, names: Mapping[str, str]) -> tuple[Tile, ...]:
    """Read a drawing: a line is a row, a word a tile, a dot an empty place."""
    drawn = [line.split() for line in told.strip().splitlines()]
    return tuple(
        Tile(word, tuple(names.get(word, "").split(", ")) if word in names else (), column, row)
        for row, line in enumerate(drawn, 1)
        for column, word in enumerate(line, 1)
        if word != "."
    )


_CHINA = """
.    .    .    .    .    .    .    黑龙江
.    .    .    .    .    内蒙古 .    吉林
新疆 .    甘肃 宁夏 .    北京 天津 辽宁
.    青海 .    陕西 山西 河北 山东 .
西藏 .    四川 重庆 河南 安徽 江苏 上海
.    .    云南 贵州 湖北 江西 浙江 .
.    .    .    广西 湖南 广东 福建 台湾
.    .    .    .    海南 澳门 香港 .
"""
_CHINA_NAMES = {
    "北京": "Beijing",
    "天津": "Tianjin",
    "河北": "Hebei",
    "山西": "Shanxi",
    "内蒙古": "Inner Mongolia, Nei Mongol, 内蒙",
    "辽宁": "Liaoning",
    "吉林": "Jilin",
    "黑龙江": "Heilongjiang",
    "上海": "Shanghai",
    "江苏": "Jiangsu",
    "浙江": "Zhejiang",
    "安徽": "Anhui",
    "福建": "Fujian",
    "江西": "Jiangxi",
    "山东": "Shandong",
    "河南": "Henan",
    "湖北": "Hubei",
    "湖南": "Hunan",
    "广东": "Guangdong",
    "广西": "Guangxi",
    "海南": "Hainan",
    "重庆": "Chongqing",
    "四川": "Sichuan",
    "贵州": "Guizhou",
    "云南": "Yunnan",
    "西藏": "Tibet, Xizang",
    "陕西": "Shaanxi",
    "甘肃": "Gansu",
    "青海": "Qinghai",
    "宁夏": "Ningxia",
    "新疆": "Xinjiang",
    "台湾": "Taiwan, 臺灣",
    "香港": "Hong Kong",
    "澳门": "Macau, Macao, 澳門",
}
CHINA = TileMap("cn", 8, _rows(_CHINA, _CHINA_NAMES), "特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|省|市")

_BRAZIL = """
.  RR .  AP .  .
.  AM PA MA CE RN
AC RO TO PI PE PB
.  MT GO BA SE AL
.  MS DF MG ES .
.  .  SP RJ .  .
.  .  PR .  .  .
.  RS SC .  .  .
"""
_BRAZIL_NAMES = {
    "AC": "Acre",
    "AL": "Alagoas",
    "AM": "Amazonas",
    "AP": "Amapá",
    "BA": "Bahia",
    "CE": "Ceará",
    "DF": "Distrito Federal",
    "ES": "Espírito Santo",
    "GO": "Goiás",
    "MA": "Maranhão",
    "MG": "Minas Gerais",
    "MS": "Mato Grosso do Sul",
    "MT": "Mato Grosso",
    "PA": "Pará",
    "PB": "Paraíba",
    "PE": "Pernambuco",
    "PI": "Piauí",
    "PR": "Paraná",
    "RJ": "Rio de Janeiro",
    "RN": "Rio Grande do Norte",
    "RO": "Rondônia",
    "RR": "Roraima",
    "RS": "Rio Grande do Sul",
    "SC": "Santa Catarina",
    "SE": "Sergipe",
    "SP": "São Paulo",
    "TO": "Tocantins",
}
BRAZIL = TileMap("br", 6, _rows(_BRAZIL, _BRAZIL_NAMES))

_STATES = """
AK .  .  .  .  .  .  .  .  .  ME
.  .  .  .  .  WI .  .  .  VT NH
WA ID MT ND MN IL MI .  NY MA .
OR NV WY SD IA IN OH PA NJ CT RI
CA UT CO NE MO KY WV VA MD DE .
.  AZ NM KS AR TN NC SC DC .  .
.  .  .  OK LA MS AL GA .  .  .
HI .  .  TX .  .  .  .  FL .  .
"""
_STATES_NAMES = {
    "AK": "Alaska",
    "AL": "Alabama",
    "AR": "Arkansas",
    "AZ": "Arizona",
    "CA": "California",
    "CO": "Colorado",
    "CT": "Connecticut",
    "DC": "District of Columbia, Washington DC",
    "DE": "Delaware",
    "FL": "Florida",
    "GA": "Georgia",
    "HI": "Hawaii",
    "IA": "Iowa",
    "ID": "Idaho",
    "IL": "Illinois",
    "IN": "Indiana",
    "KS": "Kansas",
    "KY": "Kentucky",
    "LA": "Louisiana",
    "MA": "Massachusetts",
    "MD": "Maryland",
    "ME": "Maine",
    "MI": "Michigan",
    "MN": "Minnesota",
    "MO": "Missouri",
    "MS": "Mississippi",
    "MT": "Montana",
    "NC": "North Carolina",
    "ND": "North Dakota",
    "NE": "Nebraska",
    "NH": "New Hampshire",
    "NJ": "New Jersey",
    "NM": "New Mexico",
    "NV": "Nevada",
    "NY": "New York",
    "OH": "Ohio",
    "OK": "Oklahoma",
    "OR": "Oregon",
    "PA": "Pennsylvania",
    "RI": "Rhode Island",
    "SC": "South Carolina",
    "SD": "South Dakota",
    "TN": "Tennessee",
    "TX": "Texas",
    "UT": "Utah",
    "VA": "Virginia",
    "VT": "Vermont",
    "WA": "Washington",
    "WI": "Wisconsin",
    "WV": "West Virginia",
    "WY": "Wyoming",
}
STATES = TileMap("us", 11, _rows(_STATES, _STATES_NAMES))

# Where two countries have as many, the earlier one is drawn.
MAPS = (CHINA, BRAZIL, STATES)
