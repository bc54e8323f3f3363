"""Evolution as ask and tell, in made-up landscapes: what it decides, and that it decides the same every time."""

import random
from collections import Counter
from itertools import pairwise

import msgspec
import pytest
from landscapes import Course, is_within, measured, params_of, plan, smooth, space_of

from organism import events
from organism.evolution import selection, variation
from organism.evolution.engine import Engine
from organism.evolution.population import regime
from organism.genes import PRIMORDIAL, Genes, Range
from organism.space import SPACES
from organism.trial import CONFIRMATIONS, Key

OBJECTIVES = ("loss", "beauty", "flow", "symmetry", "creativity", "classic-loss", "classic-beauty", "hydra", "pareto")
ARCHITECTURE = ("n_embd", "n_head", "n_layer", "block_size", "mlp_ratio")


def conflicting(genes: Genes, replicate: int) -> dict:
    """Each objective wants another body."""
    luck = random.Random(f"{genes.canonical()} {replicate}").gauss(0, 0.001)
    return {
        "validation_loss": 3 - genes.num_steps / 2000 + luck,
        "flow": genes.n_embd / 40 + luck,
        "symmetry": 1 - genes.n_embd / 40 + luck,
        "creativity": 1 - genes.num_steps / 2500 + luck,
        "beauty": genes.n_layer / 5 + luck,
    }


def small(objective: str, **changes):
    """A short run; a hydra's is three cycles of two generations."""
    return plan(objective, **({"generations": 2 if objective == "hydra" else 4, "cycles": 3} | changes))


# --- the same course every time


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_order_in_which_results_come_in_changes_nothing(objective):
    in_order = Course(small(objective), conflicting).finish()
    for seed in range(3):
        shuffled = Course(small(objective), conflicting, random.Random(seed)).finish()
        assert shuffled.canonical() == in_order.canonical()
        assert shuffled.engine.champion == in_order.engine.champion


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_deaths_in_any_order_change_nothing_either(objective):
    def dies(genes, replicate):
        return random.Random(f"{genes.canonical()} {replicate}").random() < 0.2

    courses = [Course(small(objective), conflicting, rng, dies=dies) for rng in (None, random.Random(5))]
    one, other = (course.finish() for course in courses)
    assert one.canonical() == other.canonical()
    assert one.all(events.Died)


def test_another_seed_is_another_course():
    assert Course(plan(seed=1)).finish().canonical() != Course(plan(seed=2)).finish().canonical()


def test_a_result_that_nobody_asked_for_is_an_error():
    engine = Engine(plan(), params_of, 27)
    with pytest.raises(KeyError):
        engine.tell(Key(999, 0), measured(PRIMORDIAL, 0, smooth))


# --- a generation


def test_the_first_generation_is_the_genome_its_mutants_and_strangers():
    course = Course(plan())
    course.step()
    origins = [born.origin for born in course.all(events.Born)]
    assert origins == ["genome", "mutant", "mutant", "mutant", "random", "random", "random", "random"]
    assert course.all(events.Born)[0].genes == PRIMORDIAL


def test_a_genome_cheaper_than_anything_in_the_space_still_has_mutants():
    space = SPACES["wide"] | {"num_steps": Range(5000, 10000)}
    course = Course(plan(genes=space, generations=3, genome=Genes(4, 1, 1, 4, 1, 0.01, 10, 1)))
    course.step()
    assert [b.origin for b in course.all(events.Born)] == ["genome"] + ["mutant"] * 3 + ["random"] * 4


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_nothing_is_trained_twice_under_the_same_seed(objective):
    course = Course(small(objective), conflicting).finish()
    asked = Counter((trial.genes, trial.key.replicate) for trial in course.asked)
    assert set(asked.values()) == {1}
    assert len({trial.seed for trial in course.asked}) == len(course.asked)
    assert course.engine.evaluations == len(course.asked)


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_everything_bred_lies_in_the_space_or_in_the_widened_one(objective):
    space = SPACES["default"]
    course = Course(small(objective, generations=6), conflicting).finish()
    for born in course.all(events.Born):
        widens = born.origin in ("grown", "cataclysm", "elite", "champion", "re-eval")
        assert is_within(born.genes, variation.widened(space) if widens else space)


