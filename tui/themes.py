"""The visual language: one colour and one sign for each stage, origin and score, in dark, light and sixteen colours.

A colour never speaks alone: whatever it tells apart, a sign or a line style tells apart as well, so that a terminal
without colours loses nothing but the pleasure. Widgets ask for a `Palette` and know no colour by value.
"""

import msgspec
from textual.theme import Theme


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
    series: tuple[str, ...]

    def stage(self, stage: str) -> str:
        """The colour of a stage of life."""
        return {"primordial": self.primordial, "evolving": self.evolving, "evolved": self.evolved}.get(stage, self.text)

    def origin(self, origin: str) -> str:
        """The colour of how an organism came to be."""
        names = list(ORIGIN_SIGNS)
        return self.series[names.index(origin) % len(self.series)] if origin in ORIGIN_SIGNS else self.text


DARK = Palette(
    text="#d8dee9",
    dim="#8b95a7",
    faint="#3f4757",
    primordial="#a995d8",
    evolving="#f2b866",
    evolved="#63d8b4",
    flow="#6cb6ff",
    symmetry="#d39bff",
    creativity="#ffa38a",
    good="#8fd987",
    bad="#ff7f8e",
    series=(
        "#f4f1de",
        "#8b95a7",
        "#ffd479",
        "#63d8b4",
        "#b79cff",
        "#ff8fb1",
        "#6cb6ff",
        "#8fd987",
        "#ffb454",
        "#5ccfe6",
        "#ff7f8e",
        "#c8b68a",
    ),
)

LIGHT = Palette(
    text="#2a3140",
    dim="#6a7385",
    faint="#c3c9d4",
    primordial="#7350b8",
    evolving="#b06a00",
    evolved="#00795c",
    flow="#1767c0",
    symmetry="#8a35c9",
    creativity="#c24a26",
    good="#2d7f26",
    bad="#c22a41",
    series=(
        "#2a3140",
        "#6a7385",
        "#a87b00",
        "#00795c",
        "#6647c4",
        "#bd2f65",
        "#1767c0",
        "#2d7f26",
        "#b85c00",
        "#00748a",
        "#c22a41",
        "#7a6530",
    ),
)

ANSI = Palette(
    text="ansi_default",
    dim="ansi_bright_black",
    faint="ansi_bright_black",
    primordial="ansi_magenta",
    evolving="ansi_yellow",
    evolved="ansi_cyan",
    flow="ansi_blue",
    symmetry="ansi_magenta",
    creativity="ansi_red",
    good="ansi_green",
    bad="ansi_red",
    series=(
        "ansi_default",
        "ansi_bright_black",
        "ansi_bright_yellow",
        "ansi_cyan",
        "ansi_magenta",
        "ansi_bright_magenta",
        "ansi_blue",
        "ansi_green",
        "ansi_yellow",
        "ansi_bright_cyan",
        "ansi_red",
        "ansi_bright_black",
    ),
)

ORIGIN_SIGNS = {
    "genome": "◆",
    "random": "○",
    "elite": "★",
    "mutant": "~",
    "cross": "×",
    "hyper": "≈",
    "immigrant": "→",
    "grown": "+",
    "champion": "▲",
    "tuned": "±",
    "cataclysm": "▼",
    "re-eval": "=",
}

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
        variables={
            "border": palette.faint,
            "border-blurred": palette.faint,
            "dim": palette.dim,
            "scrollbar": palette.faint,
            "scrollbar-hover": palette.dim,
            "scrollbar-active": palette.dim,
            "scrollbar-background": background,
            "scrollbar-background-hover": background,
            "scrollbar-background-active": background,
            "scrollbar-corner-color": background,
            "footer-background": background,
            "footer-description-foreground": palette.dim,
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


def rich_colour(colour: str) -> str:
    """A palette's colour in the spelling of tables, which know sixteen colours by other names."""
    return colour.removeprefix("ansi_")
