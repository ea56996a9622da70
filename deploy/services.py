"""Run PostgreSQL and Valkey from their wheels, for the demo, the tests and the benchmarks."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

import psycopg
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy import places, processes
from deploy.places import ServiceError

__all__ = ["Postgres", "ServiceError", "Services", "Valkey", "free_port", "running"]

DATABASE = "sellercenter"
_THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
PROFILES: dict[str, dict[str, str]] = {
    "demo": {"shared_buffers": "256MB", "max_wal_size": "2GB"},
    "test": {**_THROWAWAY, "shared_buffers": "128MB"},
    "bench": {
        **_THROWAWAY,
        "shared_buffers": "2GB",
        "maintenance_work_mem": "1GB",
        "work_mem": "32MB",
        "max_wal_size": "8GB",
    },
}
_COMMON = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200", "jit": "off"}
_START_SECONDS = 60.0


def free_port() -> int:
    """Return a TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _server_env() -> dict[str, str]:
    # Nothing of the caller's PG* or secret variables may reach a server.
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _tail(log: Path, lines: int = 12) -> str:
    with suppress(FileNotFoundError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return ""


class Server:
    """Hold what PostgreSQL and Valkey have in common: a data folder, a port, a log, one process."""

    name = ""
    death_signal = signal.SIGTERM
    stop_steps: tuple[tuple[signal.Signals, float], ...] = ()

    def __init__(self, root: Path, *, profile: str) -> None:
        self.root, self.profile = root, profile
        self.account = places.server_account()
        self.log = root / f"{self.name}.log"
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def durable(self) -> bool:
        """Tell whether the data outlives this run."""
        return self.profile == "demo"

    def alive(self) -> bool:
        """Tell whether our own process is there."""
        return self.process is not None and not processes.exited(self.process)

    def stop(self) -> None:
        """Stop cleanly, and by force after a grace."""
        if self.process is not None:
            processes.stop([self.process], steps=self.stop_steps)
            self.process = None

    def start(self) -> None:
        """Start, or start again on the same port, and return when it answers."""
        self.prepare()
        fixed = self.port
        for _ in range(5):
            self.port = fixed or free_port()
            self._spawn()
            try:
                self._wait()
                return
            except ServiceError:
                self.stop()
                # Another program may have taken the port between our look and the server's bind.
                if "ddress already in use" not in _tail(self.log):
                    raise
                time.sleep(0.3)
        raise ServiceError(f"{self.name}: the port {self.port} of 127.0.0.1 is taken by another program.")

    def _spawn(self) -> None:
        if self.log.exists() and (self.log.stat().st_size > 10_000_000 or not self.durable):
            self.log.unlink()
        with self.log.open("ab") as log:
            self.process = processes.spawn(
                self.command(),
                env=_server_env(),
                cwd=self.data,
                output=log,
                account=self.account,
                death_signal=self.death_signal,
            )

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self.answers():
            if not self.alive():
                raise ServiceError(f"{self.name} did not start. Its last words:\n{_tail(self.log)}")
            if time.monotonic() > deadline:
                raise ServiceError(f"{self.name} did not answer in {_START_SECONDS:.0f} s. See {self.log}.")
            time.sleep(0.02)

    @property
    def data(self) -> Path:
        """Return the folder that the server works in."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Make the data folder fit for a start, whatever an earlier run left."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """Return the command line."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Tell whether our own process serves requests."""
        raise NotImplementedError


class Postgres(Server):
    """Run one PostgreSQL cluster with one database for the application."""

    name = "postgresql"
    death_signal = signal.SIGQUIT
    stop_steps = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0))

    @property
    def data(self) -> Path:
        return self.root / "pg"

    @property
    def url(self) -> str:
        return f"postgres://{DATABASE}:{self._password()}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        super().start()
        self._ensure_database()

    def prepare(self) -> None:
        self.bin = places.postgres_bin(self.account)
        for half in self.root.glob("pg.new*"):
            shutil.rmtree(half) if half.is_dir() else half.unlink()
        if self.data.exists():
            self._recover()
        if not self.data.exists():
            self._initialise()

    def _recover(self) -> None:
        if not (self.data / "global" / "pg_control").exists() or not self._secret.exists():
            aside = self.root / f"pg.unfinished-{int(time.time())}"
            self.data.rename(aside)
            print(f"{self.data} was no complete database. It is kept as {aside}; a new one is made.", flush=True)
            return
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(self._major()):
            raise ServiceError(
                f"{self.data} was made by PostgreSQL {made_by}, but {self.bin} is version {self._major()}. "
                "Set PG_BINDIR to the right one, or start afresh with: make clean"
            )
        processes.end_strays(self.data)
        # The number in it may belong to a stranger by now, and PostgreSQL would refuse to start.
        if Path("/proc/self").exists():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _initialise(self) -> None:
        """Make the cluster beside its final place and rename it: a killed initdb leaves nothing half-made."""
        half = places.private_folder(self.root / "pg.new", self.account)
        secret = places.private_file(self.root / "pg.new.password", secrets.token_urlsafe(24), self.account)
        locale = ["--locale-provider=builtin"] if self._major() >= 17 else []
        command = [str(self.bin / "initdb"), "-D", str(half), "-U", "postgres", "-A", "scram-sha-256"]
        command += ["--encoding=UTF8", *locale, "--locale=C.UTF-8", f"--pwfile={secret}"]
        command += [] if self.durable else ["--no-sync"]
        with self.log.open("ab") as log:
            done = processes.spawn(
                command, env=_server_env(), cwd=half, output=log, account=self.account, death_signal=signal.SIGKILL
            )
            if done.wait():
                raise ServiceError(f"initdb failed. Its last words:\n{_tail(self.log)}")
        secret.rename(half / self._secret.name)
        half.rename(self.data)

    def _major(self) -> int:
        said = subprocess.run([str(self.bin / "postgres"), "--version"], capture_output=True, text=True, cwd="/").stdout
        found = re.search(r"(\d+)", said)
        if not found:
            raise ServiceError(f"{self.bin / 'postgres'} does not tell its version.")
        return int(found.group(1))

    @property
    def _secret(self) -> Path:
        return self.data / "launcher.password"

    def _password(self) -> str:
        return self._secret.read_text().strip()

    def command(self) -> list[str]:
        settings = {**_COMMON, **PROFILES[self.profile], "port": str(self.port)}
        # Containers often have 64 MB of /dev/shm, too little for parallel queries.
        if Path("/dev/shm").exists() and shutil.disk_usage("/dev/shm").total < 512 << 20:
            settings["dynamic_shared_memory_type"] = "mmap"
        flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(self.bin / "postgres"), "-D", str(self.data), *flags]

    def answers(self) -> bool:
        """Trust the pid file only when it names our own child, its port and the word ready."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        if self.process is None or len(lines) < 8:
            return False
        return (lines[0], lines[3], lines[7].strip()) == (str(self.process.pid), str(self.port), "ready")

    def _ensure_database(self) -> None:
        """Make the application's role, which is no superuser, and its database."""
        role = sql.Identifier(DATABASE)
        with self.admin() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            login = sql.SQL("ALTER ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, sql.Literal(self._password()))
            connection.execute(login)
            if not self.durable:
                connection.execute(sql.SQL("GRANT pg_monitor, pg_checkpoint, pg_signal_backend TO {}").format(role))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))

    def admin(self) -> psycopg.Connection[tuple[object, ...]]:
        """Connect as the superuser of our cluster."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            password=self._password(),
            dbname="postgres",
            autocommit=True,
            connect_timeout=10,
        )


class Valkey(Server):
    """Run one Valkey; it carries hints only, so a spoiled file is set aside and not fatal."""

    name = "valkey"
    stop_steps = ((signal.SIGTERM, 5.0),)

    def __init__(self, root: Path, *, profile: str) -> None:
        super().__init__(root, profile=profile)
        self.password = secrets.token_urlsafe(24)

    @property
    def data(self) -> Path:
        return self.root / "valkey"

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        try:
            super().start()
        except ServiceError:
            if "AOF" not in _tail(self.log) or not (self.data / "appendonlydir").exists():
                raise
            aside = self.data / f"appendonlydir.spoiled-{int(time.time())}"
            (self.data / "appendonlydir").rename(aside)
            print(f"Valkey could not read its file. It is kept as {aside}; Valkey starts empty.", flush=True)
            super().start()

    def prepare(self) -> None:
        self.binary = places.valkey_server(self.account)
        places.private_folder(self.data, self.account)
        processes.end_strays(self.data, number=signal.SIGTERM)

    def command(self) -> list[str]:
        # The password goes through a file: command lines are public.
        conf = places.private_file(self.data / "valkey.conf", f"requirepass {self.password}\n", self.account)
        command = [str(self.binary), str(conf), "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--dir", str(self.data), "--save", "", "--maxmemory-policy", "noeviction", "--databases", "64"]
        return [*command, "--appendonly", "yes" if self.durable else "no"]

    def answers(self) -> bool:
        """Trust the port only when the server behind it is our own child."""
        client = redis.Redis(
            host="127.0.0.1", port=self.port, password=self.password, socket_timeout=2, retry=Retry(NoBackoff(), 0)
        )
        try:
            return self.process is not None and client.info("server")["process_id"] == self.process.pid
        except redis.RedisError:
            return False
        finally:
            client.close()


class Services:
    """Start what the environment does not name already, and stop it at the end."""

    def __init__(self, root: Path, *, profile: str) -> None:
        given = os.environ
        self.postgres = None if given.get("DATABASE_URL") else Postgres(root, profile=profile)
        self.valkey = None if given.get("REDIS_URL") else Valkey(root, profile=profile)
        self.members: list[Server] = [server for server in (self.postgres, self.valkey) if server]

    def __enter__(self) -> Services:
        try:
            for server in self.members:
                server.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop every server that was started here."""
        for server in reversed(self.members):
            server.stop()

    @property
    def env(self) -> dict[str, str]:
        """Return DATABASE_URL and REDIS_URL of the servers in use."""
        return {
            "DATABASE_URL": self.postgres.url if self.postgres else os.environ["DATABASE_URL"],
            "REDIS_URL": self.valkey.url if self.valkey else os.environ["REDIS_URL"],
        }


@contextmanager
def running(profile: str = "test", *, root: Path | None = None) -> Iterator[dict[str, str]]:
    """Yield DATABASE_URL and REDIS_URL of servers that run as long as the block does.

    Servers named by the environment are used as they are. Without `root`, the demo keeps its data in
    `var/`, and the other profiles work in a folder that is deleted afterwards.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        yield {key: os.environ[key] for key in ("DATABASE_URL", "REDIS_URL")}
        return
    with _place(profile, root) as folder, Services(folder, profile=profile) as services:
        yield services.env


def _place(profile: str, root: Path | None) -> AbstractContextManager[Path]:
    if root is not None:
        return nullcontext(root)
    return nullcontext(places.data_root()) if profile == "demo" else places.scratch()
