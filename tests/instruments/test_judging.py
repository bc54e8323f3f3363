"""`organism judge`: any list of names, scored beside real ones."""

import json
import subprocess

import pytest
from processes import COMMAND, organism

pytestmark = pytest.mark.slow


def test_the_published_populations_are_judged_as_published(shared, tmp_path):
    published = json.loads((shared / "data" / "beauty.json").read_text())["populations"]["bigram"]
    file = tmp_path / "names.txt"
    file.write_text("\n".join(published["names"]) + "\n")
    ran = organism("judge", file, "--json", "--data", shared / "data" / "names.txt")
    assert ran.returncode == 0, ran.stderr
    verdict = json.loads(ran.stdout)
    assert set(verdict) == {"n", "flow", "symmetry", "creativity", "beauty", "classic", "real", "names"}
    assert set(verdict["real"]) == set(verdict) - {"real", "names"}
    for score in ("flow", "symmetry", "creativity", "beauty", "classic"):
        assert verdict[score] == pytest.approx(published[score], abs=1e-9)
        assert (
            sum(name.get(score, 0) for name in verdict["names"]) / verdict["n"]
            == pytest.approx(verdict[score], abs=1e-9)
            or score == "classic"
        )
    assert verdict["n"] == verdict["real"]["n"] == len(verdict["names"]) == 200


def test_names_from_standard_input_become_a_table(tmp_path):
    ran = subprocess.run(
        [*COMMAND, "judge", "-", "--home", str(tmp_path)],
        input="marina\r\nmarina\n\nQ7\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    rows = ran.stdout.splitlines()
    assert [word in rows[0] for word in ("flow", "symmetry", "creative", "beauty", "classic")] == [True] * 5
    assert rows[1].startswith("marina")
    assert rows[2].endswith("repeated")
    assert rows[3].endswith("not a name here")
    assert rows[4].startswith("Q7")
    assert rows[-2].startswith("these 4")
    assert rows[-1].startswith("real 4")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\xff\xfe\x00", "is not UTF-8 text"), (None, "can't be read: No such file")],
)
def test_what_is_no_list_of_names_is_refused_in_one_line(tmp_path, content, said):
    file = tmp_path / "names.txt"
    if content is not None:
        file.write_bytes(content)
    ran = organism("judge", file, "--home", tmp_path)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert str(file) in ran.stderr
    assert said in ran.stderr
