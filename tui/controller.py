"""What is shown, and what a person may do to it: the creature on its own, a life that goes on, or a run told again.

Knows no widget, key or event loop. What can't be done now raises `Refused`, what a file or a plan stands in the way of
raises BadInput, either with a sentence for the person; methods that return text return what else there is to say.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from organism.errors import BadInput
from organism.events import Act, Event
from organism.genome import PRIMORDIAL_GENOME, Genome
from organism.home import Home
from organism.life.genomes import genome_in_force, write_genome
from organism.life.life import Life
from organism.life.plan import Plan
from organism.life.registry import submit
from organism.story import Story, genome_before

from .creature import CreatureSource, fresh_dream
from .feed import Bridge, Clock, Feed, LiveFeed, ReplayFeed
from .snapshot import Scored, Snapshot


class Refused(Exception):
    """What a person wants can't be done now."""


class Controller:
    """See the module. `plan` is what the next evolution shall be.

    Whoever shows it sets `changed`, which is called when something else is to be shown, and `post`, which is given the
    snapshots of each feed in a thread of their own, and tells by `arrived` of each snapshot that it shows.
    """

    def __init__(self, home: Home, plan: Plan, workers: int, clock: Clock = time.monotonic):
        self.home, self.plan, self.workers, self.clock = home, plan, workers, clock
        self.changed: Callable[[], object] = lambda: None
        self.post: Callable[[Feed, Snapshot], object] = lambda feed, snapshot: None
        self.bridge: Bridge | None = None
        self.snapshot = Snapshot()
        self.alone = False  # Whether what is shown is the creature on its own, without a run.
        self.complaint = ""  # the last that was told
        self._genome_at_first = self._genome_now = ""
        self._genome_read_at: tuple[str, int] | None = None

    # --- what is shown

    def show(self, feed: Feed, alone: bool = False) -> None:
        """Show this from now on. What was shown before is closed first, since a home has room for one life."""
        self.snapshot, self.alone = Snapshot(), alone
        self.complaint = self.complaint if alone else ""
        self._genome_at_first = self._genome_now = self._standing()
        self._genome_read_at = None
        self.bridge = Bridge(feed, lambda snapshot: self.post(feed, snapshot), self.bridge)
        self.changed()

    def show_creature(self) -> None:
        """The creature in force, on its own."""
        self.show(LiveFeed(lambda: CreatureSource(self.home, self.plan), clock=self.clock), alone=True)

    def evolve(self, plan: Plan) -> None:
        """A new run; the one after it draws a seed of its own."""
        self.show(LiveFeed(lambda: Life.begin(self.home, plan, self.workers), clock=self.clock))
        seed = (plan.seed * 6364136223846793005 + 1442695040888963407) >> 33
        self.plan = msgspec.structs.replace(self.plan, seed=seed)

    def resume(self, path: Path, events: Sequence[Event], generations: int | None = None) -> None:
        """The run whose journal at `path` holds `events`, from where it was, or to so many generations in all."""
        begin = lambda: Life.resume(self.home, path, self.workers, generations)  # noqa: E731
        self.show(LiveFeed(begin, events, self.clock))

    def replay(self, name: str, events: Sequence[Event]) -> None:
        """A run, from its beginning."""
        self.show(ReplayFeed(events, name, self.clock))

    def close(self) -> None:
        """Leave; returns when everything is put away."""
        if self.bridge:
            self.bridge.close()

    def arrived(self, snapshot: Snapshot) -> str:
        """This is how it looks now. What went wrong, if that is news.

        The creature takes the place of a run that couldn't begin.
        """
        self.snapshot = snapshot
        if not snapshot.failure or snapshot.failure == self.complaint:
            return ""
        self.complaint = snapshot.failure
        if not self.alone and snapshot.run is None:
            self.show_creature()
        return snapshot.failure

    @property
    def feed(self) -> Feed | None:
        return self.bridge.feed if self.bridge else None

    @property
    def replaying(self) -> ReplayFeed | None:
        """The replay, if one is shown."""
        return self.feed if isinstance(self.feed, ReplayFeed) else None

    @property
    def running(self) -> bool:
        """Whether a run goes on, be it that its creature learns or that it evolves: one that can be paused and lost."""
        return isinstance(self.feed, LiveFeed) and not self.alone and not self.snapshot.ended

    def how_to_resume(self) -> str:
        """What brings the present run back."""
        where = "" if self.home.folder == Path.cwd() else f" --home {self.home.folder}"
        name = f" {self.snapshot.name}" if self.snapshot.name else ""
        return f"The run is kept: 'organism runs resume{name}{where}' goes on with it."

    # --- what may be done

    def act(self, act: Act) -> None:
        """Do this to the evolution that goes on."""
        organism = None if act.id is None else self.snapshot.organisms.get(act.id)
        if self.replaying:
            raise Refused("This run is only replayed: what happened has happened.")
        if self.feed is None or not self.snapshot.evolving:
            raise Refused("There's no evolution that it could be done to.")
        if organism and organism.state == "died":
            raise Refused(f"#{organism.id} is dead already.")
        self.feed.act(act)

    def stop(self) -> str:
        """Let this generation be the last. A creature that learns can't be told to: it would forget."""
        if self.snapshot.evolving:
            self.act(Act(verb="stop"))
            return "This generation is the last, and then the best are confirmed."
        if self.snapshot.end:
            return "It learns what it has become; then it can evolve again."
        return "It learns first, and then it evolves. q leaves; the run is kept."

    def pause(self) -> str:
        """Let the workers or the replay stand still, or go on; a replay that is over begins again."""
        replay = self.replaying
        if not replay and not self.running:
            return "Nothing is in training."
        assert self.feed is not None
        stands = self.snapshot.paused
        if replay:
            stands = replay.finished or not replay.playing
            if replay.finished:
                replay.seek(0.0)
        self.feed.act(Act(verb="resume" if stands else "pause"))
        return ""

    def dream(self) -> None:
        """Let the creature in force dream anew; if it has to be trained for that, this takes as long."""
        feed, run = self.feed, self.snapshot.run
        if isinstance(feed, LiveFeed):
            plan = msgspec.structs.replace(self.plan, data=run.corpus) if run else self.plan
            feed.arrived.append(fresh_dream(self.home, plan))

    def score(self, name: str) -> Scored | None:
        """A name, judged by the corpus of what is shown."""
        scorer = self.feed and self.feed.watch.scorer
        return scorer.score(name) if scorer else None

    def extension(self, story: Story) -> int | None:
        """To how many generations in all a run would go on that is finished; None for one that isn't."""
        return story.generation + self.plan.generations if story.finished else None

    # --- the genome in force

    def genome_texts(self) -> tuple[str, str]:
        """(at first, now): genome.toml when what is shown began, and as it is."""
        if self.replaying:
            return self.retold()
        snapshot = self.snapshot
        if self._genome_read_at != (snapshot.name, snapshot.writings):
            self._genome_read_at = snapshot.name, snapshot.writings
            self._genome_now = self._standing()
        return self._genome_at_first, self._genome_now

    def retold(self) -> tuple[str, str]:
        """The same, as the run itself tells it."""
        if self.snapshot.run is None:
            return "", ""
        before = genome_before(self.snapshot)
        return before.toml(), (self.snapshot.genome or before).toml()

    def _standing(self) -> str:
        """The genome in force, as its file has it, or what is wrong with that."""
        try:
            genome_in_force(self.home)
        except BadInput as error:
            return f"# {error}"
        if not self.home.genome.exists():
            return "# There's no genome.toml here yet: the creature is primordial.\n\n" + PRIMORDIAL_GENOME.toml()
        return self.home.genome.read_text(encoding="utf-8")

    def kept_genomes(self) -> list[Path]:
        """The files of the history and the registry, the newest first."""
        paths = self.home.genomes.glob("*/*.toml")
        return sorted(paths, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)

    def check_nothing_runs(self) -> None:
        """The genome in force is a run's own as long as that goes on."""
        if self.running:
            raise Refused("Not while a run goes on.")

    def use(self, genome: Genome) -> None:
        """Put this genome in force, and wake the creature that it means."""
        self.check_nothing_runs()
        write_genome(self.home, genome)
        self.show_creature()

    def submit(self, author: str, notes: str) -> str:
        """File the genome in force in the registry."""
        entry = submit(self.home, genome_in_force(self.home), author or None, notes or None)
        return f"Filed as {entry.id}."
