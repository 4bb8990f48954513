"""Keys to the door: tokens for programs, one-time links for people. Secrets are shown once and stored as digests."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from tasks_app.conf import conf
from tasks_app.errors import NotFound, ValueRefused
from tasks_app.models import SignInLink, Token
from tasks_app.rules.values import clean_text


def create_token(owner: User, name: str) -> str:
    """A new key for a program that reads what `owner` reads. Returned once; only its digest is stored.

    Raises:
        ValueRefused: no name.
    """
    if not name.strip():
        raise ValueRefused("A token needs a name, so that people know later what it was for.")
    secret = f"crux_{secrets.token_urlsafe(32)}"
    Token.objects.create(owner=owner, name=clean_text(name.strip(), max_chars=100), digest=_digest(secret))
    return secret


def owner_of_token(secret: str) -> User | None:
    """Whose token this is; None if it is unknown, revoked, or its owner may no longer sign in. One query."""
    row = Token.objects.select_related("owner").filter(digest=_digest(secret), revoked_at__isnull=True).first()
    return row.owner if row and row.owner.is_active else None


def create_link(user: User) -> str:
    """The secret of a new sign-in link, good once, for CRUX_LINK_MINUTES."""
    secret = secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(minutes=conf.link_minutes)
    SignInLink.objects.create(user=user, digest=_digest(secret), expires_at=expires_at)
    return secret


def user_of_link(secret: str) -> User | None:
    """Whom the link would sign in now, None if nobody; using it is another step. One query."""
    link = _good_links(secret).select_related("user").first()
    return link.user if link else None


def use_link(secret: str) -> User:
    """Use the link up and say whom it signs in; of two that try at once one wins.

    Raises:
        NotFound: it is unknown, used or expired.
    """
    link = _good_links(secret).select_related("user").first()
    if link is None or not _use_up(link):
        raise NotFound("This link was used or has expired; `manage.py crux link` prints another.")
    return link.user


def _use_up(link: SignInLink) -> bool:
    """Whether this was the first use. Asked of the row's own columns: through a join PostgreSQL lets both of two in."""
    return bool(SignInLink.objects.filter(pk=link.pk, used_at__isnull=True).update(used_at=timezone.now()))


def _good_links(secret: str) -> QuerySet[SignInLink]:
    return SignInLink.objects.filter(
        digest=_digest(secret), used_at__isnull=True, expires_at__gt=timezone.now(), user__is_active=True
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
