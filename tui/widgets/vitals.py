"""Vital signs: the loss in big digits, and what one would ask a doctor."""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Digits

from organism.view.words import duration, figure

from ..snapshot import Snapshot
from .text import Text


class Vitals(Vertical):
    """The creature's figures, or those of the search that it is in."""

    def compose(self) -> ComposeResult:
        self.border_title = "Vital signs"
        with Horizontal(id="pulse"):
            yield Digits("–", id="loss")
            yield Text(id="meaning")
        yield Text(id="signs")

    def show(self, snapshot: Snapshot) -> None:
        """The life as it is now."""
        loss, meaning = self._loss(snapshot)
        digits = self.query_one("#loss", Digits)
        shown = "-.---" if loss is None else f"{loss:.3f}"[:6]
        if digits.value != shown:
            digits.update(shown)
        text = self.query_one("#meaning", Text)
        palette = text.palette
        digits.styles.color = palette.stage(snapshot.stage)
        text.write(*[[(line, palette.dim)] for line in meaning])
        signs = self.query_one("#signs", Text)
        dim, bold = palette.dim, f"bold {palette.text}"
        rows = self._signs(snapshot)
        signs.write(*([(f"{name:<12}", dim), (f"{value:<9} ", bold), (note, dim)] for name, value, note in rows))

    def _loss(self, snapshot: Snapshot) -> tuple[float | None, list[str]]:
        """The figure of the moment and what it is."""
        first, last = (snapshot.lives[0], snapshot.lives[-1]) if snapshot.lives else (None, None)
        if last and not last.end and last.curve:
            return last.curve[-1][1], ["training loss", "learning now"]
        meaning = ["validation loss", "nats per token"]
        searched = snapshot.stage == "evolving" or snapshot.generation
        if searched and first and first.end and first.end.validation_loss is not None:
            meaning.append(f"was {first.end.validation_loss:.3f}")
        elif snapshot.yardstick:
            meaning.append(f"bigrams {snapshot.floor:.3f}")
        return snapshot.validation_loss, meaning

    def _signs(self, snapshot: Snapshot) -> list[tuple[str, str, str]]:
        """(name, value, note) of each."""
        params = "–" if snapshot.params is None else f"{snapshot.params:,}"
        documents = snapshot.run.corpus.rsplit("/", 1)[-1] if snapshot.run else ""
        rows = [("parameters", params, documents)]
        if snapshot.generation:
            last = snapshot.generations[-1] if snapshot.generations else None
            species = f"{last.species} species" if last else snapshot.regime
            of = f" / {snapshot.planned}" if snapshot.planned else ""
            rows.append(("generation", f"{snapshot.generation}{of}", snapshot.head or species))
            rate = "" if snapshot.rate is None else f"{snapshot.rate:.1f} a second"
            rows.append(("evaluations", f"{snapshot.evaluations}", rate))
        else:
            own = snapshot.lives[-1].end if snapshot.lives else None
            test = own.test_loss if own else None
            rows.append(("test loss", figure(test), "" if test is None else "seen last"))
            rows.append(("generation", "–", "not evolving"))
        left = "" if snapshot.remaining is None else f"{duration(snapshot.remaining)} left"
        state = "paused" if snapshot.paused else left
        rows.append(("elapsed", duration(snapshot.at), state))
        if snapshot.stage == "evolved" and snapshot.end:
            rows.append(("test loss", figure(snapshot.end.test_loss), "confirmed"))
        elif snapshot.leader:
            leader = snapshot.original(snapshot.leader)
            rows.append(("leader", f"#{leader.id}", leader.origin))
        elif snapshot.workers:
            rows.append(("workers", f"{snapshot.workers}", ""))
        return rows
