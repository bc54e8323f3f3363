"""One creature, to be read as a lesson.

microgpt.py is all of it on one page, slow and plain. Then, each a part of that page by itself and for any genome:
val.py (the atom), gpt.py (the architecture), adam.py (the optimizer), training.py (the loop), sampling.py (the dream)
and weights.py (what is kept). How the same arithmetic becomes ten thousand times as fast is told in metabolism/.
"""
