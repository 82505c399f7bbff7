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
        str: two lines; tokens are CLIP's for the questions and a guess for the answers.
    """
    questions, missing = collection.questions(), collection.num_missing
    num_kept = collection.num_sentences * len(collection.words) - missing
    there = sum(prompt_length(question.prompt) for question in questions)
    back = _TOKENS_A_SENTENCE * missing
    price = ""
    if prices:
        price = f", which costs about {(prices[0] * there + prices[1] * back) / 1e6:.2f}"
    return (
        f"{len(collection.words) + num_described} words, {num_described} of them described "
        f"already; {num_kept} sentences of the others are in the journal.\n"
        f"To ask: {len(questions)} questions for {missing} sentences, about {there} tokens there "
        f"and {back} back{price}."
    )


def outcome(collection: Collection) -> str:
    """How many words are complete, and what those lack that are not."""
    incomplete = collection.incomplete()
    lines = [f"{len(collection.complete())} of {len(collection.words)} words are now described."]
    for word, problems in list(incomplete.items())[:_MOST_NAMED]:
        count = len(collection.sentences(word))
        lines.append(f"  {word[:40]!r} has {count} of {collection.num_sentences} sentences")
        reasons = Counter(problem[:100] for problem in problems).most_common(_MOST_REASONS)
        lines += [f"    {number} x {reason}" for reason, number in reasons]
    if len(incomplete) > _MOST_NAMED:
        lines.append(f"  and {len(incomplete) - _MOST_NAMED} more")
    if incomplete:
        lines.append(
            f"{len(incomplete)} words are incomplete and not in the output. What they have is in "
            "the journal: the same command, with more --attempts or another model, goes on."
        )
    return "\n".join(lines)
