"""What `explain` says of a name is what the creature does: the trainer's loss, true gradients, real attention."""

import json
import math
import random
import re
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
from processes import organism

from organism.corpus import read_corpus
from organism.errors import BadInput
from organism.files import check_output
from organism.genes import PRIMORDIAL, Genes
from organism.genome import Genome
from organism.home import Home
from organism.instruments.explain import graph as scalars
from organism.instruments.explain.explain import Explanation, check, explain
from organism.instruments.explain.show import ENDINGS, name_lines, write_graph
from organism.life.genomes import write_genome
from organism.mind.training import Creature, Training
from organism.mind.val import Val

GENES: Genes = msgspec.structs.replace(
    PRIMORDIAL, n_embd=6, n_head=2, n_layer=2, block_size=6, mlp_ratio=2, num_steps=120
)


@pytest.fixture(scope="module")
def creature(tiny) -> Creature:
    training = Training(GENES, read_corpus(str(tiny / "tiny.txt")), 3)
    training.advance(GENES.num_steps)
    return training.creature()


@pytest.fixture(scope="module")
def read(creature) -> Explanation:
    return explain(creature, "kamia")


def trainers_loss(creature: Creature, name: str, weights: np.ndarray | None = None) -> float:
    tokens, starts = creature.corpus.encode([name])
    return creature.mind.gradient(creature.weights if weights is None else weights, tokens, starts, np.array([0]))[0]


@pytest.mark.parametrize("name", ["ka", "kamia", "banesokaloan"])
def test_the_losses_add_up_to_what_training_lowers(creature, name):
    e = explain(creature, name)
    assert e.loss == pytest.approx(trainers_loss(creature, name), abs=1e-12)
    assert sum(p.loss for p in e.predictions) / len(e.predictions) == pytest.approx(e.loss, abs=1e-12)
    assert len(e.predictions) + e.unread == len(name) + 1
    assert len(e.predictions) == min(len(name) + 1, GENES.block_size)


def test_probabilities_sum_to_one_and_explain_each_loss(read):
    for prediction in read.predictions:
        assert sum(prediction.probabilities) == pytest.approx(1.0, abs=1e-12)
        p = prediction.probabilities[read.vocabulary.index(prediction.target)]
        assert prediction.loss == pytest.approx(-math.log(p), abs=1e-12)
    assert [p.letter for p in read.predictions] == ["•", *"kamia"]
    assert [p.target for p in read.predictions] == [*"kamia", "•"]


def test_gradients_are_those_of_finite_differences(creature, read):
    flat = np.concatenate([np.array(rows).ravel() for rows in read.gradients.values()])
    assert len(flat) == len(creature.weights) == read.parameters
    rng, step = random.Random(1), 1e-5
    for i in rng.sample(range(len(flat)), 60):
        losses = []
        for sign in (1, -1):
            moved = creature.weights.copy()
            moved[i] += sign * step
            losses.append(trainers_loss(creature, "kamia", moved))
        assert flat[i] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-7)


def test_embeddings_are_the_rows_of_token_and_position(creature, read):
    wte = creature.weights[: creature.corpus.vocab_size * 6].reshape(-1, 6)
    wpe = creature.weights[creature.corpus.vocab_size * 6 :][: 6 * 6].reshape(6, 6)
    for p, prediction in enumerate(read.predictions):
        assert prediction.embedding == pytest.approx(wte[read.tokens[p]] + wpe[p])
        assert prediction.gradient == pytest.approx(read.gradients["wpe"][p])


def test_attention_is_the_softmax_of_query_and_keys(creature, read):
    """The first layer's, worked out once more with arrays."""
    shapes, weights, at = {}, creature.weights, 0
    for name, rows in read.gradients.items():
        size = len(rows) * len(rows[0])
        shapes[name] = weights[at : at + size].reshape(len(rows), -1)
        at += size
    x = np.array([prediction.embedding for prediction in read.predictions])
    x /= np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)
    x /= np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)
    q, k = x @ shapes["layer0.attn_wq"].T, x @ shapes["layer0.attn_wk"].T
    for p, prediction in enumerate(read.predictions):
        assert len(prediction.attention) == 2
        for head, found in enumerate(prediction.attention[0]):
            part = slice(3 * head, 3 * head + 3)
            scores = np.exp(k[: p + 1, part] @ q[p, part] / math.sqrt(3))
            assert found == pytest.approx(scores / scores.sum())
        for heads in prediction.attention:
            assert all(sum(head) == pytest.approx(1.0) for head in heads)


