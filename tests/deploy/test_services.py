import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy import places, processes, services
from deploy.services import Postgres, Valkey


@pytest.fixture
def root() -> Iterator[Path]:
    with places.scratch() as folder:
        yield folder


def soon(condition: Callable[[], bool], *, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.usefixtures("nothing_given")
def test_servers_answer_while_the_block_runs_and_are_gone_with_their_data_afterwards() -> None:
    with services.running("test") as env:
        folder = Path(str(value(env["DATABASE_URL"], "SHOW data_directory")))
        assert value(env["DATABASE_URL"], "SELECT lower('ÄÖ 裙')") == "äö 裙"
        assert redis.Redis.from_url(env["REDIS_URL"]).ping()
        owner = processes.working_in(folder)
        assert owner
    assert not folder.exists()
    assert not processes.working_in(folder)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(env["DATABASE_URL"])


def test_servers_named_by_the_environment_are_used_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"DATABASE_URL": "postgres://a:b@nowhere/c", "REDIS_URL": "redis://nowhere/0"}
    for name, url in given.items():
        monkeypatch.setenv(name, url)
    with services.running("test") as env:
        assert env == given


def test_the_application_is_no_superuser_and_a_wrong_password_is_refused(root: Path) -> None:
    server = Postgres(root, profile="test")
    server.start()
    try:
        assert value(server.url, "SELECT usesuper FROM pg_user WHERE usename = current_user") is False
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url.replace(":" + server._password(), ":wrong"))
        assert (server.data / "launcher.password").stat().st_mode & 0o777 == 0o600
    finally:
        server.stop()


def test_a_durable_cluster_keeps_committed_rows_through_kill_9(root: Path) -> None:
    server = Postgres(root, profile="demo")
    server.start()
    try:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        assert server.process is not None
        port = server.port
        os.kill(server.process.pid, signal.SIGKILL)
        assert soon(lambda: not server.alive())
        server.start()
        assert server.port == port
        assert value(server.url, "SELECT answer FROM kept") == 42
    finally:
        server.stop()


def test_a_pid_file_that_names_a_stranger_does_not_block_the_start(root: Path) -> None:
    first = Postgres(root, profile="test")
    first.start()
    first.stop()
    stranger = subprocess.Popen(["sleep", "60"], **processes.as_account(first.account))
    (first.data / "postmaster.pid").write_text(f"{stranger.pid}\n{first.data}\n1\n5432\n\n127.0.0.1\n1 1\nready\n")
    again = Postgres(root, profile="test")
    try:
        again.start()
        assert value(again.url, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        again.stop()
        stranger.kill()
        stranger.wait()


def test_what_a_killed_initdb_left_is_replaced(root: Path) -> None:
    server = Postgres(root, profile="test")
    half = places.private_folder(root / "pg.new", server.account)
    (half / "PG_VERSION").write_text("18\n")
    unfinished = places.private_folder(root / "pg", server.account)
    (unfinished / "PG_VERSION").write_text("18\n")
    server.start()
    try:
        assert value(server.url, "SELECT 1") == 1
        assert not half.exists()
        assert list(root.glob("pg.unfinished-*/PG_VERSION"))
    finally:
        server.stop()


def test_a_cluster_of_another_version_is_refused_with_advice(root: Path) -> None:
    data = places.private_folder(root / "pg", None)
    (data / "global").mkdir()
    for name in ("global/pg_control", "launcher.password"):
        (data / name).touch()
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(services.ServiceError, match="made by PostgreSQL 9"):
        Postgres(root, profile="test").start()


def test_valkey_wants_a_password_and_survives_a_spoiled_file(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = Valkey(root, profile="demo")
    server.start()
    redis.Redis.from_url(server.url).set("hint", "1")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)).ping()
    server.stop()
    (part,) = (server.data / "appendonlydir").glob("*.incr.aof")
    part.write_bytes(b"*3\r\n$3\r\nSET\r\nnonsense" + part.read_bytes())
    try:
        server.start()
        assert redis.Redis.from_url(server.url).get("hint") is None
        assert "starts empty" in capsys.readouterr().out
    finally:
        server.stop()


LAUNCHER = """
import sys, time
from pathlib import Path
from deploy import services
with services.running("test", root=Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.mark.usefixtures("nothing_given")
def test_nothing_is_left_when_the_launcher_is_killed_and_the_next_start_works(root: Path) -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(root)], cwd=places.PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert launcher.stdout is not None
    with launcher.stdout:
        assert launcher.stdout.readline() == "ready\n"
    assert processes.working_in(root / "pg")
    assert processes.working_in(root / "valkey")
    launcher.kill()
    launcher.wait()
    assert soon(lambda: not processes.working_in(root / "pg") and not processes.working_in(root / "valkey"))
    with services.running("test", root=root) as env:
        assert value(env["DATABASE_URL"], "SELECT 1") == 1


@pytest.fixture
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
