"""A shop's `crux_agents.py`, with the types its author counts on. mypy reads it; see test_types.

`assert_type` says what must be known. A line that must be refused carries an ignore with the error's code: where mypy
has nothing against it, the ignore is unused, and that is an error.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, assert_type
from uuid import UUID

from pydantic import BaseModel, Field

from tasks_app.crux import (
    Agent,
    Context,
    CruxError,
    Generation,
    ModelError,
    Prompt,
    ScriptedModel,
    TaskSnapshot,
    Tool,
    agent,
    context,
    current_attempt,
    generate,
    has_tool_call,
    prompt,
    run_sync,
    step_count_is,
    stop_requested,
    tool,
    worker,
)


class Line(BaseModel):
    """A line of an invoice."""

    article: str
    price: Decimal


class Invoice(BaseModel):
    """What is to be read in a letter."""

    number: str
    lines: list[Line]


# --- Tools and contexts


@tool
def price_of(article: Annotated[str, Field(description="as in the catalogue")]) -> Decimal:
    """The price of an article."""
    return Decimal(len(article))


@tool(name="next_page", repeatable=True)
async def turn_page() -> str:
    """The next page of the letter."""
    return "no more pages"


async def opening_hours(input: dict[str, Any]) -> str:
    """Of the shop a question is about."""
    return f"{input['shop']} opens at nine."


assert_type(price_of, Tool)
assert_type(turn_page.replace(description="Turn the page."), Tool)
hours = context(opening_hours, id="hours", priority=60, tools=[price_of])
assert_type(hours, Context)


# --- Prompts and agents: of the type of their output

read = prompt(id="read", system="You read invoices.", use=[hours], tools=[turn_page], output=Invoice)
talk = prompt(system=lambda: "You chat.", messages=[{"role": "user", "content": "Hello."}], token_budget=2_000)

assert_type(read, Prompt[Invoice])
assert_type(talk, Prompt[None])
assert_type(prompt(output=list[Line]), Prompt[list[Line]])
assert_type(prompt(output=dict[str, Decimal]), Prompt[dict[str, Decimal]])
assert_type(prompt(output=Line | Invoice), Prompt[Line | Invoice])
assert_type(prompt(output=Literal["paid", "open"]), Prompt[Literal["paid", "open"]])
assert_type(prompt(output=Annotated[str, Field(min_length=1)]), Prompt[str])

reader = agent(id="shop-reader", prompt=read, model="small", stop_when=has_tool_call("complete_task"))
clerk = agent(id="shop-clerk", prompt="You answer letters.", tools={"price": price_of}, about="Answers.")

assert_type(reader, Agent[Invoice])  # its prompt's
assert_type(clerk, Agent[None])
assert_type(agent(id="shop-lister", prompt=read, output=list[Line]), Agent[list[Line]])


def any_agent(one: Agent, all_of_them: list[Agent[Any]]) -> Agent:
    """Without its parameter an agent is one of any output."""
    return one if one in all_of_them else reader


# --- Workers: the function stays what it is


@worker("shop-total", output=Decimal)
def total(invoice: dict[str, Any], task: TaskSnapshot) -> Decimal:
    """The sum of an invoice's lines."""
    if stop_requested():
        raise CruxError(f"{task.label} was cancelled")
    assert_type(current_attempt().id, UUID)
    assert_type(current_attempt().task, TaskSnapshot)
    assert_type(task.started_at, datetime | None)
    return sum((Line.model_validate(line).price for line in invoice["lines"]), start=Decimal(0))


@worker("shop-mail")
async def read_mail(letter: str) -> Invoice:
    """An invoice out of a letter."""
    made = await generate(read, input={"shop": "corner"}, stop_when=step_count_is(3), token_budget=500)
    assert_type(made, Generation[Invoice])
    assert_type(made.output, Invoice)
    assert_type(made.usage.input_tokens, int)
    return made.output


def sums(tasks: list[TaskSnapshot]) -> list[Decimal]:
    """A worker can be called like any function."""
    return [total(task.input, task) for task in tasks]


# --- From plain Django code, and in tests


def first_price(letter: str) -> Decimal | None:
    """For a view."""
    try:
        made = run_sync(generate, reader, input=letter, model=ScriptedModel(["{}"]))
    except ModelError as error:
        assert_type(error.retryable, bool)
        return None
    return made.output.lines[0].price


async def chat() -> str:
    """Without an output there is none."""
    made = await generate(clerk, model="large", tools=[price_of, len])
    assert_type(made, Generation[None])
    assert_type((await talk.inspect({"shop": "corner"}, token_budget=0))["system"], Any)
    return made.text


def stored(json: str) -> Invoice:
    """A generation comes back from JSON as it was."""
    return Generation[Invoice].model_validate_json(json).output


# --- What must be refused


async def wrong() -> None:
    """Each line a mistake that mypy finds."""
    made = await generate(read)
    print(made.output.total)  # type: ignore[attr-defined]
    print((await generate(talk)).output.number)  # type: ignore[attr-defined]
    letters: Generation[str] = made  # type: ignore[assignment]
    print(letters)
    await generate("Read this.")  # type: ignore[arg-type]
    await generate(read, inputs="x")  # type: ignore[call-arg]
    await generate(read, stop_when=3)  # type: ignore[arg-type]
    run_sync(generate, read, model=7)  # type: ignore[arg-type]
    print(run_sync(generate, read).output.total)  # type: ignore[attr-defined]
    prompt(output=3)  # type: ignore[arg-type]
    prompt("You read.")  # type: ignore[call-arg]
    context(3)  # type: ignore[arg-type]
    context("x", priority="high")  # type: ignore[arg-type]
    agent(id="shop-nobody")  # type: ignore[call-overload]
    agent(id="shop-nobody", prompt=read, output=3)  # type: ignore[call-overload]
    worker("shop-nobody")("no function")  # type: ignore[type-var]
    total("an invoice")  # type: ignore[call-arg,arg-type]
    turn_page()  # type: ignore[operator]
    current_attempt().task.label = "x"  # type: ignore[misc]
