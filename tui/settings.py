"""What a person set for the screen: theme and keys, in `screen.toml` in the user's configuration folder.

theme = "organism-light"      # any theme of the command palette
[keys]                        # the id of a binding (help shows them), and its keys
evolve = "e"
pause = "space,p"
"""

from pathlib import Path

import msgspec
import platformdirs
import tomli_w

from organism.files import parse_toml, read_text, write_atomically


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See the module."""

    theme: str = ""
    keys: dict[str, str] = {}


def settings_path() -> Path:
    """Where the file is, or would be."""
    return platformdirs.user_config_path("organism") / "screen.toml"


def read_settings() -> Settings:
    """What is set; nothing where there's no file. Raises BadInput for one that can't be read."""
    path = settings_path()
    return parse_toml(read_text(path), Settings, str(path)) if path.exists() else Settings()


def keep_theme(theme: str) -> None:
    """Open with `theme` from now on, and leave the rest of the file's settings as they are."""
    settings = msgspec.to_builtins(read_settings()) | {"theme": theme}
    write_atomically(settings_path(), tomli_w.dumps(settings).encode())
