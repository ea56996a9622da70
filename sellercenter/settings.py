"""Settings of the seller centre: one file, everything from the environment, loud on nonsense.

Variables: DATABASE_URL, REDIS_URL, and those that begin with SELLERCENTER_ (see `docs/operations.md`).
"""

import base64
import binascii
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _required(name: str, hint: str) -> str:
    """Return a variable that has no default, or say what to do about it."""
    value = str(env.str(name, default="")).strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {hint}")
    return value


def _flag(name: str, *, default: bool) -> bool:
    """Read 0 or 1; anything else is a mistake that should not pass for `no`."""
    value = str(env.str(name, default="1" if default else "0")).strip()
    if value not in ("0", "1"):
        raise ImproperlyConfigured(f"{name} is {value!r}; use 0 or 1.")
    return value == "1"


def _key(name: str, value: str) -> bytes:
    """Decode a 32-byte key that is given in base64."""
    try:
        key = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ImproperlyConfigured(f"{name} holds a key that is not base64.") from None
    if len(key) != 32:
        raise ImproperlyConfigured(f"{name} holds a key of {len(key)} bytes; 32 are needed.")
    return key


def _keyring(name: str, value: str) -> dict[str, bytes]:
    """Read `id:base64,id:base64`; the first key writes, all of them read."""
    ring: dict[str, bytes] = {}
    for part in value.split(","):
        key_id, colon, key = part.strip().partition(":")
        if not (colon and key_id.isascii() and key_id.isalnum() and len(key_id) <= 8) or key_id in ring:
            raise ImproperlyConfigured(
                f"{name} must read id:base64[,id:base64], each id once, at most 8 letters or digits."
            )
        ring[key_id] = _key(name, key)
    return ring


DEMO = _flag("SELLERCENTER_DEMO", default=False)
DEBUG = _flag("SELLERCENTER_DEBUG", default=False)
HTTPS = _flag("SELLERCENTER_HTTPS", default=not DEMO)
SECRET_KEY = _required("SELLERCENTER_SECRET_KEY", "Give at least 50 random characters; keep them secret.")
if len(SECRET_KEY) < 40 or len(set(SECRET_KEY)) < 8:
    raise ImproperlyConfigured(
        "SELLERCENTER_SECRET_KEY is too short or too simple; give at least 50 random characters."
    )
PRIVACY_KEYS = _keyring(
    "SELLERCENTER_PRIVACY_KEYS",
    _required("SELLERCENTER_PRIVACY_KEYS", "Give id:base64 of 32 random bytes; without it buyers' data can't be kept."),
)
INDEX_KEY = _key(
    "SELLERCENTER_INDEX_KEY",
    _required("SELLERCENTER_INDEX_KEY", "Give base64 of 32 random bytes; it must stay the same for good."),
)
_hosts = "127.0.0.1,localhost,[::1]" if DEMO else ""
ALLOWED_HOSTS = [h.strip() for h in env.str("SELLERCENTER_ALLOWED_HOSTS", default=_hosts).split(",") if h.strip()]
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "SELLERCENTER_ALLOWED_HOSTS is not set. Name the hosts under which people open the site."
    )
CSRF_TRUSTED_ORIGINS = [o for o in env.str("SELLERCENTER_ORIGINS", default="").split(",") if o]
VAR_DIR = Path(env.str("SELLERCENTER_VAR", default=str(BASE_DIR / "var")))

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.admin",
    "csp",
    "django_filters",
    "django_tables2",
    "sellercenter",
    "orders",
    "aftersales",
    "analytics",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sellercenter.middleware.LoginRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "sellercenter.urls"
WSGI_APPLICATION = "sellercenter.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": "rows",
        "DIRS": [BASE_DIR / "templates" / "rows"],
        "OPTIONS": {"auto_reload": DEBUG, "trim_blocks": True, "lstrip_blocks": True},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

