"""Beauty: what the scores are, figure for figure, and what can't be gained by cheating."""

import json
import math
import os
import random
import subprocess
import sys
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from organism.fitness.beauty import Judge, NameScores, Scores, Trigrams, pair_entropy, smooth

FIXTURES = Path(__file__).parents[1] / "fixtures"
BOUNDED = ("flow", "symmetry", "creativity", "beauty")


def judge_of(documents: list[str]) -> Judge:
    docs = sorted(set(documents))
    random.Random(0).shuffle(docs)
    n = len(docs)
    low, high = (int(0.8 * n), int(0.9 * n)) if n >= 1_000 else (int(0.6 * n), int(0.8 * n))
    return Judge(docs[:low], docs[low:high], docs[high:])


def read(stem: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"beauty_{stem}.json").read_text(encoding="utf-8"))


NAMES, PLACES = read("names"), read("places")
JUDGE = judge_of(NAMES["documents"])


def assert_words(judge: Judge, words: dict[str, dict[str, float]]) -> None:
    for word, expected in words.items():
        measured = {measure: getattr(judge, measure)(word) for measure in expected if measure != "smooth"}
        assert measured | {"smooth": smooth(word)} == pytest.approx(expected, abs=1e-9), word


def assert_populations(judge: Judge, populations: dict[str, dict[str, Any]]) -> None:
    for name, expected in populations.items():
        scores = judge.score(expected["names"])
        for field in Scores.__struct_fields__:
            assert getattr(scores, field) == pytest.approx(expected[field], abs=1e-9), (name, field)


# Figures: published ones where they are at hand, our own everywhere.


@pytest.fixture(scope="module")
def published(shared: Path) -> tuple[Judge, dict[str, Any]]:
    documents = (shared / "data" / "names.txt").read_text().split()
    return judge_of(documents), json.loads((shared / "data" / "beauty.json").read_text())


@pytest.mark.slow
def test_published_words_score_what_was_published(published):
    judge, expected = published
    renamed = {
        w: {"log_probability": e.pop("logp"), **e} for w, e in ((w, dict(e)) for w, e in expected["words"].items())
    }
    assert len(renamed) == 18
    assert_words(judge, renamed)


def test_published_populations_score_what_was_published(published):
    judge, expected = published
    assert len(expected["populations"]) == 9
    assert_populations(judge, expected["populations"])


def test_the_real_row_is_the_published_one(published):
    judge, expected = published
    assert judge.test[:200] == expected["populations"]["real"]["names"]
    assert judge.real(200) == judge.score(expected["populations"]["real"]["names"])


def test_the_ancestor_s_favourite_beats_real_names_only_in_the_ancestor_s_score(published):
    judge, _ = published
    cheat, real = judge.score(["xyzzyx"] * 200), judge.real(200)
    assert cheat.classic > real.classic
    for each in ("xyzzyx", "ana"):
        scores = judge.score([each] * 200)
        assert max(scores.flow, scores.symmetry, scores.creativity, scores.beauty) < 0.005


@pytest.mark.parametrize("fixture", [NAMES, PLACES], ids=["names", "places"])
def test_our_own_figures_stay(fixture):
    judge = judge_of(fixture["documents"])
    assert_words(judge, fixture["words"])
    assert_populations(judge, fixture["populations"])


# The reference model


@pytest.mark.slow
@given(st.lists(st.text("abc", max_size=5), max_size=8))
@settings(max_examples=50, deadline=None)
def test_after_any_context_the_probabilities_sum_to_one(names):
    model = Trigrams(names, frozenset("abcd"))
    for context in [(), *product(["", *"abcd"], repeat=1), *product(["", *"abcd"], repeat=2)]:
        assert math.fsum(model.probability(context, c) for c in ["", *"abcd"]) == pytest.approx(1)


def test_witten_bell_by_hand():
    model = Trigrams(["ab", "ac"], frozenset("abc"))
    a = (2 + 4 / 4) / (6 + 4)  # symbols: a b end a c end, four distinct; base 1/4
    assert model.probability((), "a") == pytest.approx(a)
    after_start = (2 + 1 * a) / (2 + 1)
    assert model.probability(("",), "a") == pytest.approx(after_start)
    assert model.probability(("", ""), "a") == pytest.approx((2 + 1 * after_start) / (2 + 1))
    assert model.probability(("c", "b"), "a") == model.probability(("b",), "a")


def test_a_letter_from_outside_the_alphabet_has_no_probability():
    assert JUDGE.log_probability("añna") == -math.inf
    assert JUDGE.typicality("añna") == 0


