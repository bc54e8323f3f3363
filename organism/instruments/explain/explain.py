"""One name through one creature, step by step: tokens, embeddings, attention, expectations, losses, gradients.

Everything is read off one graph of real `Val`s, that of the name's training loss. The architecture isn't written a
second time for it: a mixed value of the attention remembers the weights that it was mixed with, as its parents.
"""

from collections.abc import Iterator

import msgspec

from ...corpus import Corpus
from ...errors import BadInput
from ...genes import Genes
from ...mind.gpt import GPT, cross_entropy, softmax
from ...mind.training import Creature, architecture_of
from ...mind.val import Val
from ...view.words import describe

MOST_PARAMETERS = 1_000_000
BOUNDARY = "•"  # How the token that opens and ends a document is shown.
SHOWN = 5
SHADES = ((0.05, " "), (0.2, "░"), (0.4, "▒"), (0.7, "▓"), (1.0, "█"))  # Each up to so large a weight.
LEVELS = "▁▂▃▄▅▆▇█"


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


class Reading:
    """The graph of a creature that has read the first `length` tokens of a document."""

    def __init__(self, creature: Creature, tokens: list[int], length: int):
        architecture = architecture_of(creature.genes, creature.corpus.vocab_size)
        self.matrices = architecture.matrices([Val(weight) for weight in creature.weights.tolist()])
        gpt = GPT(architecture, self.matrices)
        self.keys, self.values = gpt.cache(), gpt.cache()
        self.logits = [gpt(tokens[p], p, self.keys, self.values) for p in range(length)]
        self.losses = [cross_entropy(self.logits[p], tokens[p + 1]) for p in range(length)]


def check_name(name: str, corpus: Corpus) -> None:
    """Raise BadInput unless a creature of `corpus` can read `name`."""
    unknown = sorted(set(name) - set(corpus.letters))
    if unknown:
        raise BadInput(f"NAME {name}: holds {unknown[0]!r}, which isn't a letter of {corpus.name}")
    if not name:
        raise BadInput("NAME '': is empty: must hold at least one letter")


def check_size(genes: Genes, corpus: Corpus) -> None:
    """Raise BadInput if a graph of the creature that `genes` spell wouldn't fit into memory."""
    parameters = architecture_of(genes, corpus.vocab_size).parameters
    if parameters > MOST_PARAMETERS:
        raise BadInput(f"genome.toml: spells {parameters:,} parameters: explain draws at most {MOST_PARAMETERS:,}")


def predicted(name: str, genes: Genes, corpus: Corpus) -> int:
    """How many letters of `name`, its end included, a creature of `genes` predicts: as many as it learnt from."""
    return min(genes.block_size, corpus.longest + 1, len(name) + 1)


