"""
Descriptions of words by a language model: 3 instructions x 5 answers (Sec. 4.2).

`questions.py` writes the prompts, `endpoint.py`, `local_model.py` and `answers.py` answer them,
`checks.py` rejects bad sentences, `collection.py` asks again for what is missing, `journal.py`
keeps accepted sentences across kills, and `output.py` writes the file with its provenance.
"""