def test_a_space_of_ones_own_never_widens():
    space = SPACES["default"] | {"n_embd": (8, 12), "n_layer": (1,), "mlp_ratio": (1, 2)}
    course = Course(plan(genes=space, space="own.toml", generations=14), lambda genes, replicate: {}).finish()
    assert {end.regime for end in course.all(events.GenerationEnd)} == {"normal", "championship", "cataclysm"}
    for born in course.all(events.Born):
        assert born.genes == PRIMORDIAL or is_within(born.genes, space)


def test_the_best_is_trained_again_before_it_reigns_and_luck_doesnt_last():
    def lucky(genes: Genes, replicate: int) -> dict:
        luck = random.Random(f"{genes.canonical()} {replicate}").gauss(0, 0.2)
        return {"validation_loss": 2.5 + luck}

    course = Course(plan(), lucky).finish()
    born = course.born()
    for end in course.all(events.GenerationEnd):
        trained = {t.key.replicate for t in course.asked if t.genes == end.genes and t.key.id <= max(born)}
        assert {0, 1} <= trained
    again = [b for b in born.values() if b.origin == "re-eval"]
    assert all(born[b.parents[0]].genes == b.genes for b in again)
    best = [end.best for end in course.all(events.GenerationEnd)]
    assert best == sorted(best), "an elite's fitness is a mean that stands"


@pytest.mark.slow
def test_stagnation_is_counted_on_means_and_not_reset_by_luck():
    """One flat landscape with noise: firsts by luck are corrected, so that the regimes are reached all the same."""

    def flat(genes: Genes, replicate: int) -> dict:
        return {"validation_loss": 2.5 + random.Random(f"{genes.canonical()} {replicate}").gauss(0, 0.05)}

    courses = [Course(plan(seed=seed, generations=20), flat).finish() for seed in range(6)]
    regimes = Counter(end.regime for course in courses for end in course.all(events.GenerationEnd))
    assert regimes["championship"] >= 10
    assert regimes["cataclysm"] >= 2


def test_elites_are_carried_on_and_told_without_training():
    course = Course(plan(elitism=2)).finish()
    inherited = [judged for judged in course.all(events.Judged) if judged.inherited]
    born = course.born()
    assert {born[judged.id].origin for judged in inherited} <= {"elite", "champion"}
    assert all(judged.seconds == 0 for judged in inherited)
    assert len(inherited) == 2 * 9
    ends, carried = course.all(events.GenerationEnd), {"elite", "champion"}
    for before, after in pairwise(ends):
        genes = [b.genes for b in born.values() if b.generation == after.generation and b.origin in carried]
        assert before.genes == genes[0]


def test_every_organism_has_an_origin_and_older_parents():
    course = Course(plan(generations=20), lambda genes, replicate: {}).finish()
    known = {"genome", "random", "elite", "mutant", "cross", "hyper", "immigrant", "grown", "champion", "tuned"}
    assert {born.origin for born in course.all(events.Born)} == known | {"cataclysm", "re-eval"}
    for born in course.all(events.Born):
        assert all(parent < born.id for parent in born.parents)
        orphan = {"genome", "random", "immigrant"}
        assert bool(born.parents) != (born.origin in orphan) or born.origin == "cataclysm"


@pytest.mark.slow
def test_one_kind_alone_is_reported_as_a_monoculture():
    only = space_of((16,), (4,), (1,), (16,), (4,), Range(0.001, 0.05), Range(100, 2000), (1, 2))
    course = Course(plan(genes=only, space="own.toml")).finish()
    assert {end.species for end in course.all(events.GenerationEnd)} == {1}


@pytest.mark.slow
def test_species_judged_poor_twice_are_not_drawn_again_for_strangers():
    def narrow_is_poor(genes: Genes, replicate: int) -> dict:
        return {"validation_loss": 2.6 if genes.n_embd == 8 else 2.4}

    space = space_of((8, 32), (4,), (1,), (16,), (4,), Range(0.001, 0.05), Range(100, 2000), (1, 2))
    for seed in range(5):
        course = Course(plan(genes=space, space="own.toml", seed=seed), narrow_is_poor).finish()
        poor: Counter = Counter()
        for event in course.events:
            if isinstance(event, events.GenerationEnd):
                assert event.blacklist == sum(count >= 2 for count in poor.values())
                barred = {species for species, count in poor.items() if count >= 2}
            elif isinstance(event, events.Born) and event.origin == "immigrant":
                assert event.genes.species not in barred
            elif isinstance(event, events.Judged) and event.validation_loss > 2.45 and event.replicate == 0:
                poor[course.born()[event.id].genes.species] += not event.inherited