def test_the_text_shows_every_step(read):
    text = "\n".join(name_lines(read))
    for part in (
        "1. Tokens",
        "2. Embeddings",
        "3. Attention",
        "4. What comes next",
        "5. Gradients",
        "layer 2",
        "head 2",
    ):
        assert part in text
    assert f"mean loss {read.loss:.4f} over 6 predictions" in text


A, B = 1.7, -0.6


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda a, b: a + b, "+"),
        (lambda a, b: a - b, "-"),
        (lambda a, b: a * b, "×"),
        (lambda a, b: a / b, "/"),
        (lambda a, b: a + 3, "+ 3"),
        (lambda a, b: a - 3, "+ -3"),
        (lambda a, b: 3 - a, "3 - it"),
        (lambda a, b: a * 2.5, "× 2.5"),
        (lambda a, b: -a, "negated"),
        (lambda a, b: a**3, "^ 3"),
        (lambda a, b: a**-0.5, "^ -0.5"),
        (lambda a, b: b**2, "^ 2"),
        (lambda a, b: a**b, "^"),
        (lambda a, b: a.exp(), "exp"),
        (lambda a, b: a.log(), "log"),
        (lambda a, b: a.relu(), "relu"),
        (lambda a, b: b.relu(), "relu"),
        (lambda a, b: Val.sum([a, b, a]), "sum"),
        (lambda a, b: Val.dot([a, b], [b, b]), "dot"),
        (lambda a, b: a, ""),
    ],
)
def test_an_operation_is_known_by_its_slopes(make, named):
    assert scalars.operation(make(Val(A), Val(B))) == named


def test_an_expression_carries_true_gradients():
    graph = scalars.of_expression("a=0.5; b=-3; c = a*b + 2; d = exp(c)/(a**2 + 1); relu(d) - log(a)")

    def value(a: float, b: float) -> float:
        return max(0.0, math.exp(a * b + 2) / (a * a + 1)) - math.log(a)

    by_name = {node.name: node for node in graph}
    assert graph[-1].data == pytest.approx(value(0.5, -3))
    for name, (da, db) in {"a": (1e-6, 0), "b": (0, 1e-6)}.items():
        difference = (value(0.5 + da, -3 + db) - value(0.5 - da, -3 - db)) / 2e-6
        assert by_name[name].grad == pytest.approx(difference, rel=1e-6)
    assert all(parent < i for i, node in enumerate(graph) for parent in node.parents)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a+b", "a: must be given a value first, such as a=2"),
        ("a=(", "must be assignments such as"),
        ("1+2", "must hold a name"),
        ("import os", "'import os' isn't one"),
        ("a=2; open(a)", "must be numbers, names"),
        ("a=2; a.data", "must be numbers, names"),
        ("a=2; a % 2", "must be numbers, names"),
        ("a=0; 1/a", "can't be computed"),
        ("a=-1; log(a)", "can't be computed"),
        ("a='x'", "must be numbers, names"),
        ("", "must hold a name"),
    ],
)
def test_an_expression_that_can_not_be_is_refused(text, said):
    with pytest.raises(BadInput) as refused:
        scalars.of_expression(text)
    assert said in str(refused.value)
    assert str(refused.value).startswith("--expression ")


@pytest.mark.parametrize("part", ["1+", "-"])
def test_an_expression_that_is_nested_too_deeply_is_refused(part):
    with pytest.raises(BadInput, match="nested too deeply") as refused:
        scalars.of_expression("a=1; " + 5_000 * part + "a")
    assert len(str(refused.value)) < 200


def test_a_letter_is_drawn_of_a_small_creature_with_its_true_gradients(creature):
    graph, title = scalars.of_letter(creature, "kamia", 3)
    assert title.startswith("How letter 3 of kamia is expected, in a creature of width 2")
    assert len(graph) <= scalars.MOST_NODES
    small = scalars.seedling(creature.corpus, 3)
    tokens = creature.corpus.encode(["kamia"])[0].tolist()

    def logit(weights: np.ndarray) -> float:
        return float(small.mind.logits(weights, tokens[:3], 0)[tokens[3]])

    assert graph[-1].data == pytest.approx(logit(small.weights))
    drawn = {node.name: node for node in graph if node.name and not node.parents}
    place, step = creature.corpus.letters.index("a"), 1e-6
    for column in range(2):
        moved = []
        for sign in (1, -1):
            weights = small.weights.copy()
            weights[place * 2 + column] += sign * step
            moved.append(logit(weights))
        assert drawn[f"wte['a'][{column}]"].grad == pytest.approx((moved[0] - moved[1]) / (2 * step), abs=1e-6)


