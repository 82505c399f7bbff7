"""
Descriptions for words that have none, by a language model: 3 instructions x 5 answers (Sec. 4.2).

| file | what |
|---|---|
| `instructions.py` | the three instructions, and what a model is asked |
| `endpoint.py`, `posting.py` | answers from any OpenAI-compatible server, several at a time |
| `local_model.py` | answers from a `transformers` model on this machine |
| `answers.py` | answers from a file that was made elsewhere |
| `sentences.py` | an answer -> its sentences |
| `validation.py` | is a sentence a description of that word? |
| `journal.py` | what was accepted, so that a killed run goes on |
| `collection.py` | what each word has and lacks |
| `run.py` | questions, answers, and questions again |
| `reporting.py` | what asking will take, and what came of it |
| `output.py` | the file of descriptions with its provenance |

`tools/describe.py` is the command.
"""

from .answers import AnswersFile
from .collection import Collection
from .endpoint import Endpoint, Politeness
from .instructions import INSTRUCTIONS, NUM_ANSWERS, Question, read_instructions
from .journal import Entry, Journal, journal_path, read_journal
from .local_model import VICUNA, LocalModel
from .output import merge, write_descriptions
from .reporting import amount, outcome
from .run import Source, describe
from .validation import Validator

__all__ = [
    "INSTRUCTIONS",
    "NUM_ANSWERS",
    "VICUNA",
    "AnswersFile",
    "Collection",
    "Endpoint",
    "Entry",
    "Journal",
    "LocalModel",
    "Politeness",
    "Question",
    "Source",
    "Validator",
    "amount",
    "describe",
    "journal_path",
    "merge",
    "outcome",
    "read_instructions",
    "read_journal",
    "write_descriptions",
]