_database = env.db_url_config(_required("DATABASE_URL", "Give postgres://user:password@host:port/name."))
DATABASES = {
    "default": {
        **_database,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **_database.get("OPTIONS", {}),
            "options": "-c lock_timeout=2s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
            " -c jit=off",
        },
    }
}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL server (15 or later).")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = _required("REDIS_URL", "Give redis://[:password@]host:port/0 of a Redis 7 or Valkey 8 server.")
# Nothing that must be right may live in the cache: it can vanish at any moment.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "sc",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_TASK_TIME_LIMIT = 900
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
# The same in all places: the shortest of them would win.
CELERY_VISIBILITY_TIMEOUT = CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
CELERY_RESULT_BACKEND_TRANSPORT_OPTIONS = {"visibility_timeout": CELERY_VISIBILITY_TIMEOUT}
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"

# Asked whether an order was paid before it is cancelled; empty: nobody is asked.
PAYMENT_GATEWAY_URL = env.str("SELLERCENTER_PAYMENT_GATEWAY_URL", default="")
PAYMENT_GATEWAY_TOKEN = env.str("SELLERCENTER_PAYMENT_GATEWAY_TOKEN", default="")
PAYMENT_GATEWAY_TIMEOUT = env.float("SELLERCENTER_PAYMENT_GATEWAY_TIMEOUT", default=5.0)
# Where refunds are handed over; without an address the demo only says so, and an installation leaves it to people.
REFUND_GATEWAY_URL = env.str("SELLERCENTER_REFUND_GATEWAY_URL", default="")
REFUND_GATEWAY_TOKEN = env.str("SELLERCENTER_REFUND_GATEWAY_TOKEN", default="")
REFUND_GATEWAY_TIMEOUT = env.float("SELLERCENTER_REFUND_GATEWAY_TIMEOUT", default=10.0)
if REFUND_GATEWAY_URL and not REFUND_GATEWAY_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("SELLERCENTER_REFUND_GATEWAY_URL must begin with https:// or http://.")
_no_refunds = "RecordingGateway" if DEMO else "NoGateway"
REFUND_GATEWAY = f"aftersales.refund_gateways.{'HttpGateway' if REFUND_GATEWAY_URL else _no_refunds}"