# --- regimes


def test_regimes_follow_stagnation_in_a_cycle_of_four():
    assert [regime(stagnation) for stagnation in range(9)] == [
        "normal",
        "normal",
        "championship",
        "championship",
        "cataclysm",
        "normal",
        "championship",
        "championship",
        "cataclysm",
    ]


def test_growth_leads_out_of_a_championship():
    """The largest body of the default space, on a plateau that only a body beyond it leaves."""
    genome = Genes(32, 4, 4, 24, 4, 0.01, 1000, 1)

    def beyond(genes: Genes, replicate: int) -> dict:
        bodies = [genes.n_head, genes.n_layer, genes.block_size, genes.mlp_ratio]
        return {"validation_loss": 2.4 - 0.1 * sum(a > b for a, b in zip(bodies, (4, 4, 24, 4), strict=True))}

    course = Course(plan(genome=genome), beyond).finish()
    ends = course.all(events.GenerationEnd)
    assert [end.regime for end in ends[:4]] == ["normal", "normal", "normal", "championship"]
    assert ends[3].stagnation == 0
    assert course.born()[ends[3].champion].origin in ("grown", "re-eval")
    assert ends[4].regime == "normal"


@pytest.mark.slow
def test_a_cataclysm_finds_what_lies_beyond_the_space_and_ends():
    """A plateau that only a body wider than the default space leaves: growth doesn't reach it."""

    def wider(genes: Genes, replicate: int) -> dict:
        return {"validation_loss": 2.4 - 0.2 * (genes.n_embd > 32)}

    left = 0
    for seed in range(8):
        course = Course(plan(seed=seed, genome=msgspec.structs.replace(PRIMORDIAL, n_embd=32)), wider).finish()
        ends = course.all(events.GenerationEnd)
        assert [end.regime for end in ends[:6]] == ["normal"] * 3 + ["championship"] * 2 + ["cataclysm"]
        if ends[5].stagnation == 0:
            left += 1
            assert course.born()[ends[5].champion].origin == "cataclysm"
            assert ends[6].regime == "normal"
            assert course.engine.champion.genes.n_embd > 32
    assert left >= 4


@pytest.mark.slow
def test_a_widened_organism_costs_at_most_four_times_the_elite():
    for seed in range(4):
        course = Course(plan(seed=seed, generations=20), lambda genes, replicate: {}).finish()
        elite = PRIMORDIAL
        for event in course.events:
            if isinstance(event, events.GenerationEnd):
                elite = event.genes
            elif isinstance(event, events.Born) and event.origin in ("grown", "cataclysm"):
                limit = 4 * variation.cost(elite, params_of(elite))
                assert variation.cost(event.genes, params_of(event.genes)) <= limit


# --- the end


def test_three_are_confirmed_on_seeds_that_the_search_never_saw_and_the_best_mean_wins():
    course = Course(plan()).finish()
    confirmed = course.all(events.Confirmed)
    assert len(confirmed) == 3
    assert course.engine.champion == max(confirmed, key=lambda event: event.fitness.mean)
    judged = [e for e in course.all(events.Judged) if e.replicate in CONFIRMATIONS]
    assert Counter(e.id for e in judged) == {event.id: 3 for event in confirmed}
    assert all(e.test_loss is not None for e in judged)
    assert all(e.test_loss is None for e in course.all(events.Judged) if e.replicate < 100)
    for event in confirmed:
        losses = [e.validation_loss for e in judged if e.id == event.id]
        assert event.validation_loss.n == 3
        assert event.validation_loss.mean == pytest.approx(sum(losses) / 3)
        assert event.fitness.mean == pytest.approx(-event.validation_loss.mean)


def test_who_dies_in_its_confirmation_is_passed_over():
    best = Course(plan()).finish().engine.champion
    course = Course(plan(), dies=lambda genes, replicate: replicate == 102 and genes == best.genes).finish()
    assert course.engine.champion.genes != best.genes
    died = [e for e in course.all(events.Died) if e.replicate == 102]
    assert [course.born()[e.id].genes for e in died] == [best.genes]


