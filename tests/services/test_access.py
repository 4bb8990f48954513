"""Keys: programs' tokens, and links that sign one person in, once."""

from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from tasks_app.conf import conf
from tasks_app.errors import NotFound, ValueRefused
from tasks_app.models import SignInLink, Token
from tasks_app.services import access
from tests.together import together

GARBAGE = ["", " ", "crux_", "x" * 10_000, "\x00", "\ud800", "' OR 1=1 --"]


def alice() -> User:
    return User.objects.create(username="alice")


@pytest.mark.django_db
class TestTokens:
    def test_a_token_opens_for_its_owner_alone_and_only_its_digest_is_stored(self) -> None:
        owner = alice()
        secret = access.create_token(owner, " laptop ")
        assert access.owner_of_token(secret) == owner
        row = Token.objects.get()
        assert (row.name, row.owner) == ("laptop", owner)
        assert secret not in row.digest

    def test_two_tokens_are_two_secrets(self) -> None:
        owner = alice()
        assert access.create_token(owner, "one") != access.create_token(owner, "one")

    def test_a_token_needs_a_name(self) -> None:
        with pytest.raises(ValueRefused, match="needs a name"):
            access.create_token(alice(), " ")

    def test_a_name_of_any_kind_is_stored(self) -> None:
        access.create_token(alice(), "n\x00" * 200)
        assert Token.objects.get().name.startswith("n\ufffdn")

    def test_a_revoked_token_opens_nothing(self) -> None:
        secret = access.create_token(alice(), "laptop")
        Token.objects.update(revoked_at=timezone.now())
        assert access.owner_of_token(secret) is None

    def test_the_token_of_one_who_may_not_sign_in_opens_nothing(self) -> None:
        secret = access.create_token(alice(), "laptop")
        User.objects.update(is_active=False)
        assert access.owner_of_token(secret) is None

    @pytest.mark.parametrize("secret", GARBAGE)
    def test_garbage_opens_nothing(self, secret: str) -> None:
        access.create_token(alice(), "laptop")
        assert access.owner_of_token(secret) is None


@pytest.mark.django_db
class TestLinks:
    def test_a_link_signs_in_once(self) -> None:
        user = alice()
        secret = access.create_link(user)
        assert access.use_link(secret) == user
        with pytest.raises(NotFound, match="crux link"):
            access.use_link(secret)

    def test_looking_at_a_link_does_not_use_it_up(self) -> None:
        user = alice()
        secret = access.create_link(user)
        assert access.user_of_link(secret) == access.user_of_link(secret) == user
        assert access.use_link(secret) == user
        assert access.user_of_link(secret) is None

    def test_a_link_expires(self) -> None:
        secret = access.create_link(alice())
        lasts = timedelta(minutes=conf.link_minutes)
        with time_machine.travel(timezone.now() + lasts - timedelta(seconds=5)):
            assert access.user_of_link(secret) is not None
        with time_machine.travel(timezone.now() + lasts + timedelta(seconds=5)):
            assert access.user_of_link(secret) is None
            with pytest.raises(NotFound):
                access.use_link(secret)

    def test_a_link_of_one_who_may_not_sign_in_is_no_good(self) -> None:
        secret = access.create_link(alice())
        User.objects.update(is_active=False)
        assert access.user_of_link(secret) is None
        with pytest.raises(NotFound):
            access.use_link(secret)
        assert SignInLink.objects.get().used_at is None

    def test_using_one_link_leaves_the_others(self) -> None:
        user = alice()
        one, two = access.create_link(user), access.create_link(user)
        access.use_link(one)
        assert access.use_link(two) == user

    @pytest.mark.parametrize("secret", GARBAGE)
    def test_garbage_signs_nobody_in(self, secret: str) -> None:
        access.create_link(alice())
        assert access.user_of_link(secret) is None
        with pytest.raises(NotFound):
            access.use_link(secret)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_a_link_at_once_one_gets_in() -> None:
    user = alice()
    for _ in range(10):
        secret = access.create_link(user)
        got = together(*[partial(access.use_link, secret)] * 3)
        assert sorted(isinstance(one, NotFound) for one in got) == [False, True, True]