def test_nothing_is_gained_by_being_likelier_than_the_median_of_real_names():
    likelier = [w for w in JUDGE.validation if JUDGE.log_probability(w) >= JUDGE.logs[len(JUDGE.logs) // 2]]
    usual = [w for w in likelier if len(w) == JUDGE.middle]
    assert len(usual) > 3
    assert {JUDGE.typicality(w) for w in usual} == {1.0}


# Flow


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("elena", 0),
        ("yara", 0),  # y is a vowel
        ("aeia", 2),  # two letters past two in a run
        ("bra", 0),  # sonority rises into the vowel
        ("rba", 1),
        ("nna", 1),  # equal is not rising
        ("sta", 0),  # s may stand before anything
        ("rha", 0),  # and anything before h
        ("strama", 1),  # an onset of three pays as a run alone
        ("ard", 0),
        ("adr", 1),
        ("anth", 1),  # a coda of three, too
        ("ath", 0),
        ("assh", 1),
        ("alanm", 0),  # equal falls well enough at the end
        ("ñda", 0),  # nothing is known of how loud ñ is
        ("dña", 0),
        ("adñ", 0),
    ],
)
def test_what_is_hard_to_say(name, bad):
    assert smooth(name) == pytest.approx(max(0, 1 - 2 * bad / (len(name) - 1)))


def test_sonority_rises_from_stops_to_glides():
    ranks = ["ptkbdgqcjx", "fvz", "mn", "lr", "w"]
    for low, high in product(range(5), repeat=2):
        for a, b in product(ranks[low], ranks[high]):
            assert (smooth(a + b + "aba") == 1) == (low < high), a + b
            assert (smooth("aba" + a + b) == 1) == (low >= high), a + b


@pytest.mark.parametrize("name", ["strngth", "br", "b", "zzz", "é"])
def test_without_a_vowel_nothing_can_be_said(name):
    assert smooth(name) == 0


# Symmetry


@given(st.text("abekno", min_size=1, max_size=9))
@settings(max_examples=100, deadline=None)
def test_a_name_read_backwards_is_as_symmetric_for_its_typicality(name):
    likeness = [JUDGE.symmetry(w) * JUDGE.typicality(w[::-1]) for w in (name, name[::-1])]
    assert likeness[0] == pytest.approx(likeness[1])


def test_mirrors_and_echoes_are_symmetric_and_one_letter_over_and_over_is_not():
    assert JUDGE.symmetry("anna") == JUDGE.typicality("anna") == 1
    assert JUDGE.symmetry("mimi") == pytest.approx(0.8 * JUDGE.typicality("mimi"))
    assert JUDGE.symmetry("aaaaaaaa") == pytest.approx(JUDGE.typicality("aaaaaaaa") / 4)
    assert JUDGE.symmetry("daniel") == 0


# Creativity


def test_novelty_is_what_trying_every_edit_finds():
    train = ["", "a", "mara", "mar", "ramma", "amrña"]
    judge = Judge(train, ["ara"], ["era"])
    for name in map("".join, chain.from_iterable(product("amr", repeat=n) for n in range(6))):
        spots = range(len(name) + 1)
        edits = {name[:i] + c + name[j:] for i in spots for j in (i, i + 1) for c in ("", *"amrñ")}
        assert judge.novelty(name) == (0 if name in train else 0.5 if edits.intersection(train) else 1), name


def test_learnt_names_are_not_creative():
    scores = JUDGE.score(sorted(JUDGE.train))
    assert scores.creativity == 0
    assert scores.flow > 0.9


def test_a_monotonous_population_is_less_creative_than_a_various_one():
    alike = ["marina", "marena", "marita", "marila"]
    one = JUDGE.score(["marina"]).creativity * JUDGE.diversity(alike, 4) / JUDGE.diversity(["marina"], 1)
    assert JUDGE.diversity(alike, 4) < JUDGE.diversity(["marina", "tolde", "ingo", "sebia"], 4) <= 1
    assert JUDGE.judge(alike)[0].creativity == pytest.approx(one)


def test_pair_entropy_by_hand():
    assert pair_entropy([]) == 0
    assert pair_entropy(["ab"]) == pytest.approx(math.log2(3))
    assert pair_entropy(["a", "a"]) == pytest.approx(1)


# Classic


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("xyzzyx", 0.5 + 1.2 * 2 + 2),
        ("anaana", 0.5 + 1.2 * 3.7 + 2),
        ("bebe", 0.5 + 1.2 * 1.5 + 2),
        ("bebeb", 0.5 + 1.2 * 2 + 2),  # five letters have no half
        ("bob", 2.0),  # three are too few for a palindrome
        ("anna", 0.5 + 1.2 * 2.2 - 10),  # a real one
        ("straueio", 0.5 - 1 - 3 + 2),
    ],
)
def test_the_ancestor_s_score_by_hand(name, score):
    judge = Judge(["mara"], ["mira"], ["anna"])
    assert judge.classic([name]) == pytest.approx(score)
    assert judge.classic([name, name, "ab", None, ""]) == pytest.approx(score)


# Populations


