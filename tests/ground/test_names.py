"""One word a thing: no class of the two packages shares its name with another."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_two_classes_share_a_name():
    places = defaultdict(list)
    for path in (*ROOT.glob("organism/**/*.py"), *ROOT.glob("tui/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path.relative_to(ROOT))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