def test_when_nobody_survives_the_run_ends_without_a_champion():
    for objective in ("loss", "hydra", "pareto"):
        course = Course(small(objective), dies=lambda genes, replicate: True).finish()
        assert course.engine.champion is None
        assert not course.all(events.GenerationEnd)
        assert course.engine.generation == (6 if objective == "hydra" else 4)


def test_when_all_confirmations_fail_the_genome_is_the_last_resort():
    course = Course(plan(generations=1), dies=lambda genes, replicate: replicate > 100 and genes != PRIMORDIAL).finish()
    assert course.engine.champion.genes == PRIMORDIAL


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"target": 2.3}, "target"), ({"patience": 2}, "patience"), ({}, "generations")],
)
def test_a_run_says_why_it_ended(changes, reason):
    def step(genes: Genes, replicate: int) -> dict:
        return {"validation_loss": 2.2 if "target" in changes and genes.n_embd > 16 else 2.5}

    course = Course(plan(**changes), step).finish()
    end = course.engine.end(course.engine.champion, 1.0)
    assert end.reason == reason
    ends = course.all(events.GenerationEnd)
    assert (len(ends) == 10) == (reason == "generations")
    if reason == "patience":
        assert [e.stagnation for e in ends] == [0, 1, 2]


def test_a_target_is_given_in_the_unit_of_its_objective():
    def step(genes: Genes, replicate: int) -> dict:
        return {"classic_loss": 1.8 if genes.n_embd > 16 else 2.5, "flow": genes.n_embd / 32}

    for objective, target in (("classic-loss", 1.9), ("flow", 0.9)):
        course = Course(plan(objective, target=target), step).finish()
        assert course.engine.reason == "target"
        assert len(course.all(events.GenerationEnd)) < 10


@pytest.mark.slow
@pytest.mark.parametrize("population", [2, 3])
@pytest.mark.parametrize("elitism", [1, 2])
@pytest.mark.parametrize("objective", ["loss", "hydra", "pareto"])
def test_the_smallest_populations_still_search(population, elitism, objective):
    course = Course(small(objective, population=population, elitism=elitism), conflicting).finish()
    for start in course.all(events.GenerationStart):
        assert start.population >= population
    assert course.engine.champion is not None
    assert len(course.engine.records.by_genes) > population


@pytest.mark.slow
def test_a_space_of_two_genomes_is_searched_once_and_the_run_goes_on_to_its_end():
    space = space_of((16,), (4,), (1,), (16,), (4,), (0.01,), (1000,), (1, 2))
    course = Course(plan(genes=space, space="own.toml", generations=50)).finish()
    assert len(course.engine.records.by_genes) == 2
    assert len(course.all(events.GenerationEnd)) == 50


# --- what a person may do


def test_culled_before_it_is_judged_an_organism_dies_at_once():
    course = Course(plan(generations=3))
    course.step()
    assert course.engine.cull(5)
    assert not course.engine.cull(5)
    course.finish()
    assert [(e.id, e.reason) for e in course.all(events.Died)] == [(5, "culled")]
    assert not [e for e in course.all(events.Judged) if e.id == 5]


def test_culled_after_it_was_judged_an_organism_has_no_children_and_no_crown():
    undisturbed = Course(plan(generations=3)).finish()
    best = max((e for e in undisturbed.all(events.Judged) if e.generation == 1), key=lambda e: e.fitness).id
    best = undisturbed.born()[best].parents[0] if undisturbed.born()[best].origin == "re-eval" else best
    courses = []
    for early in (True, False):
        course = Course(plan(generations=3))
        while not any(e.id == best for e in course.all(events.Judged)):
            course.step()
        if early:
            assert course.engine.cull(best)
        else:
            while course.engine.wants(next(t.key for t in course.asked if t.key.id == 7)):
                course.step()
            assert course.engine.cull(best)
        course.finish()
        genes = course.born()[best].genes
        assert not [e for e in course.all(events.Born) if best in e.parents and e.origin != "re-eval"]
        assert course.all(events.GenerationEnd)[0].genes != genes
        assert genes not in [e.genes for e in course.all(events.Confirmed)]
        courses.append(course.canonical())
    assert courses[0] == courses[1], "when in the generation it was culled makes no difference"


