from __future__ import annotations

import pytest

from tasks_app.conf import conf
from tasks_app.errors import ModelError
from tasks_app.llm.client import open_models
from tests.llm.conftest import FakeEndpoint, MovedTime, fails

HELLO = [{"role": "user", "content": "Hello?"}]
TOOL = {"type": "function", "function": {"name": "start_task", "parameters": {"type": "object"}}}
KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize("status", [401, 503, 200])
async def test_the_key_is_in_no_error_and_no_repr(
    status: int, time: MovedTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    endpoint = FakeEndpoint((status, {}, f"{'x' * 190}Wrong key: {KEY}".encode()))
    async with open_models(app=endpoint, sleep=time.sleep, clock=time.clock) as models:
        model = models.get("m")
        with pytest.raises(ModelError) as caught:
            await model.complete(HELLO)
    assert endpoint.headers[0]["authorization"] == f"Bearer {KEY}"
    seen = f"{caught.value!r} {caught.value} {model!r} {models!r} {models.address!r}"
    assert "sk-very" not in seen
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_a_password_in_the_address_is_used_and_never_shown(
    time: MovedTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://somebody:pass-word@models.example/v1")
    endpoint = FakeEndpoint(fails(401))
    async with open_models(app=endpoint, sleep=time.sleep) as models:
        model = models.get("m")
        with pytest.raises(ModelError) as caught:
            await model.complete(HELLO)
    assert endpoint.headers[0]["authorization"].startswith("Basic ")
    assert "pass-word" not in f"{caught.value!r} {model!r} {models.address!r}"
    assert repr(model) == "<model 'm' at models.example>"


async def test_a_key_no_header_can_carry_is_told_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-sécret")
    async with open_models() as models:
        with pytest.raises(ModelError, match="OPENAI_API_KEY holds characters") as caught:
            await models.get("m").complete(HELLO)
    assert "cret" not in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize("url", ["localhost:11434/v1", "ftp://x/v1", "http://", "http://[::1/v1", "http://x:port/v1"])
async def test_an_address_that_is_none_is_told_at_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    async with open_models() as models:
        with pytest.raises(ModelError, match="OPENAI_BASE_URL is no") as caught:
            await models.get("m").complete(HELLO)
    assert not caught.value.retryable


class TestWhichModel:
    async def test_the_name_asked_for_goes_before_the_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(conf, "model", "from-settings")
        async with open_models() as models:
            assert models.get("mine").name == "mine"
            assert models.get("").name == models.get(None).name == models.get().name == "from-settings"

    async def test_with_nothing_set_it_is_the_offline_model(self) -> None:
        async with open_models() as models:
            assert models.offline
            assert models.get().name == "offline-extract"

    async def test_with_an_endpoint_a_model_must_be_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        async with open_models() as models:
            assert not models.offline
            with pytest.raises(ModelError, match="set CRUX_MODEL") as caught:
                models.get()
        assert not caught.value.retryable

    async def test_empty_variables_count_as_unset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", " ")
        monkeypatch.setenv("OPENAI_API_KEY", "")
        async with open_models() as models:
            assert models.offline
            reply = await models.get().complete([{"role": "user", "content": "One thing is true."}])
        assert (reply.model, reply.message["content"]) == ("offline-extract", "One thing is true.")
        assert reply.cost == 0

    async def test_a_key_with_an_empty_address_means_the_usual_address(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", "")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        async with open_models() as models:
            assert models.address.base_url == "https://api.openai.com/v1"

    async def test_a_proxy_does_not_take_the_offline_models_calls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
        async with open_models() as models:
            reply = await models.get().complete([{"role": "user", "content": "One thing is true."}])
        assert reply.message["content"] == "One thing is true."
