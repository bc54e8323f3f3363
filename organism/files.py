"""Small files: read with a sentence for whatever is wrong with them, replaced whole or not at all."""

import os
import re
import secrets
import tomllib
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from .errors import BadInput, Failure

MAX_CHARACTERS = 50_000_000  # of a file that a person gives, which may be a device without an end


def data_folder() -> Path:
    """Where the texts and genomes lie that came with the program: in the package, or beside it in a checkout."""
    package = Path(__file__).parent
    return package / "data" if (package / "data").is_dir() else package.parent / "data"


def read_text(path: Path) -> str:
    """The UTF-8 text of the file `path`, or BadInput with the reason why there's none."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: is not UTF-8 text") from None
    if len(text) > MAX_CHARACTERS:
        raise BadInput(f"{path}: holds more than {MAX_CHARACTERS:,} characters, the most that is allowed")
    return text


def parse_toml(text: str, kind: type, name: str, allowed: Callable[[str], str] = lambda field: "") -> Any:
    """A record of type `kind` from TOML, or BadInput with the place where the text isn't one.

    `allowed` says what the field of that name may hold, to end a complaint with; nothing where it doesn't know.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        marker = re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE)
        reason = f"holds the merge marker {marker[1]}, resolve it" if marker else f"is not valid TOML: {error}"
        raise BadInput(f"{name}: {reason}") from None
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise BadInput(f"{name}: {_readable(str(error), document, allowed)}") from None


def _readable(complaint: str, document: dict, allowed: Callable[[str], str]) -> str:
    """msgspec's complaint with the path of the field in front, as a person would write it, and what it held."""
    match = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", complaint)
    assert match
    message, field = match[1].removeprefix("Object ").replace("`", ""), match[2] or ""
    value: Any = document
    for key in re.findall(r"\w+", field):
        value = value[int(key)] if isinstance(value, list) else value.get(key) if isinstance(value, dict) else None
    shown = f" = {value!r}" if value is not None and not isinstance(value, dict | list) else ""
    wanted = allowed(field.rpartition(".")[2]) if shown else ""
    return f"{field}{shown}: {wanted or message[0].lower() + message[1:]}".removeprefix(": ")


def listed(folder: Path, pattern: str) -> list[Path]:
    """The files that match, none where there's no folder. Raises BadInput if it can't be looked into."""
    try:
        os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadInput(f"{folder}: can't be read: {error.strerror}") from None
    return sorted(folder.glob(pattern))


@contextmanager
def writing(path: Path):
    """Have what the system refuses in here raise a Failure that names `path`, whatever file it was about."""
    try:
        yield
    except OSError as error:
        raise Failure(f"{path}: can't be written: {error.strerror}") from None


def check_output(flag: str, path: Path, *endings: str) -> None:
    """Raise BadInput unless a file of one of the `endings` (none: any) can be put at `path`, given as `flag`."""
    if endings and path.suffix.lower() not in endings:
        raise BadInput(f"{flag} {path}: must end in {' or '.join(endings)}")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"{flag} {path}: the folder {path.parent} must exist")
    if path.is_dir():
        raise BadInput(f"{flag} {path}: is a folder: it must be a file")


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` at `path` so that a reader, or a crash at any moment, finds the old file or the new one, whole.

    Raises Failure if the disk is full or the folder read-only.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
        file = open(temporary, "xb")  # noqa: SIM115  (What is there already isn't ours to remove.)
        try:
            with file:
                if path.exists():
                    os.chmod(temporary, path.stat().st_mode & 0o777)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the system lets a folder be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
