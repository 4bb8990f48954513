"""Whose account a command acts for."""

from __future__ import annotations

from django.contrib.auth.models import User

from tasks_app.errors import NotFound

OPERATOR = "operator"


def operator() -> User:
    """The operator's account, made if it is missing: signs in by link alone, sees and steers everything, admin too."""
    user, made = User.objects.get_or_create(
        username=OPERATOR, defaults={"is_staff": True, "is_superuser": True, "password": "!"}
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def usual() -> User | None:
    """The operator, else the only account there is, else none. Two queries."""
    active = User.objects.filter(is_active=True)
    accounts = list(active.filter(username=OPERATOR)[:1]) or list(active[:2])
    return accounts[0] if len(accounts) == 1 else None


def named(username: str | None) -> User:
    """The account of this name; of none, the usual one.

    Raises:
        NotFound: there is none, or none that is the usual one.
    """
    if username is None:
        user = usual()
        if user is None:
            many = User.objects.filter(is_active=True).exists()
            if many:
                raise NotFound("There are several accounts; say which with --user.")
            raise NotFound("There is no account; `manage.py crux up --first-run` makes one, or createsuperuser.")
        return user
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise NotFound(f"There is no active account {username!r}.")
    return found
