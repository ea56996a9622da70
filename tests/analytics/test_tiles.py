"""Maps of equal tiles: spellings of provinces, the country that is drawn, and shades."""

from __future__ import annotations

import pytest

from analytics.tiles import BRAZIL, CHINA, MAPS, STATES, level, levels, map_of


@pytest.mark.parametrize("drawn", MAPS, ids=lambda one: one.code)
def test_each_tile_has_a_place_of_its_own_and_every_name_finds_its_tile(drawn):
    assert len(drawn.tiles) == {"cn": 34, "br": 27, "us": 51}[drawn.code]
    assert len({(tile.column, tile.row) for tile in drawn.tiles}) == len(drawn.tiles)
    assert max(tile.column for tile in drawn.tiles) == drawn.columns
    for tile in drawn.tiles:
        assert [drawn.find(name) for name in (tile.short, *tile.names)] == [tile] * (1 + len(tile.names))


@pytest.mark.parametrize(
    ("drawn", "spelling", "short"),
    [
        (CHINA, "广东省", "广东"),
        (CHINA, "内蒙古自治区", "内蒙古"),
        (CHINA, "新疆维吾尔自治区", "新疆"),
        (CHINA, " 北京市 ", "北京"),
        (CHINA, "香港特别行政区", "香港"),
        (BRAZIL, "sao paulo", "SP"),
        (BRAZIL, "SÃO PAULO", "SP"),
        (STATES, "new york", "NY"),
    ],
)
def test_a_province_is_found_however_it_is_written(drawn, spelling, short):
    assert drawn.find(spelling).short == short


@pytest.mark.parametrize(
    ("weights", "drawn"),
    [
        ({"广东省": 2, "": 50, "Kent": 1}, CHINA),
        ({"广东省": 1, "Kent": 1}, None),
        ({"SP": 40, "PA": 2}, BRAZIL),
        ({"CA": 40, "PA": 2}, STATES),
        ({"Kent": 9}, None),
        ({"": 9}, None),
        ({}, None),
    ],
)
def test_the_country_is_drawn_on_which_two_thirds_of_the_orders_with_a_region_lie(weights, drawn):
    assert map_of(weights) is drawn


def test_about_as_many_tiles_have_each_shade_and_equal_values_have_the_same():
    values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100]
    cuts = levels(values)
    assert cuts == [1, 3, 6, 8]
    assert [level(value, cuts) for value in values] == [0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4]
    assert [level(value, levels([5, 5, 7])) for value in (0, 5, 7)] == [0, 3, 4]
    assert levels([0, 0]) == []
    assert level(0, []) == 0
