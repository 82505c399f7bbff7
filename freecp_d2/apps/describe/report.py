"""How much there is to ask, and what came of it."""

from collections import Counter

from ..words.tokens import prompt_length
from .collection import Collection

_TOKENS_A_SENTENCE = 30
_MOST_NAMED, _MOST_REASONS = 20, 3


def amount(
    collection: Collection, num_described: int, prices: tuple[float, float] | None = None
) -> str:
    """
    The questions of a run, and what they cost.

    Token counts are CLIP's for questions and an estimate for answers; `prices` are per million
    tokens of questions and of answers.
    """
    words = _count(len(collection.words) + num_described, "word")
    if not collection.words:
        return f"{words}, all of them described already: there is nothing to ask."
    questions, missing = collection.questions(), collection.num_missing
    kept = collection.num_sentences * len(collection.words) - missing
    there = sum(prompt_length(question.prompt) for question in questions)
    back = _TOKENS_A_SENTENCE * missing
    cost = (prices[0] * there + prices[1] * back) / 1e6 if prices else 0.0
    return (
        f"{words}, {num_described} of them described already; {_count(kept, 'sentence')} in the "
        f"journal.\nTo ask: {_count(len(questions), 'question')} for "
        f"{_count(missing, 'sentence')}, about {there} tokens there and {back} back"
        + (f", which costs about {cost:.2f}." if prices else ".")
    )


def outcome(collection: Collection) -> str:
    """How many words are complete, and what the others lack; "" if there are no words."""
    if not collection.words:
        return ""
    incomplete = collection.incomplete()
    total = _count(len(collection.words), "word")
    lines = [f"Described now: {len(collection.complete())} of {total}."]
    tried = [word for word, each in incomplete.items() if each or collection.sentences(word)]
    for word in tried[:_MOST_NAMED]:
        count = len(collection.sentences(word))
        lines.append(f"  {word[:40]!r} has {count} of {collection.num_sentences} sentences")
        reasons = Counter(problem[:100] for problem in incomplete[word])
        lines += [f"    {n} x {reason}" for reason, n in reasons.most_common(_MOST_REASONS)]
    if len(tried) > _MOST_NAMED:
        lines.append(f"  and {len(tried) - _MOST_NAMED} more")
    if incomplete:
        lines.append(
            f"Not in the output: {_count(len(incomplete), 'word')}. Their sentences are in the "
            "journal; the same command resumes, also with more --attempts or another model."
        )
    return "\n".join(lines)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
