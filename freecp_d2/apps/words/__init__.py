"""
Words, looked at before they are segmented with: what CLIP reads of them, and who describes them.

| file | what |
|---|---|
| `tokens.py` | a word as CLIP reads it |
| `checking.py` | all that looks wrong in a vocabulary |
| `showing.py` | all that is known of one word |
| `senses.py` | what a benchmark calls its classes |
| `statistics.py` | vocabularies in numbers |

On the command line: `python -m freecp_d2.words check|show|missing|stats`.
"""