def test_blessed_organisms_are_elites_of_the_next_generation():
    course = Course(plan(generations=2))
    course.step()
    assert course.engine.act(events.Act(verb="bless", id=4))
    assert not course.engine.act(events.Act(verb="bless", id=4000))
    course.finish()
    blessed = [e for e in course.all(events.Born) if e.parents == (4,) and e.origin == "elite"]
    assert [e.genes for e in blessed] == [course.born()[4].genes]


def test_an_immigrant_is_one_more_in_the_next_generation_only():
    course = Course(plan(generations=4))
    course.step()
    assert course.engine.act(events.Act(verb="immigrant"))
    course.finish()
    assert [start.population for start in course.all(events.GenerationStart)] == [8, 9, 8, 8]


def test_stopped_a_run_finishes_its_generation_and_confirms():
    course = Course(plan())
    course.step()
    assert course.engine.act(events.Act(verb="stop"))
    course.finish()
    assert course.engine.reason == "stopped"
    assert len(course.all(events.GenerationEnd)) == 1
    assert len(course.all(events.Confirmed)) == 3
    assert not course.engine.act(events.Act(verb="stop"))
    assert not course.engine.act(events.Act(verb="bless", id=0))
    assert not course.engine.act(events.Act(verb="immigrant"))
    assert not course.engine.cull(0)


def test_an_abandoned_generation_counts_for_nothing():
    course = Course(plan())
    while course.engine.generation < 3:
        course.step()
    first_two = set(course.engine.records.by_genes)
    for _ in range(4):
        course.step()
    assert set(course.engine.records.by_genes) > first_two
    course.engine.abandon("minutes")
    assert set(course.engine.records.by_genes) == first_two
    course.finish()
    assert course.engine.reason == "minutes"
    assert {e.genes for e in course.all(events.Confirmed)} <= first_two


def test_abandoned_in_its_first_generation_a_run_confirms_the_genome():
    course = Course(plan())
    course.step()
    course.engine.abandon("minutes")
    course.finish()
    assert course.engine.champion.genes == PRIMORDIAL


def test_what_failed_or_was_poor_in_an_abandoned_generation_is_as_if_it_had_not_been_tried():
    one = {gene: (getattr(PRIMORDIAL, gene),) for gene in ARCHITECTURE}
    space = SPACES["default"] | one
    course = Course(plan(genes=space, bigram_loss=0.0), dies=lambda genes, replicate: genes.num_steps < 800)
    records = course.engine.records
    while not (records.dead and records.blacklist()):
        course.step()
        assert course.engine.generation == 1
    course.engine.abandon("minutes")
    assert not records.dead
    assert not records.blacklist()


def test_a_culled_champion_is_not_confirmed_when_its_generation_is_abandoned():
    course = Course(plan())
    while course.engine.generation < 3:
        course.step()
    champion = course.engine.heads[0].champion()
    assert course.engine.cull(next(o.id for o in course.engine.heads[0].members if o.genes == champion.genes))
    course.engine.abandon("minutes")
    course.finish()
    assert champion.genes not in {event.genes for event in course.all(events.Confirmed)}


def test_progress_is_not_measured_by_who_was_culled():
    """The best creature is culled: those that are better than the rest are progress, though none reaches it."""

    def falling(genes: Genes, replicate: int) -> dict:
        return {"validation_loss": 1.0 if genes == PRIMORDIAL else 2.5 - 0.01 * course.engine.generation}

    course = Course(plan(generations=6), falling)
    while course.engine.generation < 2:
        course.step()
    assert course.engine.cull(next(o.id for o in course.engine.heads[0].members if o.genes == PRIMORDIAL))
    course.finish()
    assert [end.stagnation for end in course.all(events.GenerationEnd)][2:] == [0, 0, 0, 0]


def test_when_all_are_culled_a_run_is_extinct_until_it_is_extended():
    course = Course(plan(generations=1, population=3))
    for id in range(3):
        assert course.engine.cull(id)
    course.finish()
    assert course.engine.champion is None
    assert [event.generation for event in course.all(events.Extinct)] == [1]
    assert course.engine.extend(3)
    course.finish()
    assert course.engine.champion is not None