def explain(creature: Creature, name: str) -> Explanation:
    """Read `name` with `creature`, both of which the checks above let pass."""
    corpus = creature.corpus
    tokens = corpus.encode([name])[0].tolist()
    length = predicted(name, creature.genes, corpus)
    reading = Reading(creature, tokens, length)
    loss = Val.sum(reading.losses) / length
    loss.backward()
    weights = attention_weights(loss, reading.values, creature.genes.n_head)
    vocabulary = (*corpus.letters, BOUNDARY)
    predictions = []
    for p in range(length):
        token_row, position_row = reading.matrices["wte"][tokens[p]], reading.matrices["wpe"][p]
        predictions.append(
            Prediction(
                position=p,
                letter=vocabulary[tokens[p]],
                target=vocabulary[tokens[p + 1]],
                embedding=tuple(t.data + q.data for t, q in zip(token_row, position_row, strict=True)),
                gradient=tuple(q.grad for q in position_row),
                attention=tuple(tuple(heads[p]) for heads in weights),
                probabilities=tuple(probability.data for probability in softmax(reading.logits[p])),
                loss=reading.losses[p].data,
            )
        )
    return Explanation(
        name=name,
        genes=creature.genes,
        parameters=sum(len(rows) * len(rows[0]) for rows in reading.matrices.values()),
        vocabulary=vocabulary,
        tokens=tuple(tokens),
        predictions=tuple(predictions),
        unread=len(tokens) - 1 - length,
        loss=loss.data,
        gradients={
            matrix: tuple(tuple(scalar.grad for scalar in row) for row in rows)
            for matrix, rows in reading.matrices.items()
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
            heads = []
            for head in range(n_head):
                mix = mixes[tuple(id(row[head * size]) for row in rows[: p + 1])]
                heads.append(tuple(weight.data for weight in mix.parents[: p + 1]))
            layer.append(heads)
        found.append(layer)
    return found


# --- in text


def lines(explanation: Explanation) -> Iterator[str]:
    """The explanation as it's printed."""
    e = explanation
    shown = [e.vocabulary[token] for token in e.tokens]
    yield f"'{e.name}' through a creature of {describe(e.genes)}: {e.parameters:,} parameters"
    yield ""
    yield f"1. Tokens ({BOUNDARY} opens and ends every document)"
    yield "   " + " ".join(f"{letter:>3}" for letter in shown)
    yield "   " + " ".join(f"{token:>3}" for token in e.tokens)
    if e.unread:
        yield f"   read up to position {len(e.predictions) - 1}, as in training; what follows is past its context"
    yield ""
    peak = max(abs(x) for prediction in e.predictions for x in prediction.embedding)
    yield f"2. Embeddings, token + position, a column a dimension: {LEVELS[0]} is {-peak:.2f}, {LEVELS[-1]} {peak:.2f}"
    for prediction in e.predictions:
        bars = "".join(LEVELS[min(7, int((x / peak + 1) * 4))] for x in prediction.embedding)
        yield f"   {prediction.position:>3} {prediction.letter}  {bars}"
    yield ""
    key = ", ".join(f"'{shade}' to {limit:g}" for limit, shade in SHADES)
    yield f"3. Attention: how much each letter (down) looks at those so far (across): {key}"
    for layer in range(e.genes.n_layer):
        yield from _heat(e, layer)
    yield ""
    yield "4. What comes next: the most expected, what came, its probability p and its loss -log p, in nats"
    for prediction in e.predictions:
        ranked = sorted(zip(prediction.probabilities, e.vocabulary, strict=True), reverse=True)
        expected = "  ".join(f"{letter} {p:.2f}" for p, letter in ranked[:SHOWN])
        p = prediction.probabilities[e.vocabulary.index(prediction.target)]
        yield f"   after {prediction.letter}   {expected}   {prediction.target}  p {p:.4f}  loss {prediction.loss:.4f}"
    yield f"   mean loss {e.loss:.4f} over {len(e.predictions)} predictions"
    yield ""
    yield "5. Gradients: the slope of the mean loss along each matrix (root of the summed squares)"
    norms = {matrix: sum(x * x for row in rows for x in row) ** 0.5 for matrix, rows in e.gradients.items()}
    for matrix, norm in norms.items():
        yield f"   {matrix:<16} {norm:9.4f}  {'█' * round(30 * norm / max(norms.values()))}".rstrip()


def _heat(e: Explanation, layer: int) -> Iterator[str]:
    """The attention of all heads of a layer side by side, two characters a weight."""
    width = 2 * len(e.predictions)
    yield f"   layer {layer + 1}  " + "  ".join(f"{f'head {h + 1}':<{width}}" for h in range(e.genes.n_head)).rstrip()
    across = "".join(f"{prediction.letter:<2}" for prediction in e.predictions)
    yield "            " + "  ".join([across] * e.genes.n_head).rstrip()
    for prediction in e.predictions:
        cells = ("".join(2 * _shade(weight) for weight in head) for head in prediction.attention[layer])
        yield f"         {prediction.letter}  " + "  ".join(f"{row:<{width}}" for row in cells).rstrip()


def _shade(weight: float) -> str:
    return next((shade for limit, shade in SHADES if weight < limit), SHADES[-1][1])
