"""Small files: replaced whole or not at all, with the rights that they had or that the person wishes for new ones."""

import os

import pytest

from organism.errors import BadInput, Failure
from organism.files import check_output, write_atomically


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o000])
def test_a_new_file_has_the_rights_that_its_person_wishes(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "folder" / "new", b"content")
    finally:
        os.umask(before)
    assert (tmp_path / "folder" / "new").stat().st_mode & 0o777 == 0o666 & ~mask
    assert (tmp_path / "folder" / "new").read_bytes() == b"content"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_a_replaced_file_keeps_its_rights(tmp_path, mode):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_atomically(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", mode)


def test_a_temporary_file_of_another_is_never_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr("organism.files.secrets.token_hex", lambda n: "taken")
    (tmp_path / ".file.taken.tmp").write_bytes(b"another's")
    with pytest.raises(Failure, match="file: can't be written: File exists"):
        write_atomically(tmp_path / "file", b"content")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(".file.taken.tmp", b"another's")]


def test_a_file_is_refused_before_there_is_anything_to_write(tmp_path):
    check_output("--out", tmp_path / "s.CSV", ".json", ".csv")
    check_output("-o", tmp_path / "anything")
    for path, said in (
        (tmp_path / "s.txt", "must end in .json or .csv"),
        (tmp_path / "no" / "s.csv", "must exist"),
        (tmp_path, "is a folder"),
    ):
        with pytest.raises(BadInput, match=f"^--out {path}: .*{said}"):
            check_output("--out", path, *([] if path == tmp_path else [".json", ".csv"]))
