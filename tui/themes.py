"""The visual language: one colour and one sign for each stage, origin and score, in dark, light and sixteen colours.

A colour never speaks alone: whatever it tells apart, a sign or a line style tells apart as well, so that a terminal
without colours loses nothing but the pleasure. Widgets ask for a `Palette` and know no colour by value.
"""

import msgspec
from textual.theme import Theme

from organism.view.words import STAGE_SIGNS


class Palette(msgspec.Struct, frozen=True):
    """Colours by the part that they play, as Textual spells them."""

    text: str
    dim: str
    faint: str
    primordial: str
    evolving: str
    evolved: str
    flow: str
    symmetry: str
    creativity: str
    good: str
    bad: str
    origins: dict[str, str]

    def stage(self, stage: str) -> str:
        """The colour of a stage of life."""
        return getattr(self, stage) if stage in STAGE_SIGNS else self.text

    def origin(self, origin: str) -> str:
        """The colour of how an organism came to be."""
        return self.origins.get(origin, self.text)


# In the dark, in the light, and of sixteen.
PARTS = {
    "text": ("#d8dee9", "#2a3140", "ansi_default"),
    "dim": ("#8b95a7", "#6a7385", "ansi_bright_black"),
    "faint": ("#3f4757", "#c3c9d4", "ansi_bright_black"),
    "primordial": ("#a995d8", "#7350b8", "ansi_magenta"),
    "evolving": ("#f2b866", "#b06a00", "ansi_yellow"),
    "evolved": ("#63d8b4", "#00795c", "ansi_cyan"),
    "flow": ("#6cb6ff", "#1767c0", "ansi_blue"),
    "symmetry": ("#d39bff", "#8a35c9", "ansi_magenta"),
    "creativity": ("#ffa38a", "#c24a26", "ansi_red"),
    "good": ("#8fd987", "#2d7f26", "ansi_green"),
    "bad": ("#ff7f8e", "#c22a41", "ansi_red"),
}

# Its sign, and its colours as above.
ORIGINS = {
    "genome": ("◆", "#f4f1de", "#2a3140", "ansi_default"),
    "random": ("○", "#8b95a7", "#6a7385", "ansi_bright_black"),
    "elite": ("★", "#ffd479", "#a87b00", "ansi_bright_yellow"),
    "mutant": ("~", "#63d8b4", "#00795c", "ansi_cyan"),
    "cross": ("×", "#b79cff", "#6647c4", "ansi_magenta"),
    "hyper": ("≈", "#ff8fb1", "#bd2f65", "ansi_bright_magenta"),
    "immigrant": ("→", "#6cb6ff", "#1767c0", "ansi_blue"),
    "grown": ("+", "#8fd987", "#2d7f26", "ansi_green"),
    "champion": ("▲", "#ffb454", "#b85c00", "ansi_yellow"),
    "tuned": ("±", "#5ccfe6", "#00748a", "ansi_bright_cyan"),
    "cataclysm": ("▼", "#ff7f8e", "#c22a41", "ansi_red"),
    "re-eval": ("=", "#c8b68a", "#7a6530", "ansi_bright_black"),
}
ORIGIN_SIGNS = {origin: sign for origin, (sign, *_) in ORIGINS.items()}


def _palette(ground: int) -> Palette:
    """The colours of that place in the tables."""
    origins = {origin: colours[ground] for origin, (_, *colours) in ORIGINS.items()}
    return Palette(**{part: colours[ground] for part, colours in PARTS.items()}, origins=origins)


DARK, LIGHT, ANSI = map(_palette, range(3))

STATE_SIGNS = {"waiting": "·", "training": "▸", "judged": "✓", "died": "†"}


def _theme(name: str, palette: Palette, background: str, surface: str, panel: str, dark: bool) -> Theme:
    return Theme(
        name=name,
        primary=palette.evolved,
        secondary=palette.primordial,
        accent=palette.evolving,
        warning=palette.evolving,
        error=palette.bad,
        success=palette.good,
        foreground=palette.text,
        background=background,
        surface=surface,
        panel=panel,
        dark=dark,
        ansi=palette is ANSI,
        variables=dict.fromkeys(("border", "border-blurred", "scrollbar"), palette.faint)
        | dict.fromkeys(("dim", "scrollbar-hover", "scrollbar-active", "footer-description-foreground"), palette.dim)
        | dict.fromkeys((f"scrollbar-background{state}" for state in ("", "-hover", "-active")), background)
        | dict.fromkeys(("scrollbar-corner-color", "footer-background"), background)
        | {
            "footer-key-foreground": palette.evolving,
            "block-cursor-text-style": "bold",
            "input-selection-background": f"{palette.evolved} 35%" if palette is not ANSI else "ansi_cyan",
        }
        | ({"ansi-background": "ansi_default"} if palette is ANSI else {}),
    )


THEMES = (
    _theme("organism-dark", DARK, "#0d1117", "#121823", "#1a2230", dark=True),
    _theme("organism-light", LIGHT, "#fbfaf7", "#f3f1ec", "#e8e5de", dark=False),
    _theme("organism-ansi", ANSI, "ansi_default", "ansi_default", "ansi_default", dark=True),
)


def palette_of(theme: Theme) -> Palette:
    """The palette that goes with a theme, be it one of ours or any other."""
    if theme.ansi:
        return ANSI
    return DARK if theme.dark else LIGHT