AUTH_USER_MODEL = "sellercenter.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "shop_choice"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "sellercenter.views.csrf_failure"

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# The demo and the tests serve straight from the folder; an installation collects and compresses first.
WHITENOISE_USE_FINDERS = DEMO or DEBUG
STATIC_ROOT = None if WHITENOISE_USE_FINDERS else env.str("SELLERCENTER_STATIC_ROOT", default=str(VAR_DIR / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = VAR_DIR / "media"
# Files that prove something, in a folder per shop; given out by the page alone that asks for the right.
EVIDENCE_ROOT = VAR_DIR / "evidence"
# So many bytes of evidence a shop may keep, so that none fills the disk of all.
EVIDENCE_LIMIT = env.int("SELLERCENTER_EVIDENCE_GB", default=50) * 1024**3
# Files that were asked for, and files that were brought, in a folder per shop; pages give out the former.
EXPORT_ROOT = VAR_DIR / "exports"
IMPORT_ROOT = VAR_DIR / "imports"
# Days for which an export can be fetched, and what of them a shop may keep at once.
EXPORT_KEPT = timedelta(days=env.int("SELLERCENTER_EXPORT_DAYS", default=7))
EXPORT_FILES = env.int("SELLERCENTER_EXPORT_FILES", default=40)
EXPORT_LIMIT = env.int("SELLERCENTER_EXPORT_GB", default=4) * 1024**3
# Without a choice of time an export takes so many days.
EXPORT_WINDOW = env.int("SELLERCENTER_EXPORT_WINDOW", default=90)
# So many rows a file may have that somebody brings.
IMPORT_ROWS = env.int("SELLERCENTER_IMPORT_ROWS", default=500_000)
# So many bytes of brought files a shop may keep, so that none fills the disk of all.
IMPORT_LIMIT = env.int("SELLERCENTER_IMPORT_GB", default=4) * 1024**3
# The largest request with files, in bytes: a film of evidence and the form around it.
UPLOAD_LIMIT = 105 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "sellercenter.uploads.LimitedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Beside the evidence and not in /tmp, which may be memory.
FILE_UPLOAD_TEMP_DIR = VAR_DIR / "uploads"
FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_NUMBER_FILES = 20

MESSAGE_GATEWAY_URL = env.str("SELLERCENTER_MESSAGE_GATEWAY_URL", default="")
MESSAGE_GATEWAY_TOKEN = env.str("SELLERCENTER_MESSAGE_GATEWAY_TOKEN", default="")
if MESSAGE_GATEWAY_URL and not MESSAGE_GATEWAY_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("SELLERCENTER_MESSAGE_GATEWAY_URL must begin with https:// or http://.")
EMAIL_URL = env.str("SELLERCENTER_EMAIL_URL", default="")
_mail = env.email_url_config(EMAIL_URL) if EMAIL_URL else {}
EMAIL_BACKEND = _mail.get("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST, EMAIL_PORT = _mail.get("EMAIL_HOST") or "localhost", _mail.get("EMAIL_PORT") or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_USER") or "", _mail.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("SELLERCENTER_EMAIL_FROM", default="noreply@localhost")
# Where people open the site: what stands before the addresses in e-mails, which know no request.
_site = CSRF_TRUSTED_ORIGINS[0] if CSRF_TRUSTED_ORIGINS else f"http{'s' if HTTPS else ''}://{ALLOWED_HOSTS[0]}"
SITE_URL = env.str("SELLERCENTER_SITE_URL", default=_site).rstrip("/")
if not SITE_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("SELLERCENTER_SITE_URL must begin with https:// or http://.")
# The part behind the @ of a Message-ID, so that a mail that is sent again can be told by its name.
MESSAGE_ID_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ") or "localhost"
# The way out for each channel. Without an address the demo keeps messages in memory; an installation refuses them.
_no_way_out = f"sellercenter.gateways.{'RecordingGateway' if DEMO else 'NoGateway'}"
_http = "sellercenter.gateways.HttpGateway" if MESSAGE_GATEWAY_URL else _no_way_out
MESSAGE_GATEWAYS = {
    "in_site": _http,
    "sms": _http,
    "email": "sellercenter.gateways.EmailGateway" if EMAIL_URL else _no_way_out,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}

# The rooms in the order in which their places stand in the navigation.
NAVIGATION = [
    "orders.views.PLACES",
    "aftersales.views.PLACES",
    "analytics.views.PLACES",
    "orders.views.SETTINGS",
    "aftersales.views.SETTINGS",
    "analytics.views.SETTINGS",
    "sellercenter.views.PLACES",
]
# What waits behind the places that show a number: functions of the shop that return lists by the places' keys.
NAVIGATION_COUNTS = ["orders.views.waiting", "aftersales.views.waiting"]

# The boards of the home page, room by room.
HOME_BOARDS = ["orders.views.home.BOARD", "aftersales.views.home.BOARD", "analytics.views.forecast.BOARD"]
# What the home page says of today beside yesterday: `(shop, actor, now)` to what its template names `today`, or None.
HOME_FIGURES = "analytics.home.today"
# What figures count of orders, each room's words with their conditions; the order list filters by them as `counted`.
ORDER_WORDS = ["orders.counted.WORDS", "aftersales.counted.ORDER_WORDS"]
# What other rooms show on the page of an order: `(order, setting, actor)` to a panel, or None. A panel names its
# `template`, and may name entries that it adds to the `timeline`, as orders/timeline.py makes them, and the kinds of
# events of the order that it `tells` there itself.
ORDER_PANELS = [
    "aftersales.panels.of_order",
    "aftersales.refunds_shown.of_order",
    "aftersales.dispute_panels.of_order",
    "aftersales.talk_panels.of_order",
]

# What is looked for round after round, each `(limit) -> rows handled`; see `sellercenter/sweeps.py`.
SWEEPS = [
    "orders.timers.fire_due",
    "aftersales.timers.fire_due",
    "sellercenter.outbox.fan_out",
    "sellercenter.outgoing.send_due",
    "aftersales.refunds.make_owed",
    "aftersales.paying.pay_due",
    "aftersales.dispute_timers.fire_due",
    "aftersales.conversations.warn_due",
    "analytics.rollups.roll",
    "analytics.reports.make_due",
    "sellercenter.exports.rules.make_due",
    "sellercenter.timetable.run_due",
    "sellercenter.jobs.run_some",
    "sellercenter.jobs.run_files",
]
# What the health page watches: lists of sellercenter.health.Owed, room by room.
OWED = ["orders.owed.OWED", "aftersales.owed.OWED", "sellercenter.health.OWED"]
# How what was given up is tried again, by the kind of its record: verbs `(fault, *, by)`.
REPLAYS = {
    "order": "orders.timers.replay",
    "case": "aftersales.timers.replay",
    "event": "sellercenter.outbox.replay",
    "outgoingmessage": "sellercenter.outgoing.replay",
    "refund": "aftersales.paying.replay",
    "dispute": "aftersales.dispute_timers.replay_dispute",
    "appeal": "aftersales.dispute_timers.replay_appeal",
    "ticket": "aftersales.dispute_timers.replay_ticket",
}
# Calendar work, once per slot however many processes look: ("hour" or "day" of UTC, a function without arguments).
TIMETABLE = [
    ("hour", "sellercenter.chores.clear_ended_sessions"),
    ("hour", "analytics.stock_alerts.warn"),
    ("hour", "sellercenter.exports.clear_old"),
    ("day", "sellercenter.chores.clear_old_ticks"),
    ("day", "sellercenter.chores.clear_read_notifications"),
    ("day", "sellercenter.chores.clear_finished_jobs"),
    ("day", "sellercenter.import_files.clear_old"),
    ("day", "orders.lookups.forget_old"),
    ("day", "aftersales.evidence.clear_left_over"),
    ("day", "analytics.rollups.compare_all"),
    ("day", "sellercenter.chores.check_invariants"),
]

# Seconds that a changed day rests before its figures are worked out, so that many changes cost one round. Today's
# figures are then at most a minute old.
FIGURES_SETTLE = env.int("SELLERCENTER_FIGURES_SETTLE", default=15)

# What people call the sweeps and the calendar work, on the health page.
WORK_NAMES = {
    "orders.timers.fire_due": _("Deadlines of orders"),
    "aftersales.timers.fire_due": _("Deadlines of cases"),
    "sellercenter.outbox.fan_out": _("Passing on what happened"),
    "sellercenter.outgoing.send_due": _("Sending messages to buyers"),
    "aftersales.refunds.make_owed": _("Asking for refunds that are owed"),
    "aftersales.paying.pay_due": _("Handing refunds over"),
    "aftersales.dispute_timers.fire_due": _("Deadlines of disputes, appeals and tickets"),
    "aftersales.conversations.warn_due": _("Warning before answers to buyers are late"),
    "analytics.rollups.roll": _("Figures of the days that changed"),
    "analytics.rollups.compare_all": _("Compare figures with the records"),
    "analytics.reports.make_due": _("Daily reports"),
    "sellercenter.exports.rules.make_due": _("Scheduled exports"),
    "analytics.stock_alerts.warn": _("Warn of stock that runs out"),
    "sellercenter.timetable.run_due": _("Work by the calendar"),
    "sellercenter.jobs.run_some": _("Long work"),
    "sellercenter.jobs.run_files": _("Files: exports and imports"),
    "sellercenter.exports.clear_old": _("Delete exports whose time is over"),
    "sellercenter.chores.clear_ended_sessions": _("Delete logins that ended"),
    "sellercenter.chores.clear_old_ticks": _("Delete old slots of the calendar"),
    "sellercenter.chores.clear_read_notifications": _("Delete old notices that were read"),
    "sellercenter.chores.clear_finished_jobs": _("Delete old work with its results"),
    "sellercenter.import_files.clear_old": _("Delete old imported files"),
    "orders.lookups.forget_old": _("Forget old pasted numbers"),
    "aftersales.evidence.clear_left_over": _("Delete files that belong to nothing"),
    "sellercenter.chores.check_invariants": _("Check that everything holds"),
}

# What the demo knows besides orders: functions `(market, shop, *, seed, until, events)` that fill a shop with it.
DEMO_ROOMS = ["aftersales.demo.filling.fill"]
# Who else lives in a demo shop: made of a World, and asked for `wants(now)`; see `orders/demo/living/world.py`.
DEMO_LIVES = ["aftersales.demo.living.Afterwards"]

# What people call each kind of event: dictionaries by kind, whose values are words or end with them.
EVENT_WORDS = [
    "sellercenter.log_words.WORDS",
    *("orders.timeline.WORDS", "orders.event_words.WORDS"),
    *("aftersales.timeline.WORDS", "aftersales.event_words.WORDS"),
    "analytics.event_words.WORDS",
]
# Who is told of events, in this order: objects with `kinds` and `take(events)`; see `sellercenter/outbox.py`.
EVENT_CONSUMERS = [
    "aftersales.following.FOLLOWING",
    "orders.notices.STAFF",
    "orders.notices.BUYERS",
    "aftersales.notices.STAFF",
    "aftersales.notices.BUYERS",
    "aftersales.policy_changes.NEW_SHOPS",
    "aftersales.review_rules.NEW_CASES",
    "aftersales.conversations_sent.BUYERS",
    "aftersales.refunds_reported.REPORTED",
    "analytics.notices.STAFF",
    "analytics.notices.READERS",
    "sellercenter.exports.notices.OUTCOME",
    "sellercenter.exports.notices.STAFF",
    "sellercenter.exports.notices.READERS",
]
# Who writes the messages about a kind of record at the moment of sending; see `sellercenter/outgoing.py`.
MESSAGE_COMPOSERS = {
    "order": "orders.notices.compose",
    "case": "aftersales.notices.compose_case",
    "refund": "aftersales.notices.compose_refund",
    "conversation": "aftersales.conversations_sent.compose",
    "reportcopy": "analytics.notices.compose",
    "export": "sellercenter.exports.notices.compose",
}
# The kinds of long work, each a list of sellercenter.jobs.JobKind that a room declares.
JOB_KINDS = [
    "sellercenter.exports.JOB_KINDS",
    "sellercenter.import_jobs.JOB_KINDS",
    "orders.bulk.JOB_KINDS",
    "orders.policies.JOB_KINDS",
    "aftersales.bulk.JOB_KINDS",
    "aftersales.refund_bulk.JOB_KINDS",
    "aftersales.policy_jobs.JOB_KINDS",
    "analytics.rollups.JOB_KINDS",
]
# What can be exported, each a list of sellercenter.exports.Source that a room declares.
EXPORTS = [
    "orders.exports.SOURCES",
    "aftersales.exports.SOURCES",
    "analytics.exports.SOURCES",
    "sellercenter.exports.log.SOURCES",
]
# What kinds of files can be brought in, each a list of sellercenter.import_kinds.ImportKind that a room declares.
IMPORT_KINDS = ["orders.imports.kinds.IMPORT_KINDS", "orders.row_files.IMPORT_KINDS"]
# The jobs that give what is open the times of a new policy, by their kinds.
POLICY_JOBS = ["orders.replan", "cases.replan"]
# What must hold, as SQL; the second list holds while workers run. See `sellercenter/invariants.py`.
INVARIANTS = [
    "sellercenter.invariants.INVARIANTS",
    "orders.invariants.INVARIANTS",
    "aftersales.invariants.INVARIANTS",
    "aftersales.refund_invariants.INVARIANTS",
    "aftersales.dispute_invariants.INVARIANTS",
    "aftersales.talk_invariants.INVARIANTS",
]
LIVE_INVARIANTS = [
    "sellercenter.invariants.LIVE_INVARIANTS",
    "orders.invariants.LIVE_INVARIANTS",
    "aftersales.invariants.LIVE_INVARIANTS",
    "aftersales.refund_invariants.LIVE_INVARIANTS",
    "aftersales.dispute_invariants.LIVE_INVARIANTS",
]
