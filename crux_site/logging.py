"""Where log lines go, and which are worth reading: one stream, stderr, warnings from the libraries."""

from typing import Any

LINES: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s", "datefmt": "%H:%M:%S"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "tasks_app": {"level": "INFO"},
        "django": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},  # a page that is not there is the asker's matter
        "django-q": {"level": "WARNING"},  # it tells every birth and every job at INFO
    },
}
