"""The summarizer: documents in, plain summaries out."""

from typing import Any

import pytest

from tasks_app.agents import registry
from tasks_app.conf import conf
from tasks_app.llm.client import open_models
from tasks_app.llm.scripted import ScriptedModel, call
from tests.agents.attempts import ModelsOf, a_claim, failure_of, task_of

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENT = """\
Tides rise and fall because the moon pulls on the sea. The sun pulls too, but less than half as much.
When both pull in a line, tides are highest; such spring tides come twice a month. Harbours print tables of them."""


@pytest.mark.parametrize("input", [DOCUMENT, {"text": DOCUMENT, "path": "tides.md"}])
async def test_the_document_is_the_message_and_the_result_a_plain_text(input: Any) -> None:
    claim = await a_claim("summarizer", input=input)
    model = ScriptedModel(
        [call("complete_task", result={"summary": "x"}), call("complete_task", result=" Tides. "), ""]
    )
    await registry.run_attempt(claim, ModelsOf(model))

    assert model.calls[0].messages[1] == {"role": "user", "content": DOCUMENT}
    assert (await task_of(claim)).result == "Tides."


@pytest.mark.parametrize("input", [None, "  ", {"path": "x"}, {"text": 3}, ["x"]])
async def test_an_input_without_a_text_fails_before_any_call(input: Any) -> None:
    claim, model = await a_claim("summarizer", input=input), ScriptedModel([])
    error = await failure_of(claim, ModelsOf(model))

    assert "no text to summarize" in str(error)
    assert model.calls == []


async def test_without_a_key_the_offline_model_summarizes_by_extraction(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(conf, "offline_seconds", 0)
    monkeypatch.setattr(conf, "model", "")
    claim = await a_claim("summarizer", input=DOCUMENT)
    async with open_models() as models:
        await registry.run_attempt(claim, models)
    task = await task_of(claim)

    assert (task.status, task.error) == ("completed", "")
    assert "moon pulls on the sea" in task.result
    assert task.progress == "Reading 1 paragraph"
