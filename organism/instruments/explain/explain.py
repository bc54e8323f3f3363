"""One name through one creature, step by step: tokens, embeddings, attention, expectations, losses, gradients.

Everything is read off one graph of real `Val`s, that of the name's training loss. The architecture isn't written a
second time for it: a mixed value of the attention remembers the weights that it was mixed with, as its parents.
"""

from collections.abc import Callable

import msgspec

from ...corpus import Corpus
from ...errors import BadInput
from ...genes import Genes
from ...home import Home
from ...life.creature import corpus_of, creature_in_force
from ...life.genomes import genome_in_force
from ...mind.gpt import GPT, cross_entropy, softmax
from ...mind.training import Creature, architecture_of
from ...mind.val import Val

MOST_PARAMETERS = 1_000_000
BOUNDARY = "•"  # How the token that opens and ends a document is shown.


class Prediction(msgspec.Struct, frozen=True):
    """What the creature makes of one letter: it reads `letter` at `position` and expects what comes next.

    `embedding` is the sum of the token's and the position's row, `gradient` the slope of the name's mean loss along
    it. `attention[layer][head]` are the weights on positions 0 to `position`. `probabilities` are in the order of the
    explanation's vocabulary, `loss` is minus the logarithm of that of `target`, in nats.
    """

    position: int
    letter: str
    target: str
    embedding: tuple[float, ...]
    gradient: tuple[float, ...]
    attention: tuple[tuple[tuple[float, ...], ...], ...]
    probabilities: tuple[float, ...]
    loss: float


class Explanation(msgspec.Struct, frozen=True):
    """A name as a creature reads it. `loss` is the mean over the predictions, what training lowers.

    `unread` predictions lie past the positions that the creature was trained for. `gradients` holds the slope of `loss`
    along every parameter, by matrix, row by row.
    """

    name: str
    genes: Genes
    parameters: int
    vocabulary: tuple[str, ...]
    tokens: tuple[int, ...]
    predictions: tuple[Prediction, ...]
    unread: int
    loss: float
    gradients: dict[str, tuple[tuple[float, ...], ...]]


class Pass:
    """The graph of a creature that has read the first `length` tokens of a document, from weights to losses."""

    def __init__(self, creature: Creature, tokens: list[int], length: int):
        architecture = architecture_of(creature.genes, creature.corpus.vocab_size)
        self.matrices = architecture.matrices([Val(weight) for weight in creature.weights.tolist()])
        gpt = GPT(architecture, self.matrices)
        self.keys, self.values = gpt.cache(), gpt.cache()
        self.logits = [gpt(tokens[p], p, self.keys, self.values) for p in range(length)]
        self.losses = [cross_entropy(self.logits[p], tokens[p + 1]) for p in range(length)]


def creature_that_reads(home: Home, name: str, letter: int, data: str | None, say: Callable[[str], None]) -> Creature:
    """The creature of `home`, trained if need be. Raises BadInput before that if it can't be explained by `name`."""
    genome = genome_in_force(home)
    corpus = corpus_of(genome, data)
    check(name, letter, genome.genes, corpus)
    return creature_in_force(home, genome, corpus, say)


def check(name: str, letter: int, genes: Genes, corpus: Corpus) -> None:
    """Raise BadInput unless a creature of `genes` can read `name`, and predicts letter number `letter` (from 1) of it.

    Nor must its graph be too large for the memory of a machine.
    """
    unknown = sorted(set(name) - set(corpus.letters))
    if unknown:
        raise BadInput(f"NAME {name}: holds {unknown[0]!r}, which isn't a letter of {corpus.name}")
    if not name:
        raise BadInput("NAME '': is empty: must hold at least one letter")
    parameters = architecture_of(genes, corpus.vocab_size).parameters
    if parameters > MOST_PARAMETERS:
        raise BadInput(f"genome.toml: spells {parameters:,} parameters: explain draws at most {MOST_PARAMETERS:,}")
    most = predicted(name, genes, corpus)
    if not 1 <= letter <= most:
        why = f"{name!r} and its end" if most == len(name) + 1 else "what follows is past the creature's context"
        raise BadInput(f"--letter {letter}: must be from 1 to {most} ({why})")


def predicted(name: str, genes: Genes, corpus: Corpus) -> int:
    """How many letters of `name`, its end included, a creature of `genes` predicts: as many as it learnt from."""
    return min(genes.block_size, corpus.longest + 1, len(name) + 1)


def explain(creature: Creature, name: str) -> Explanation:
    """Read `name` with `creature`, both of which `check` lets pass."""
    corpus = creature.corpus
    tokens = corpus.encode([name])[0].tolist()
    length = predicted(name, creature.genes, corpus)
    forward = Pass(creature, tokens, length)
    loss = Val.sum(forward.losses) / length
    loss.backward()
    weights = attention_weights(loss, forward.values, creature.genes.n_head)
    vocabulary = (*corpus.letters, BOUNDARY)
    predictions = []
    for p in range(length):
        token_row, position_row = forward.matrices["wte"][tokens[p]], forward.matrices["wpe"][p]
        predictions.append(
            Prediction(
                position=p,
                letter=vocabulary[tokens[p]],
                target=vocabulary[tokens[p + 1]],
                embedding=tuple(t.data + q.data for t, q in zip(token_row, position_row, strict=True)),
                gradient=tuple(q.grad for q in position_row),
                attention=tuple(tuple(heads[p]) for heads in weights),
                probabilities=tuple(probability.data for probability in softmax(forward.logits[p])),
                loss=forward.losses[p].data,
            )
        )
    return Explanation(
        name=name,
        genes=creature.genes,
        parameters=sum(len(rows) * len(rows[0]) for rows in forward.matrices.values()),
        vocabulary=vocabulary,
        tokens=tuple(tokens),
        predictions=tuple(predictions),
        unread=len(tokens) - 1 - length,
        loss=loss.data,
        gradients={
            matrix: tuple(tuple(scalar.grad for scalar in row) for row in rows)
            for matrix, rows in forward.matrices.items()
        },
    )


def attention_weights(loss: Val, values: list[list], n_head: int) -> list[list[list[tuple[float, ...]]]]:
    """[layer][position][head] -> the weights on positions 0 to that one, found in the graph under `loss`.

    In `attention`, component j of the mix at position p is one dot product: its first parents are the weights, its
    last ones component j of all values so far. So it's the only user of these values that has 2 (p + 1) parents.
    """
    mixes: dict[tuple[int, ...], Val] = {}
    seen: set[int] = set()
    stack = [loss]
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            stack.extend(node.parents)
            half = len(node.parents) // 2
            mixes[tuple(id(parent) for parent in node.parents[half:])] = node
    found = []
    for rows in values:
        size = len(rows[0]) // n_head
        layer = []
        for p in range(len(rows)):
            mixed = (mixes[tuple(id(row[head * size]) for row in rows[: p + 1])] for head in range(n_head))
            layer.append([tuple(weight.data for weight in mix.parents[: p + 1]) for mix in mixed])
        found.append(layer)
    return found
