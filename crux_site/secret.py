"""The secret key of an installation that was given none: made once, kept beside the database."""

import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def secret_key(home: Path) -> str:
    """The key in `home/secret_key`, made there, for its owner's eyes alone, if it is missing.

    Raises:
        ImproperlyConfigured: the directory cannot be written or the key not read; the message names it.
    """
    path = home / "secret_key"
    try:
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            _make(path)
        key = path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{path} cannot be {'read' if path.exists() else 'made'} ({error.strerror}); "
            "give CRUX_HOME a directory that is yours, or DJANGO_SECRET_KEY."
        ) from error
    if not key:
        raise ImproperlyConfigured(f"{path} is empty; remove it and a new key is made.")
    return key


def _make(path: Path) -> None:
    """Put a new key at `path`, unless another process was first: all that start at once agree on one.

    It is written whole under a name nobody else has (two containers on one volume share their pids) and then
    linked into place, which only one can do.
    """
    handle, draft = tempfile.mkstemp(prefix="secret_key.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
            file.flush()
            os.fsync(handle)  # or a power cut leaves a key that is linked and empty
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
