"""What asking will take, and what came of it, in words."""

from collections import Counter

from ..words.tokens import prompt_length
from .collection import Collection

__all__ = ["amount", "outcome"]

_TOKENS_A_SENTENCE = 30
_MOST_NAMED = 20
_MOST_REASONS = 3


def amount(
    collection: Collection, num_described: int, prices: tuple[float, float] | None = None
) -> str:
    """
    How much there is to ask, and its price.

    Args:
        collection: of the words that are not described.
        num_described: words that are.
        prices: of a million tokens of questions and of answers.

    Returns:
        str: one or two lines; tokens are CLIP's for the questions and a guess for the answers.
    """
    questions, missing = collection.questions(), collection.num_missing
    words = _count(len(collection.words) + num_described, "word")
    if not collection.words:
        return f"{words}, all of them described already: there is nothing to ask."
    num_kept = collection.num_sentences * len(collection.words) - missing
    kept = f"; {_count(num_kept, 'sentence')} of the others in the journal" if num_kept else ""
    there = sum(prompt_length(question.prompt) for question in questions)
    back = _TOKENS_A_SENTENCE * missing
    price = ""
    if prices:
        price = f", which costs about {(prices[0] * there + prices[1] * back) / 1e6:.2f}"
    return (
        f"{words}, {num_described} of them described already{kept}.\n"
        f"To ask: {_count(len(questions), 'question')} for {_count(missing, 'sentence')}, about "
        f"{there} tokens there and {back} back{price}."
    )


def outcome(collection: Collection) -> str:
    """How many words are complete, and what those lack that are not; "" if none was to ask."""
    if not collection.words:
        return ""
    incomplete = collection.incomplete()
    total = _count(len(collection.words), "word")
    lines = [f"Described now: {len(collection.complete())} of {total}."]
    tried = {w: each for w, each in incomplete.items() if each or collection.sentences(w)}
    for word, problems in list(tried.items())[:_MOST_NAMED]:
        count = len(collection.sentences(word))
        lines.append(f"  {word[:40]!r} has {count} of {collection.num_sentences} sentences")
        reasons = Counter(problem[:100] for problem in problems).most_common(_MOST_REASONS)
        lines += [f"    {number} x {reason}" for reason, number in reasons]
    if len(tried) > _MOST_NAMED:
        lines.append(f"  and {len(tried) - _MOST_NAMED} more")
    if len(tried) < len(incomplete):
        lines.append(f"  {_count(len(incomplete) - len(tried), 'word')} without any answer")
    if incomplete:
        kept = any(map(collection.sentences, incomplete))
        lines.append(
            f"Not in the output, for want of sentences: {_count(len(incomplete), 'word')}"
            f"{'; what there is of them is in the journal' if kept else ''}. The same command goes "
            "on from here, with more --attempts or another model if you like."
        )
    return "\n".join(lines)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
