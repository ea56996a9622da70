from pathlib import Path

import pytest

from deploy import demo, environment, testing
from deploy.places import ServiceError


def test_each_worker_of_xdist_gets_its_own_valkey_database() -> None:
    assert testing.own_database("redis://:pw@127.0.0.1:1/0", worker="gw0") == "redis://:pw@127.0.0.1:1/1"
    assert testing.own_database("redis://:pw@127.0.0.1:1/0", worker="gw7") == "redis://:pw@127.0.0.1:1/8"
    assert testing.own_database("redis://127.0.0.1:1", worker="gw7") == "redis://127.0.0.1:1"


def test_the_demo_keeps_its_secrets_in_a_private_file(tmp_path: Path) -> None:
    first = environment.demo(tmp_path)
    assert (tmp_path / "demo.env").stat().st_mode & 0o777 == 0o600
    assert environment.demo(tmp_path) == first
    (tmp_path / "demo.env").unlink()
    assert environment.demo(tmp_path)["SELLERCENTER_SECRET_KEY"] != first["SELLERCENTER_SECRET_KEY"]


def test_the_box_is_straight_around_chinese_text() -> None:
    lines = demo._box(8000, "owner  店主\nclerk  plain", 4.0).strip().splitlines()
    assert len({demo._width(line) for line in lines}) == 1
    assert any("4 orders a minute" in line for line in lines)


def test_the_demo_lives_unless_it_is_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVE", raising=False)
    assert demo._rate() > 0
    monkeypatch.setenv("LIVE", "0.5")
    assert demo._rate() == 0.5
    assert [child.args[-2:] for child in demo._children(8000, 0.5) if child.name == "people"] == [["--rate", "0.5"]]
    monkeypatch.setenv("LIVE", "0")
    assert demo._rate() == 0
    assert "people" not in {child.name for child in demo._children(8000, 0)}
    assert "orders a minute" not in demo._box(8000, "owner", 0)


@pytest.mark.parametrize("asked", ["lots", "-1", "601", "nan"])
def test_a_nonsense_number_of_orders_is_refused(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVE", asked)
    with pytest.raises(ServiceError, match=f"LIVE={asked}"):
        demo._rate()


def test_the_first_browser_of_the_list_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert testing.find_chromium() is None
    for name in ("google-chrome", "chromium"):
        (tmp_path / name).touch(mode=0o755)
    assert testing.find_chromium() == str(tmp_path / "chromium")