@pytest.mark.parametrize("bound", [{"patience": 1}, {"target": 9.0}])
def test_an_extended_run_goes_on_past_what_ended_it(bound):
    course = Course(plan(generations=20, **bound), lambda genes, replicate: {}).finish()
    assert course.engine.reason in bound
    ended = course.engine.generation
    assert course.engine.extend(ended + 5)
    course.finish()
    assert course.engine.generation == ended + 5
    assert course.engine.reason == "generations"


def test_an_extended_run_is_the_run_that_was_longer_from_the_start():
    longer = Course(plan(generations=6)).finish()
    course = Course(plan(generations=3)).finish()
    assert course.engine.extend(6)
    course.finish()
    assert not course.engine.extend(6)
    assert course.all(events.GenerationEnd) == longer.all(events.GenerationEnd)
    assert course.engine.champion == longer.engine.champion
    asked = Counter((trial.genes, trial.key.replicate) for trial in course.asked)
    assert set(asked.values()) == {1}


# --- pareto


def test_a_front_holds_what_nothing_surpasses_and_its_knee_is_the_champion():
    def trade(genes: Genes, replicate: int) -> dict:
        return {"validation_loss": 3 - genes.n_embd / 40, "beauty": 1 - genes.n_embd / 40}

    course = Course(plan("pareto"), trade).finish()
    fronts = course.all(events.Front)
    assert [front.generation for front in fronts] == [*range(1, 11), 10]
    for front in fronts:
        points = [(s.validation_loss, -s.beauty, s.compute) for s in front.standings]
        for point in points:
            assert not any(all(a <= b for a, b in zip(o, point, strict=True)) and o != point for o in points)
        assert front.knee in front.ids
    assert fronts[-1].knee == course.engine.champion.id
    widths = {s.genes.n_embd for s in fronts[-1].standings}
    assert len(widths) >= 4, "a front is broad"


def test_a_front_is_the_first_of_all_fronts():
    rng = random.Random(1)
    for size in range(60):
        points = [tuple(rng.randrange(6) for _ in range(3)) for _ in range(size)]
        assert selection.front(points) == (selection.fronts(points)[0] if points else [])


# --- hydra


@pytest.mark.slow
def test_the_heads_of_a_hydra_stay_different_while_they_exchange_champions():
    course = Course(plan("hydra", generations=3, cycles=4), conflicting).finish()
    ends = course.all(events.GenerationEnd)
    assert len(ends) == 4 * 12
    last = {end.head: end.genes for end in ends[-4:]}
    assert set(last) == {"Weaver", "Mirror", "Spark", "Origin"}
    assert len(set(last.values())) == 4
    members: dict = {}
    for born in course.all(events.Born):
        if born.origin != "re-eval":
            members.setdefault((born.generation, born.head), set()).add(born.genes)
    for generation in range(1, 13):
        populations = [frozenset(members[generation, head]) for head in last]
        assert len(set(populations)) == 4


@pytest.mark.slow
def test_at_a_gathering_a_head_receives_at_most_one_champion_of_each_other_and_keeps_its_elite():
    course = Course(plan("hydra", generations=3, cycles=4), conflicting).finish()
    gatherings = course.all(events.Gathering)
    assert [(g.cycle, g.generation) for g in gatherings] == [(1, 3), (2, 6), (3, 9), (4, 12)]
    born = course.born()
    received = 0
    for gathering in gatherings[:-1]:
        assert set(gathering.champions) == {"Weaver", "Mirror", "Spark", "Origin"}
        for head, own in gathering.champions.items():
            arrived = [b for b in born.values() if (b.generation, b.head) == (gathering.generation + 1, head)]
            guests = [b.parents[0] for b in arrived if b.origin == "champion" and born[b.parents[0]].head != head]
            others = [id for name, id in gathering.champions.items() if name != head]
            assert set(guests) <= set(others)
            assert len(set(guests)) == len(guests)
            assert own in [parent for b in arrived if b.origin in ("elite", "champion") for parent in b.parents]
            received += len(guests)
    assert received >= 12


def test_a_hydra_ends_with_the_best_mean_rank():
    course = Course(plan("hydra", generations=2, cycles=2), conflicting).finish()
    confirmed = course.all(events.Confirmed)
    assert all(0 <= event.fitness.mean <= 1 for event in confirmed)
    assert course.engine.champion == max(confirmed, key=lambda event: event.fitness.mean)
    assert course.engine.champion.fitness.mean > 0.5
