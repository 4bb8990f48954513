"""Three agents and a function read one letter at once; each answer has the type that its agent was made with."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from tasks_app.crux import Model, ParallelResult, TaskListHandle, agent, parallel

LETTER = """\
Dear all, the plum by the wall has to come down. It leans on the shed since the storm in February, and the roof will not
bear another winter. I have asked two people with a saw. One can come on a Saturday in May and wants two hundred euros;
the other one is cheaper, but has no insurance. Please tell me at the meeting whom to take. The wood is yours, if you
carry it away, and I should like to plant a quince in its place. Yours, Bob"""


class Question(BaseModel):
    """What a letter wants its readers to decide."""

    question: str
    options: list[str] = Field(min_length=1)


class Keywords(BaseModel):
    """What a letter is filed under."""

    words: list[str] = Field(min_length=2, max_length=5)


# Without an output an agent answers in text. Each is told the context, as JSON; what it needs is the letter in it.
gist = agent(id="letter-gist", prompt="You say in one sentence what a letter is about.")
question = agent(id="letter-question", prompt="You find what a letter wants to be decided.", output=Question)
keywords = agent(id="letter-keywords", prompt="You find the words that a letter is filed under.", output=Keywords)


def length(context: Mapping[str, str]) -> int:
    """A plain function is a member like the agents; it runs in a thread."""
    return len(context["letter"].split())


async def read(letter: str, model: str | Model | None) -> ParallelResult:
    """Let all of them read a letter. If one fails the others are cancelled, and its error comes out here."""
    return await parallel(
        agents={"gist": gist, "question": question, "keywords": keywords, "length": length},
        context={"letter": letter},
        model=model,
    )


async def main(model: str | Model | None = None) -> list[TaskListHandle]:
    """Read the letter, and print what each found. No task list is needed for it."""
    results = (await read(LETTER, model)).results

    # By name: right at run time, and Any to a type checker, since Python cannot type a mapping key by key.
    print(f"In short: {results.gist.output} ({results['length'].output} words)")
    print(f"Filed under: {', '.join(results.keywords.output.words)}")

    # By agent: a type checker knows that this is a Question, and that a misspelt field is none of its.
    decide = results.of(question).output
    print(f"To decide: {decide.question}")
    for option in decide.options:
        print(f"  - {option}")

    tokens = sum(outcome.usage.input_tokens + outcome.usage.output_tokens for outcome in results.values())
    print(f"It took {tokens} tokens in all.")
    return []
