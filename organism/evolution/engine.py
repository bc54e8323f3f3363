"""Evolution as ask and tell: who is to be trained next, and what follows from what came of it.

The engine knows no process, clock or file. Whoever runs it repeats

    for trial in engine.ask(): ...train it somewhere...
    engine.tell(trial.key, measurement)     or     engine.fail(trial.key, reason)
    for event in engine.events(): ...

until `engine.done`. Trials may be told in any order: what follows is decided when all of them are in, and every draw
comes from a generator seeded by (run seed, generation, slot). The course of a run is therefore a function of its
configuration and of what a person did, and of nothing else.

A generation has three acts. All newcomers are trained once. Then, as long as the best organism was trained only once,
it is trained again under another seed, so that nobody reigns by luck. Then the next generation is bred (see
`population`). At the end the three best of the whole run are confirmed on three seeds that the search never saw, and
the best mean wins. One population does this for one objective; the four heads of a hydra do it side by side.
"""

import math
from collections.abc import Callable
from itertools import takewhile
from statistics import fmean, stdev

from .. import events
from ..events import HEADS, Act, Born, Confirmed, Event, EvolutionEnd, Run, sign
from ..fitness.objectives import OBJECTIVES, Aim, Compromise
from ..genes import Genes
from ..genome import Estimate
from ..trial import CONFIRMATIONS, Key, Measurement, Trial
from . import hydra, selection
from .population import Population
from .records import Record, Records
from .trials import Trials

CONFIRMED = 3
LITTER = 32


def aims(objective: str, vocab_size: int) -> dict[str | None, Aim]:
    """What each head selects for; a run of one population has the head None."""
    match objective:
        case "hydra":
            return {head: OBJECTIVES[each] for head, each in HEADS.items()}
        case "pareto":
            return {None: Compromise(uniform=math.log(vocab_size))}
    return {None: OBJECTIVES[objective]}


