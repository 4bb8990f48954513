"""The secret key of an installation that was given none: made once, kept beside the database."""

import os
import secrets
from pathlib import Path


def secret_key(home: Path) -> str:
    """The key in `home/secret_key`, made there, for its owner's eyes alone, if it is missing.

    Two processes that start at once agree: the key is written whole under another name and linked into place,
    which only one can do.

    Raises:
        OSError: the directory cannot be written; the message names it.
    """
    path = home / "secret_key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        draft = home / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