HUGE = Genes(256, 16, 12, 256, 8, 0.01, 1, 1)
NODE = scalars.Scalar("a", "", 1.0, 1.0, ())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda corpus: check("", 1, GENES, corpus), "must hold at least one letter"),
        (
            lambda corpus: check("ka", 1, HUGE, corpus),
            "explain draws at most 1,000,000",
        ),
        (lambda corpus: check("ka", 4, GENES, corpus), "must be from 1 to 3 ('ka' and its end)"),
        (lambda corpus: check("kamia" * 2, 7, GENES, corpus), "from 1 to 6 (what follows is past the"),
        (lambda corpus: check_output("--graph", Path("g.pdf"), *ENDINGS), "--graph g.pdf: must end in .svg or .dot"),
        (
            lambda corpus: check_output("--graph", Path("no/g.svg"), *ENDINGS),
            "--graph no/g.svg: the folder no must exist",
        ),
        (lambda corpus: write_graph(Path("g.svg"), [NODE] * 1_001, ""), "would hold 1,001 nodes"),
    ],
)
def test_what_can_not_be_drawn_is_refused(creature, call, said):
    with pytest.raises(BadInput) as refused:
        call(creature.corpus)
    assert said in str(refused.value)


@pytest.mark.slow
def test_a_folder_is_refused_as_a_graph_before_anything_is_read(tmp_path):
    (tmp_path / "g.svg").mkdir()
    refused = organism("explain", "--expression", "a=", "--graph", tmp_path / "g.svg")
    said = f"organism: --graph {tmp_path / 'g.svg'}: is a folder: it must be a file\n"
    assert (refused.returncode, refused.stderr) == (2, said)


def test_a_graph_is_drawn_as_svg_and_as_dot(tmp_path):
    graph = scalars.of_expression("a=2; b=-3; e=a*b; e+10")
    write_graph(tmp_path / "g.svg", graph, "a < b & 'c'")
    drawn = ElementTree.parse(tmp_path / "g.svg").getroot()
    groups = list(drawn.iter("{http://www.w3.org/2000/svg}g"))
    assert ["".join(g.itertext()) for g in groups] == [
        "a2 | grad -3",
        "b-3 | grad 2",
        "e  ×-6 | grad 1",
        "+ 104 | grad 1",
    ]
    places = [tuple(map(int, re.findall(r"\d+", g.attrib["transform"]))) for g in groups]
    assert len(set(places)) == 4
    assert places[0][0] < places[2][0] < places[3][0]
    assert len(list(drawn.iter("{http://www.w3.org/2000/svg}path"))) == 3
    write_graph(tmp_path / "g.dot", graph, 'say "so"')
    text = (tmp_path / "g.dot").read_text()
    assert 'n2 [label="e  × | data -6 | grad 1"];' in text
    assert "n0 -> n2;" in text
    assert r'label="say \"so\""' in text


@pytest.mark.slow
def test_the_command_prints_files_and_refuses(tmp_path, tiny):
    write_genome(Home(tmp_path), Genome("primordial", GENES))
    where = ("--home", tmp_path, "--data", tiny / "tiny.txt")
    refused = organism("explain", "kamia", *where, "--graph", tmp_path / "g.svg", "--letter", 9)
    said = "organism: --letter 9: must be from 1 to 6 ('kamia' and its end)\n"
    assert (refused.returncode, refused.stderr) == (2, said), "nothing is trained for it"
    ran = organism("explain", "kamia", *where, "--json", "--graph", tmp_path / "g.svg", "--letter", 2)
    assert ran.returncode == 0, ran.stderr
    held = json.loads(ran.stdout)
    assert [p["letter"] for p in held["predictions"]] == ["•", *"kamia"]
    assert (tmp_path / "g.svg").read_text().startswith("<svg")
    assert ran.stderr.startswith("no weights of this genome")
    refused = organism("explain", "kamxa", *where)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("organism: NAME kamxa: holds 'x', which isn't a letter of ")
    refused = organism("explain", *where)
    assert (refused.returncode, refused.stderr) == (2, "organism: explain: must be given a NAME or an --expression\n")
