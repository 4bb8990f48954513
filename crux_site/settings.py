"""One deployment, configured by the environment alone. Crux's own settings are in tasks_app/conf.py.

DATABASE_URL         where the rows are: `postgres://…` or `sqlite:///…`; default crux.sqlite3 in CRUX_HOME
CRUX_HOME            directory of the database and the secret key; default var/ beside manage.py
DJANGO_SECRET_KEY    default: made once, kept in CRUX_HOME/secret_key, readable by its owner alone
DJANGO_DEBUG         `on` shows errors in full to everybody; default off
DJANGO_ALLOWED_HOSTS names this site is called by, comma-separated; default the loopback names
TZ                   time zone of what people read; default UTC
"""

import warnings
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from crux_site.logging import LINES
from crux_site.secret import secret_key
from tasks_app.conf import conf

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

HOME = Path(env.str("CRUX_HOME", default="") or BASE_DIR / "var").expanduser().absolute()
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="") or secret_key(HOME)
DEBUG = env.bool("DJANGO_DEBUG", default=False)
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

INSTALLED_APPS = [
    "daphne",
    "tasks_app",  # before django_q: its qcluster command shadows the stock one
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "django_q",
    "django_htmx",
    "template_partials",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # outside, so that static files are compressed too
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tasks_app.web.answers.RefusalMiddleware",
]

ROOT_URLCONF = "crux_site.urls"
ASGI_APPLICATION = "crux_site.asgi.application"

TEMPLATES = [
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
            "libraries": {"parts": "tasks_app.web.parts"},
        },
    }
]


def _database() -> dict[str, Any]:
    """The database of DATABASE_URL, with the options each engine needs to be safe under many writers.

    Raises:
        ImproperlyConfigured: no database that Crux knows; the URL, with its password, is not repeated.
    """
    url = env.str("DATABASE_URL", default="")
    config: dict[str, Any]
    if not url:  # and none is made of the path, which may hold #, ? or %
        config = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(HOME / "crux.sqlite3")}
    elif url.startswith(("postgres://", "postgresql://", "sqlite:///")):
        try:
            config = env.db_url("DATABASE_URL")
        except ValueError as error:
            raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from error
    else:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// or sqlite:///.")
    if "sqlite" in config["ENGINE"]:
        config["OPTIONS"] = {
            # Writers queue at BEGIN instead of failing at the first write of a transaction that has read.
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,  # s a writer waits for another; a transaction takes milliseconds
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
        }
    config["CONN_MAX_AGE"] = 0  # requests run on threads that come and go; a worker's one thread keeps its own
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# django-q2 takes "no timeout" for a mistake and says so in every process; `retry` below makes it none.
warnings.filterwarnings("ignore", "Retry and timeout are misconfigured", UserWarning, r"django_q\.conf")
Q_CLUSTER = {
    "name": "crux",
    "cluster_name": env.str("CRUX_CLUSTER", default="crux"),  # one a `crux up`, which names its own
    "orm": "default",
    "workers": conf.workers,
    "queue_limit": 1,
    "bulk": 1,
    "poll": 0.05,  # s
    "timeout": None,  # a shift is one job that lasts as long as its process
    "retry": 315_360_000,  # s, ten years: a shorter one would start a second copy of a running shift
    "ack_failures": True,
    "max_attempts": 1,
    "guard_cycle": 0.5,  # s; below it django-q2 never kills a worker that hangs
    "save_limit": 250,
    "catch_up": False,
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "lists"
LOGOUT_REDIRECT_URL = "sign-in"

LOGGING = LINES

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TZ", default="UTC") or "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # a fresh clone serves its files without a collectstatic
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if conf.https:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000  # s, a year
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
