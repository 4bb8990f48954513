"""What a text is about: its most telling sentences and its key terms, found by counting words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tasks_app.llm.prose import read_prose

__all__ = ["Digest", "digest"]

SENTENCES = 3  # of a summary
SENTENCE_CHARACTERS = 320  # of one sentence in it; the rest is cut at a word
TERMS = 6
TITLE_CHARACTERS = 80

_TERM = re.compile(r"[^\W\d_](?:[\w'\u2019-]*\w)?")
_LEANING = re.compile(  # on a sentence before it
    r"(?:this|these|that|those|it|its|they|their|he|she|however|but|and|or|so|also|then|thus|therefore|here"
    r"|such|otherwise|as (?:the|this|shown|you))\b",
    re.I,
)
_BOILERPLATE = re.compile(
    r"copyright|©|all rights reserved|licen[sc]ed? (?:under|for)|permission is hereby|in no event"
    r"|warrant(?:y|ies)|\$id|^authors?\b|^see (?:also|module)|https?://",
    re.I,
)
_ENDED = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"')\]\u201d\u2019]*$")
_ENTRY = re.compile(r"[\w.*]+(?:\(.*?\))?\s+--?\s")  # "name -- what it is"
WORTH = 0.2  # of the best sentence's score: what is below is left out even if there is room
_ENGLISH = """
a about above after again all already also although always am among an and another any are around as at back be
because been before being below between both but by came can cannot could did do does doing done down during each
either else etc even ever every few for from further get gets give given gives go goes got had has have having he her
here hers him his how however i if in instead into is it its itself just keep kept like made make makes many may me
might more most much must my neither never no nor not now of off often on once one only onto or other others our out
over own per perhaps put rather s same say says see seen several shall she should since so some something still such t
take taken takes than that the their them themselves then there these they thing things this those three through thus
to together too toward two under until up upon us use used uses using very via was way we well were what when where
whether which while who whole whom whose why will with within without would yes yet you your
"""
_GERMAN = """
aber als am an auch auf aus bei bis das dass dem den der des die durch ein eine einem einen einer eines er es für hat
ich im in ist kann mit nach nicht noch nur oder sich sie sind so um und uns von vor war was wenn wie wir wird zu zum
zur über
"""
_FRENCH = """
au aux dans des du est et la le les par pour que qui sur un une
"""
_SPANISH = """
con del el en es las los para por que una y
"""
_STOPWORDS = frozenset(" ".join((_ENGLISH, _GERMAN, _FRENCH, _SPANISH)).split())


@dataclass(frozen=True, slots=True)
class Digest:
    """A text in short. Every sentence and term of it stands in the text."""

    title: str
    """The heading it opens with, else the beginning of its first sentence."""
    summary: str
    """About three sentences of it, in their order."""
    chosen: tuple[str, ...]
    """The same, one by one."""
    terms: tuple[str, ...]
    """Its key terms, the weightiest first."""
    paragraphs: int
    sentences: int
    words: int


def digest(text: str) -> Digest:
    """Read a text of any length once; the same text gives the same digest."""
    prose = read_prose(text)
    sentences = prose.sentences or _without_sentences(text)
    openings = {paragraph[0] for paragraph in prose.paragraphs}
    chosen = tuple(_finished(sentences[place]) for place in _choose(sentences, openings, prose.title))
    return Digest(
        title=_cut(prose.title or (sentences[0] if sentences else ""), TITLE_CHARACTERS),
        summary=" ".join(chosen),
        chosen=chosen,
        terms=_key_terms(sentences, prose.title),
        paragraphs=len(prose.paragraphs),
        sentences=len(sentences),
        words=prose.words,
    )


def _without_sentences(text: str) -> tuple[str, ...]:
    """Code and tables have no sentences: their first lines with words stand in."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return tuple(line for line in lines if _TERM.search(line))[:SENTENCES]


def _choose(sentences: Sequence[str], openings: set[str], title: str) -> list[int]:
    """The places of the best sentences, in their order; what was already said is worth less."""
    if len(sentences) <= SENTENCES:
        return list(range(len(sentences)))
    terms = [frozenset(_terms(sentence)) for sentence in sentences]
    frequency = Counter(term for found in terms for term in found)
    frequency.update(_terms(title))
    scores = [
        _score(sentence, found, frequency, place, sentence in openings)
        for place, (sentence, found) in enumerate(zip(sentences, terms, strict=True))
    ]
    chosen: list[int] = []
    left = set(range(len(sentences)))
    while left and len(chosen) < SENTENCES:
        worth = {place: scores[place] * _newness(terms[place], chosen, terms) for place in left}
        best = max(left, key=lambda place: (worth[place], -place))
        if worth[best] < WORTH * max(scores):
            break
        chosen.append(best)
        left.discard(best)
    return sorted(chosen)


def _score(sentence: str, terms: frozenset[str], frequency: Counter[str], place: int, opens: bool) -> float:
    """How telling a sentence is: its terms' weight by its length, its place, what speaks against it."""
    weight = sum(math.log(1 + frequency[term]) for term in sorted(terms))  # sorted: float sums depend on their order
    words = len(sentence.split())
    score = weight / (len(terms) + 6) + 0.01
    score *= 1 + 1.2 * math.exp(-place / 2)  # writers say first what matters
    score *= 1.15 if opens else 1.0
    if words < 5 and place > 0:
        score *= 0.4
    if words > 45:
        score *= 0.7
    if _LEANING.match(sentence):
        score *= 0.75
    if _BOILERPLATE.search(sentence):
        score *= 0.3
    if place > 0 and not _ENDED.search(sentence):  # what leads to a list, or stands in one
        score *= 0.4
    if place > 0 and (_ENTRY.match(sentence) or sentence[0].islower()):
        score *= 0.6
    if sentence.isupper():
        score *= 0.4
    return score


def _newness(terms: frozenset[str], chosen: list[int], all_terms: Sequence[frozenset[str]]) -> float:
    """From 1 (says something new) down to 0.3 (a repetition)."""
    if not terms or not chosen:
        return 1.0
    repeated = max(len(terms & all_terms[place]) / len(terms) for place in chosen)
    return 1 - 0.7 * repeated


def _key_terms(sentences: Sequence[str], title: str) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    spellings: dict[str, Counter[str]] = {}
    for place, sentence in enumerate([title, *sentences]):
        for match in _TERM.finditer(sentence):
            term = match[0].lower()
            if _tells(term):
                counts[term] += max(4 - place, 2)  # title and first sentence name the subject
                spellings.setdefault(term, Counter())[match[0]] += 1
    order = {term: place for place, term in enumerate(counts)}
    best = sorted(counts, key=lambda term: (-counts[term], order[term]))[:TERMS]
    return tuple(spellings[term].most_common(1)[0][0] for term in best)


def _terms(sentence: str) -> list[str]:
    return [term for match in _TERM.finditer(sentence) if _tells(term := match[0].lower())]


def _tells(term: str) -> bool:
    return term not in _STOPWORDS and (len(term) > 2 or not term.isascii())


def _finished(sentence: str) -> str:
    """A sentence fit to stand beside others: cut to size, with a full stop."""
    sentence = _cut(sentence, SENTENCE_CHARACTERS).rstrip(":;,- ") or sentence
    return sentence if _ENDED.search(sentence) else f"{sentence}."


def _cut(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    head = text[: length - 1]
    return (head[: head.rfind(" ")] if " " in head[length // 2 :] else head).rstrip(" ,;:-") + "…"