ANY_NAME = st.none() | st.text("abnyz -éX", max_size=17)
CORPORA = st.lists(st.text("abny é", max_size=17), max_size=12, unique=True)


@pytest.mark.slow
@given(CORPORA, st.integers(0, 12), st.integers(0, 12), st.lists(ANY_NAME, max_size=12))
@settings(max_examples=200, deadline=None)
def test_scores_are_bounded_whatever_the_corpus_and_the_dreams(documents, low, high, names):
    low, high = sorted((low, high))
    judge = Judge(documents[:low], documents[low:high], documents[high:])
    judged = judge.judge(names)
    for scores in [judge.score(names), judge.real(5), *judged]:
        assert all(0 <= getattr(scores, field) <= 1 for field in BOUNDED)
    for name in judged:
        assert 0 <= name.typicality <= 1
        assert name.novelty in (0, 0.5, 1)
        assert name.typicality == 0 or (name.valid and not name.repeat)
    assert math.isfinite(judge.score(names).classic)


@pytest.mark.slow
@given(st.text(max_size=20) | st.text("anx", max_size=20))
@settings(max_examples=200, deadline=None)
def test_every_formula_is_bounded_for_any_text(text):
    for measure in (JUDGE.typicality, JUDGE.flow, JUDGE.symmetry, JUDGE.novelty, smooth):
        assert 0 <= measure(text) <= 1
    assert JUDGE.log_probability(text) < 0


@given(st.lists(st.sampled_from(NAMES["documents"]) | ANY_NAME, min_size=1, max_size=20), st.randoms())
@settings(max_examples=50, deadline=None)
def test_the_order_of_a_population_changes_nothing_to_the_last_bit(names, rng):
    shuffled = list(names)
    rng.shuffle(shuffled)
    assert JUDGE.score(shuffled) == JUDGE.score(names)


@given(st.lists(st.sampled_from(NAMES["documents"]) | ANY_NAME, min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_a_population_scores_the_mean_of_its_names(names):
    scores, judged = JUDGE.score(names), JUDGE.judge(names)
    assert [each.name for each in judged] == names
    for field in BOUNDED:
        assert getattr(scores, field) == pytest.approx(sum(getattr(each, field) for each in judged) / len(names))


@pytest.mark.parametrize("name", ["anna", "marina", "tilena"])
def test_a_name_said_n_times_scores_an_nth_of_it(name):
    scores = JUDGE.score([name] * 40)
    assert scores.flow == pytest.approx(JUDGE.flow(name) / 40)
    assert scores.symmetry == pytest.approx(JUDGE.symmetry(name) / 40)
    diverse = JUDGE.diversity([name], 40)
    assert scores.creativity == pytest.approx(JUDGE.novelty(name) * JUDGE.typicality(name) * diverse / 40)
    first, *rest = JUDGE.judge([name] * 40)
    assert first.flow == JUDGE.flow(name) > 0
    assert set(rest) == {NameScores(name, valid=True, repeat=True)}


@pytest.mark.parametrize("name", [None, "", "an", "marinamarinamari", "mariña", "Marina", "mar ina"])
def test_a_dream_that_is_no_name_scores_zero_and_counts(name):
    assert JUDGE.judge(["marina", name])[1] == NameScores(name, valid=False)
    alone, beside = JUDGE.score(["marina"]), JUDGE.score(["marina", name])
    assert beside.flow == alone.flow / 2 > 0


def test_three_and_fifteen_letters_are_the_limits_of_a_name():
    assert [n for n in range(20) if JUDGE.valid("a" * n)] == list(range(3, 16))


def test_no_dreams_score_nothing():
    assert JUDGE.score([]) == Scores(0, 0, 0, 0, -100)
    assert JUDGE.judge([]) == []


def test_the_real_row_is_the_head_of_the_test_split():
    assert JUDGE.real(10) == JUDGE.score(JUDGE.test[:10])
    assert JUDGE.real(10_000) == JUDGE.score(JUDGE.test)


@pytest.mark.parametrize("documents", [[], ["a"], ["aaa", "aaaa"], ["ab", "cd", "ef"], ["", "x"]])
def test_a_corpus_of_a_handful_can_be_fitted(documents):
    scores = judge_of(documents).score([*documents, "aba"])
    assert all(0 <= getattr(scores, field) <= 1 for field in BOUNDED)


def test_every_process_scores_alike_to_the_last_bit():
    code = (
        "import json, sys; from organism.fitness.beauty import Judge; "
        "train, validation, test, names = json.load(sys.stdin); "
        "print(repr(Judge(train, validation, test).score(names)))"
    )
    names = [*JUDGE.test, *JUDGE.validation, "tilena", "marino", "solveia"]
    splits = json.dumps([NAMES["documents"][:120], JUDGE.validation, JUDGE.test, names])
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            input=splits,
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in "12"
    }
    assert len(said) == 1
