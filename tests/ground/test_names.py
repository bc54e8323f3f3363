"""One word a thing: no class of the two packages shares its name with another, and no identifier is poetry."""

import ast
import tokenize
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
POETRY = {"held", "bear", "bury", "condemn", "summoned", "crowned", "era", "ignite", "stillbirths", "LIVED"}
WHOLE = {"_be", "look_up"}  # Names that are none, whatever their parts are.


def test_no_two_classes_share_a_name():
    places = defaultdict(list)
    for path in (*ROOT.glob("organism/**/*.py"), *ROOT.glob("tui/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path.relative_to(ROOT))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_no_identifier_is_poetry():
    found = []
    for path in (*ROOT.glob("organism/**/*.py"), *ROOT.glob("tui/**/*.py")):
        with tokenize.open(path) as file:
            names = {token.string for token in tokenize.generate_tokens(file.readline) if token.type == tokenize.NAME}
        # What is held out is the field's word.
        parts = {name: set(name.replace("held_out", "").split("_")) for name in names}
        found += [(path.name, name) for name in names if parts[name] & POETRY or name in WHOLE]
    assert found == []
