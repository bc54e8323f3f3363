"""The architecture: a GPT of microgpt.py's kind, written once in scalar algebra.

Notable in this model: token and position embeddings are added and normalised at once; RMSNorm without weights stands
before each block and not at the end; attention is causal because positions arrive one at a time and append their keys
and values to a cache; the MLP is ReLU (or ReLU squared); no biases; the head isn't tied to the token embedding.

The functions below know nothing of what a scalar is. They use its operators and four functions of its class, `dot`,
`sum`, `maximum` and `pick`. Given `Val`s they build a graph; given the nodes of a tape they record a program. Each
comprehension does one operation to a whole row, because a tape folds such a row into one instruction.
"""

from collections.abc import Iterator, Sequence

import msgspec


class Architecture(msgspec.Struct, frozen=True):
    """What fixes the shape of a creature, and so the number and order of its parameters."""

    vocab_size: int
    n_embd: int
    n_head: int
    n_layer: int
    block_size: int
    mlp_ratio: int
    activation: str = "relu"  # or "squared_relu"

    def shapes(self) -> dict[str, tuple[int, int]]:
        """(rows, columns) of each matrix by name, in the order of the parameter vector."""
        wide, hidden = self.n_embd, self.mlp_ratio * self.n_embd
        shapes = {
            "wte": (self.vocab_size, wide),
            "wpe": (self.block_size, wide),
            "lm_head": (self.vocab_size, wide),
        }
        for i in range(self.n_layer):
            for name in ("attn_wq", "attn_wk", "attn_wv", "attn_wo"):
                shapes[f"layer{i}.{name}"] = (wide, wide)
            shapes[f"layer{i}.mlp_fc1"] = (hidden, wide)
            shapes[f"layer{i}.mlp_fc2"] = (wide, hidden)
        return shapes

    @property
    def parameters(self) -> int:
        """How many scalars the creature has to learn."""
        return sum(rows * columns for rows, columns in self.shapes().values())

    @property
    def work(self) -> int:
        """How many multiplications a position takes at most: by each parameter, by each key and value of its past."""
        return self.parameters + 2 * self.n_layer * self.block_size * self.n_embd

    def matrices(self, scalars: Sequence) -> dict[str, list]:
        """The parameter vector cut into matrices: lists of rows of scalars, by name."""
        supply: Iterator = iter(scalars)
        return {
            name: [[next(supply) for _ in range(columns)] for _ in range(rows)]
            for name, (rows, columns) in self.shapes().items()
        }


class GPT:
    """A creature over scalars of any kind: call it with one token after the other.

    `matrices` is what `Architecture.matrices` gives. `keys` and `values` hold a list per layer, empty at the start of
    a document, to which each call appends a row.
    """

    def __init__(self, architecture: Architecture, matrices: dict[str, list]):
        self.architecture = architecture
        self.matrices = matrices

    def cache(self) -> list[list]:
        """An empty list of rows per layer, for the keys or the values of one document."""
        return [[] for _ in range(self.architecture.n_layer)]

    def __call__(self, token: int, position: int, keys: Sequence, values: Sequence) -> list:
        """Logits over the vocabulary for the token that follows `token`, which stands at `position`."""
        w, shape = self.matrices, self.architecture
        x = rmsnorm([t + p for t, p in zip(w["wte"][token], w["wpe"][position], strict=True)])
        for i in range(shape.n_layer):
            normed = rmsnorm(x)
            q = linear(normed, w[f"layer{i}.attn_wq"])
            keys[i].append(linear(normed, w[f"layer{i}.attn_wk"]))
            values[i].append(linear(normed, w[f"layer{i}.attn_wv"]))
            attended = linear(attention(q, keys[i], values[i], shape.n_head), w[f"layer{i}.attn_wo"])
            x = [a + b for a, b in zip(attended, x, strict=True)]
            hidden = [h.relu() for h in linear(rmsnorm(x), w[f"layer{i}.mlp_fc1"])]
            if shape.activation == "squared_relu":
                hidden = [h * h for h in hidden]
            x = [a + b for a, b in zip(linear(hidden, w[f"layer{i}.mlp_fc2"]), x, strict=True)]
        return linear(x, w["lm_head"])


def linear(x: list, w: list) -> list:
    """The matrix-vector product `w @ x`."""
    dot = type(x[0]).dot
    return [dot(row, x) for row in w]


def rmsnorm(x: list) -> list:
    """`x` divided by the root of its mean square, with 1e-5 added under the root."""
    scale = (type(x[0]).dot(x, x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def softmax(x: list) -> list:
    """Positive numbers in the proportion of `exp(x)` that sum to one. The maximum is only there against overflow."""
    peak = type(x[0]).maximum(x)
    shifted = [xi - peak for xi in x]
    powers = [s.exp() for s in shifted]
    total = type(x[0]).sum(powers)
    return [p / total for p in powers]


def attention(q: list, keys: list, values: list, n_head: int) -> list:
    """Each head's mean of the values so far, weighted by how well its query fits their keys; heads side by side."""
    dot, size = type(q[0]).dot, len(q) // n_head
    attended = []
    for start in range(0, len(q), size):
        head = slice(start, start + size)
        query = q[head]
        scores = [dot(query, key[head]) for key in keys]
        weights = softmax([s * size**-0.5 for s in scores])
        attended += [dot(weights, column) for column in zip(*[value[head] for value in values], strict=True)]
    return attended


def cross_entropy(logits: list, target: int):
    """Minus the log of the probability that softmax gives to `target`, in nats."""
    scalar = type(logits[0])
    peak = scalar.maximum(logits)
    shifted = [x - peak for x in logits]
    powers = [s.exp() for s in shifted]
    return scalar.sum(powers).log() - scalar.pick(shifted, target)