class Engine:
    """The course of one run. See the module for the protocol.

    `params_of` tells how many parameters genes mean for the run's vocabulary, which holds `vocab_size` tokens.
    """

    def __init__(self, run: Run, params_of: Callable[[Genes], int], vocab_size: int):
        self.run = run
        self.is_hydra, self.is_pareto = run.objective == "hydra", run.objective == "pareto"
        by_head = aims(run.objective, vocab_size)
        self.records = Records(run.config.bigram_loss, params_of, by_head.__getitem__)
        self.trials = Trials(run.seed)
        # One regression can't say what a front lacks, so in a Pareto search every child is born.
        litter = 1 if self.is_pareto else LITTER
        ranking = selection.by_dominance if self.is_pareto else selection.by_fitness
        self.heads = [Population(run, self.records, aim, ranking, litter, head) for head, aim in by_head.items()]
        self.generations = run.config.generations * (run.config.cycles if self.is_hydra else 1)
        self.reason = ""
        self.champion: Confirmed | None = None
        self.done = False
        self.evaluations = 0
        self._culled: set[int] = set()
        self._stop_after: int | None = None
        self._extended = False
        self._sent: dict[str, Born] = {}
        self.confirming: list[Born] = []  # of whom, once the search is over
        self._confirmations: dict[Genes, dict[int, Measurement | str]] = {}
        self._events: list[Event] = []
        self.final = self.heads[0].aim
        for head in self.heads:
            head.begin()
        self._open()
        self._proceed()

    @property
    def generation(self) -> int:
        """The generation in progress, counted from 1."""
        return self.records.generation

    # --- the protocol

    def ask(self) -> list[Trial]:
        """The trainings that are wanted now and weren't handed out before."""
        return self.trials.ask()

    def tell(self, key: Key, measurement: Measurement) -> None:
        """What a training came to. Raises KeyError for one that isn't wanted (any more)."""
        self._settle(key, measurement)

    def fail(self, key: Key, reason: str) -> None:
        """A training came to nothing, and its genes are dead. Raises KeyError for one that isn't wanted (any more)."""
        self._settle(key, reason)

    def wants(self, key: Key) -> bool:
        """Whether that trial is still to be told."""
        return key in self.trials

    def events(self) -> list[Event]:
        """What has happened since the last call."""
        events, self._events = self._events, []
        return events

    def _settle(self, key: Key, outcome: Measurement | str) -> None:
        """Remember what a training came to, or why to nothing, and say so of everybody whom it was for."""
        carriers = self.trials.close(key)
        self.evaluations += 1
        if isinstance(outcome, str):
            self.records.fail(carriers[0].genes)
        if key.replicate in CONFIRMATIONS:
            self._settle_confirmation(carriers[0], key.replicate, outcome)
        else:
            self._learn(carriers, key.replicate, outcome)
        self._proceed()

    def _settle_confirmation(self, organism: Born, replicate: int, outcome: Measurement | str) -> None:
        """Tell confirmations in the order of their replicates, each as soon as those before it are in.

        So a journal that ends among them holds the first ones, and they're told again before anything else is done.
        """
        outcomes = self._confirmations.setdefault(organism.genes, {})
        before = list(takewhile(outcomes.__contains__, CONFIRMATIONS))
        outcomes[replicate] = outcome
        for each in list(takewhile(outcomes.__contains__, CONFIRMATIONS))[len(before) :]:
            self._learn([organism], each, outcomes[each])

    def _learn(self, carriers: list[Born], replicate: int, outcome: Measurement | str) -> None:
        if not isinstance(outcome, str):
            self.records.learn(carriers[0], replicate, outcome)
        for organism in carriers:
            if isinstance(outcome, str):
                self._say_died(organism, replicate, outcome)
            else:
                self._say_judged(organism, replicate, inherited=organism is not carriers[0])

    def _want(self, organism: Born, replicate: int) -> None:
        """Have the genes of `organism` trained under a replicate's seed, unless that's known."""
        if not self.records.knows(organism.genes, replicate):
            self.trials.want(organism, replicate)
        elif replicate not in CONFIRMATIONS:
            self._say_judged(organism, replicate, inherited=True)

    # --- what is said

    def _say_judged(self, organism: Born, replicate: int, inherited: bool) -> None:
        aim, record = self.records.aim_of(organism.head), self.records.by_genes[organism.genes]
        measurement = record.trials[replicate]
        known = record.trials.values() if replicate in CONFIRMATIONS else record.searched
        figures = {name: getattr(measurement, name) for name in Measurement.__struct_fields__}
        if inherited:
            figures["seconds"] = 0.0
        self._events.append(
            events.Judged(
                id=organism.id,
                generation=self.generation,
                replicate=replicate,
                fitness=aim.fitness(measurement),
                mean_fitness=fmean(map(aim.fitness, known)),
                inherited=inherited,
                head=organism.head,
                **figures,
            )
        )

    def _say_died(self, organism: Born, replicate: int, reason: str) -> None:
        died = events.Died(
            id=organism.id, generation=self.generation, replicate=replicate, reason=reason, head=organism.head
        )
        self._events.append(died)

    # --- what a person may do. Each returns whether it could be done

    def act(self, act: Act) -> bool:
        """Any of what a person may do, by its verb.

        `bless` keeps an organism of this generation as an elite of the next one, in which `immigrant` has one more
        random organism, of a hydra in the head that has waited longest. `stop` lets this generation be the last.
        """
        match act:
            case Act(verb="cull", id=int(id)):
                return self.cull(id)
            case Act(verb="bless", id=int(id)) if member := self._member(id):
                next(head for head in self.heads if head.head == member.head).blessed.add(id)
            case Act(verb="immigrant") if self._searches:
                min(self.heads, key=lambda head: (head.immigrants, -head.stagnation)).immigrants += 1
            case Act(verb="stop") if self._searches:
                self._stop_after = self.generation
            case Act(verb="extend", generations=int(generations)):
                return self.extend(generations)
            case _:
                return False
        return True

    def cull(self, id: int) -> bool:
        """End an organism of this generation: at once if it isn't judged yet, else see `cull_judged`."""
        organism = self._member(id)
        if organism is None or id in self._culled:
            return False
        carriers = self.trials.carriers(organism.genes, 0)
        if organism not in carriers:
            return self.records.lives(organism) and self.cull_judged(id)
        self.trials.close(Key(carriers[0].id, 0))
        self.records.dead.add(organism.genes)
        for carrier in carriers:
            self._say_died(carrier, 0, "culled")
        self._proceed()
        return True

    def cull_judged(self, id: int) -> bool:
        """Let an organism of this generation die once it's judged: it has no children and is not confirmed.

        It counts until the generation ends, so that nothing depends on when exactly it was culled.
        """
        organism = self._member(id)
        if organism is None:
            return False
        self._culled.add(id)
        self._say_died(organism, 0, "culled")
        return True

    def extend(self, generations: int) -> bool:
        """Let the run have that many generations in all, also when it has come to its end.

        From then on neither its target nor its patience ends it: it was at its end, and a person wished it to go on.
        """
        if generations <= self.generation or self.confirming:
            return False
        self.generations = generations
        if self.done:
            self.done, self.champion, self.reason, self._extended = False, None, "", True
            self._breed()
            self._proceed()
        return True

    def abandon(self, reason: str) -> None:
        """Give up the generation in progress, with all that was learnt in it, and go on to the confirmation."""
        self._events.append(events.Abandoned(generation=self.generation, reason=reason))
        self._remove_culled()
        self.trials.clear()
        self.records.forget()
        self._confirm(reason)
        self._proceed()

    @property
    def _searches(self) -> bool:
        return not (self.confirming or self.done)

    def _member(self, id: int) -> Born | None:
        if not self._searches:
            return None
        return next((o for head in self.heads for o in head.members if o.id == id), None)

    # --- the course of a generation

    def _proceed(self) -> None:
        """Take every step that waits for no training."""
        while not (self.trials or self.done):
            if self.confirming:
                self._conclude()
            elif not self._try_again():
                self._close()

    def _try_again(self) -> bool:
        """Have each head's champion trained under a second seed if it was trained once. Whether there's one."""
        for head in self.heads:
            champion = head.champion()
            if champion is None or len(self.records.by_genes[champion.genes].searched) > 1:
                continue
            if not self.trials.carriers(champion.genes, 1):
                again = self.records.add("re-eval", (champion.id,), champion.genes, champion.head)
                self._events.append(again)
                self._want(again, 1)
        return bool(self.trials)

    def _close(self) -> None:
        """End the generation, and go on to the next one or to the confirmation."""
        self._remove_culled()
        self._events += filter(None, [head.close() for head in self.heads])
        if self.is_pareto:
            self._tell_front()
        if self.is_hydra and self.generation % self.run.config.generations == 0:
            self._gather()
        reason = self._reason_to_end()
        if reason:
            self._confirm(reason)
        else:
            self._breed()

    def _remove_culled(self) -> None:
        self.records.dead |= {self.records.organisms[id].genes for id in self._culled}
        self._culled.clear()

    def _gather(self) -> None:
        """The heads send their champions to each other; they arrive with the next generation."""
        self._sent = hydra.champions(self.heads)
        ids = {head: champion.id for head, champion in self._sent.items()}
        cycle = self.generation // self.run.config.generations
        self._events.append(events.Gathering(cycle=cycle, generation=self.generation, champions=ids))

    def _reason_to_end(self) -> str | None:
        target, patience = (None, None) if self._extended else (self.run.config.target, self.run.config.patience)
        if target is not None and all(head.best >= sign(self.run.objective) * target for head in self.heads):
            return "target"
        if self._stop_after == self.generation:
            return "stopped"
        if patience is not None and all(head.stagnation >= patience for head in self.heads):
            return "patience"
        return "generations" if self.generation >= self.generations else None

    def _breed(self) -> None:
        self.records.turn()
        guests = [hydra.received(head, self._sent) for head in self.heads]
        self._sent = {}
        for head, arriving in zip(self.heads, guests, strict=True):
            head.breed(arriving)
        self._open()

    def _open(self) -> None:
        """Let the next generation of every head in, and have whoever is new trained."""
        for head in self.heads:
            members = head.admit()
            size, regime = len(members), head.regime
            self._events.append(
                events.GenerationStart(generation=self.generation, regime=regime, population=size, head=head.head)
            )
            for organism in members:
                self._events.append(organism)
                self._want(organism, 0)

    # --- the end

    def _confirm(self, reason: str) -> None:
        """Ask for the confirmation of the best three of the run, or of the genome that it began with."""
        self.reason = reason
        self.final = hydra.MeanRank(self.records) if self.is_hydra else self.heads[0].aim
        living = self.front() if self.is_pareto else self.records.living()
        best = selection.by_fitness(living, self.final)[:CONFIRMED]
        self.confirming = [record.organism for record in best]
        if not best and self.run.genome not in self.records.dead:
            self.confirming = [next(o for o in self.records.organisms.values() if o.genes == self.run.genome)]
        self.done = not self.confirming
        if self.done:
            self._events.append(events.Extinct(generation=self.generation))
        for replicate in CONFIRMATIONS:
            for organism in self.confirming:
                self._want(organism, replicate)

    def _conclude(self) -> None:
        """All confirmations are in: the best mean wins. If all died in it, the next best have their turn."""
        confirmed = []
        for organism in self.confirming:
            if organism.genes in self.records.dead:
                continue
            trials = self.records.by_genes[organism.genes].confirmed
            confirmed.append(
                Confirmed(
                    id=organism.id,
                    genes=organism.genes,
                    params=trials[0].params,
                    fitness=estimate([self.final.fitness(trial) for trial in trials]),
                    validation_loss=estimate([trial.validation_loss for trial in trials]),
                    test_loss=fmean(trial.test_loss for trial in trials if trial.test_loss is not None),
                )
            )
        self.confirming = []
        if not confirmed:
            self._confirm(self.reason)
            return
        self._events += confirmed
        self.champion = max(confirmed, key=lambda event: event.fitness.mean)
        self.done = True
        if self.is_pareto:
            self._tell_front()

    def front(self) -> list[Record]:
        """What no other genome of the run surpasses in every cost."""
        living = self.records.living()
        return [living[i] for i in selection.front([selection.costs(record) for record in living])]

    def _tell_front(self) -> None:
        front = self.front()
        if not front:
            return
        knee = self.champion.id if self.champion else selection.by_fitness(front, self.final)[0].organism.id
        figures = "validation_loss", "beauty", "compute"
        standings = tuple(
            events.Standing(id=r.organism.id, genes=r.organism.genes, **{name: r.mean(name) for name in figures})
            for r in front
        )
        ids = tuple(standing.id for standing in standings)
        self._events.append(events.Front(ids=ids, knee=knee, generation=self.generation, standings=standings))

    def end(self, champion: Confirmed, seconds: float) -> EvolutionEnd:
        """The last event, for whoever has a clock."""
        return EvolutionEnd(
            champion=champion.id,
            genes=champion.genes,
            fitness=champion.fitness.mean,
            validation_loss=champion.validation_loss.mean,
            test_loss=champion.test_loss,
            evaluations=self.evaluations,
            reason=self.reason,
            seconds=seconds,
        )


def estimate(values: list[float]) -> Estimate:
    """Mean and sample standard deviation."""
    return Estimate(fmean(values), stdev(values) if len(values) > 1 else 0.0, len(values))
