"""
Descriptions for words that have none, by a language model: 3 instructions x 5 answers (Sec. 4.2).

| file | what |
|---|---|
| `instructions.py` | the three instructions, and what a model is asked |
| `senses.py` | which sense of a word is meant |
| `endpoint.py`, `posting.py` | answers from any OpenAI-compatible server |
| `pool.py`, `health.py` | several questions at a time, and whether to go on asking |
| `local_model.py` | answers from a `transformers` model on this machine |
| `answers.py` | answers from a file that was made elsewhere |
| `sentences.py` | an answer -> its sentences |
| `validation.py`, `form.py` | is a sentence a description of that word, or of any? |
| `naming.py`, `focus.py` | does it name the word's class, is it about another one? |
| `journal.py` | what was accepted, so that a killed run goes on |
| `collection.py` | what each word has and lacks |
| `job.py` | a vocabulary, what is there of it, and what is left to ask |
| `run.py` | questions, answers, and questions again |
| `reporting.py` | what asking will take, and what came of it |
| `output.py` | the file of descriptions with its provenance |

`tools/describe.py` is the command.
"""

from .answers import AnswersFile
from .collection import Collection
from .endpoint import Endpoint, Politeness
from .instructions import INSTRUCTIONS, NUM_ANSWERS, Question, read_instructions
from .job import Job
from .journal import Entry, Journal, journal_path, read_journal
from .local_model import VICUNA, LocalModel
from .reporting import amount, outcome
from .run import Source, describe
from .senses import Senses, read_meanings
from .validation import Validator

__all__ = [
    "INSTRUCTIONS",
    "NUM_ANSWERS",
    "VICUNA",
    "AnswersFile",
    "Collection",
    "Endpoint",
    "Entry",
    "Job",
    "Journal",
    "LocalModel",
    "Politeness",
    "Question",
    "Senses",
    "Source",
    "Validator",
    "amount",
    "describe",
    "journal_path",
    "outcome",
    "read_instructions",
    "read_journal",
    "read_meanings",
]
