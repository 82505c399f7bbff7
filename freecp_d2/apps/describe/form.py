"""
What is wrong with a sentence, whatever it is about: a refusal, a list, more than one sentence, ...

The rules are those of form that a description breaks and a refusal keeps: it says "I" and "you", it
speaks of the answer or of one certain image, or of what cannot be described.
"""

import re
import unicodedata
from collections.abc import Iterable

from ..words.tokens import CONTEXT_LENGTH, prompt_length
from .naming import tokens_of

__all__ = ["beginning_problem", "form_problem"]

_FEWEST_WORDS = 4
_SMALLEST_VARIETY = 0.4
"""Different words over all words. The shipped sentences have 0.59 at least."""

_APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u0060\u00b4\uff07"), "'")
_CANNOT = r"(?:can(?:no|')t|can not|could not|couldn't|do not|don't|won't|will not|haven't|am not)"
_REFUSAL = re.compile(
    r"\bas an? (?:\w+ )?(?:ai|language model|assistant|chatbot)\b"
    r"|\bI(?:'m| am) (?:sorry|afraid|unable|not able|an? AI)"
    rf"|\bI (?:{_CANNOT}|apologi[sz]e)\b"
    r"|\bsorry, |^sorry\b|\bunfortunately\b"
    r"|\bmy (?:training|knowledge cutoff|abilit(?:y|ies)|capabilit(?:y|ies))\b"
    r"|\b(?:unable|not able|(?:not |im)possible) (?:for \w+ )?to "
    r"(?:describe|provide|answer|assist)\b"
    r"|\b(?:not |im)possible for me\b|\bdescribing\b.*\b(?:not |im)possible\b"
    r"|\b(?:cannot|can't|can not) be described\b"
    r"|\b(?:is|are)(?: not|n't) (?:visible|shown|present|depicted) in (?:the|this|your) "
    r"(?:image|photo|image)\b"
    r"|\bno (?:image|photo|image) (?:is|was|has been) (?:given|provided|attached|uploaded)\b",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"^(?:sure|certainly|of course|absolutely|here(?:'s| are| is)|below (?:are|is)|note that|"
    r"please|let me|I hope|in summary|as requested|feel free)\b"
    r"|^(?:ok(?:ay)?|yes|great|alright)[,!] "
    r"|\brefers? to\b|\b(?:this|these|the above) (?:sentence|description|answer|response)s?\b"
    r"|\byou(?:'ve| have)? (?:gave|given|provided?|uploaded|sent|shared|asked|requested)\b"
    r"|\byour (?:image|photo|image|request|question|prompt)\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(
    r"[*`|#{}<>\\]|__|\]\(|https?://|[:;]\s[-\u2022]\s|\b1[.)] .*\b2[.)] |^\d{1,2}[.):](?!\d)"
)
_BREAK = re.compile(
    r"(?<!\bSt)(?<!\bMt)(?<!e\.g)(?<!i\.e)(?<!\.[A-Z])[.!?][\"')\u201d]*\s+[A-Z\"'\u201c]"
)
_QUESTION = re.compile(r"\?[\"')\u201d]?$")
_END = re.compile(r"[.!?][\"')\u201d]?$")
_LABEL = re.compile(r"^\w+(?: \d+)?\s*:")


def form_problem(sentence: str) -> str:
    """What is wrong with a sentence about anything; "" if nothing is."""
    plain = sentence.translate(_APOSTROPHES)
    if _REFUSAL.search(plain):
        return "a refusal"
    if _CHATTER.search(plain):
        return "talk about the answer"
    if _MARKUP.search(sentence):
        return "a list or markup"
    if _QUESTION.search(sentence):
        return "a question"
    if not _END.search(sentence):
        return "not a whole sentence: no full stop"
    if _BREAK.search(sentence):
        return "more than one sentence"
    return _length_problem(sentence)


def beginning_problem(sentence: str, names: Iterable[str]) -> str:
    """
    Args:
        sentence: may begin with a name, whatever that is made of.
        names: of the word.

    Returns:
        str: what is wrong with its first word; "" if nothing is.
    """
    if any(sentence.casefold().startswith(name.casefold()) for name in names):
        return ""
    if _LABEL.search(sentence):
        return "a label before the sentence"
    first = sentence[:1]
    if first in "\"'" or first.isalpha() or unicodedata.category(first) in ("Nd", "Pi", "Pf"):
        return ""
    return f"begins with {first!r}, which is no letter, digit or quotation mark"


def _length_problem(sentence: str) -> str:
    """Too short, too long, or long by repetition."""
    if len(sentence.split()) < _FEWEST_WORDS:
        return f"fewer than {_FEWEST_WORDS} words"
    if (length := prompt_length(sentence)) > CONTEXT_LENGTH:
        return f"{length} tokens, of which CLIP reads {CONTEXT_LENGTH}"
    tokens = tokens_of(sentence)
    if len(set(tokens)) < _SMALLEST_VARIETY * len(tokens):
        return "the same words again and again"
    return ""
