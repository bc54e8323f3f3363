"""Documents in, tokens out: what a corpus may be, how it's split, and how one is fetched."""

import hashlib
import http.server
import os
import socket
import threading
from pathlib import Path

import pytest

from organism import corpus
from organism.corpus import parse_corpus, read_corpus
from organism.errors import BadInput


def parse(text: str | bytes):
    return parse_corpus(text.encode() if isinstance(text, str) else text, "some.txt")


@pytest.mark.slow
def test_a_byte_order_mark_line_ends_blanks_and_blank_lines_are_no_part_of_a_document():
    assert parse(b"\xef\xbb\xbfanna\r\n\r\n  bob \r\n\tcy d\rdora\n").documents == ["anna", "bob", "cy d", "dora"]


def test_letters_are_the_sorted_characters_and_the_boundary_comes_last():
    held = parse("cab\nüb\n")
    assert held.letters == "abcü"
    assert held.boundary == 4
    assert held.vocab_size == 5
    tokens, starts = held.encode(["cab", "ü"])
    assert tokens.tolist() == [4, 2, 0, 1, 4, 4, 3, 4]
    assert starts.tolist() == [0, 5, 8]
    for stranger in ("cad", "z", "🦕"):
        with pytest.raises(KeyError):
            held.encode(["ab", stranger])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\r\n", "is empty"),
        (b"aaa\na\n", "one distinct character"),
        ("".join(chr(0x4E00 + i) for i in range(1001)).encode(), "1,001 distinct characters"),
        (b"anna\0bob\n", "binary"),
        (b"anna\n\xff\xfe\n", "not UTF-8"),
    ],
)
def test_what_cannot_be_a_corpus_is_refused_in_one_line_that_names_it(content, said):
    with pytest.raises(BadInput, match=said) as refusal:
        parse(content)
    assert "some.txt" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_over_50_megabytes_is_refused(tmp_path):
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(corpus.MAX_BYTES + 1)
    with pytest.raises(BadInput, match="more than 50,000,000 bytes"):
        read_corpus(str(path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_regular_file_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull), tmp_path):
        with pytest.raises(BadInput, match="must be a regular file"):
            read_corpus(str(path))


def test_the_split_depends_on_the_distinct_documents_alone():
    names = [f"name{i:04d}" for i in range(2_000)]
    there, back = parse("\n".join(names)), parse("\n".join([*reversed(names), *names[:50]]))
    assert there.split == back.split
    split = there.split
    assert (len(split.train), len(split.validation), len(split.test)) == (1_600, 200, 200)
    assert sorted(split.train + split.validation + split.test) == names


def test_a_small_corpus_keeps_more_for_judgement():
    split = parse("\n".join(f"n{i}" for i in range(500))).split
    assert (len(split.train), len(split.validation), len(split.test)) == (300, 100, 100)
    with pytest.raises(BadInput, match="at least 3"):
        _ = parse("ab\ncd\n").split


def test_the_published_split(shared):
    split = read_corpus(str(shared / "data" / "names.txt")).split
    assert (len(split.train), len(split.validation), len(split.test)) == (23_595, 2_949, 2_950)
    assert split.train[:3] == ["stryker", "deonna", "jakaree"]
    assert split.test[:3] == ["kace", "kenneth", "lawsen"]


def test_the_embedded_corpora_are_clean_and_large_enough():
    embedded = corpus.embedded()
    assert next(iter(embedded)) == "names"
    assert len(embedded) >= 5
    for name in embedded:
        held = read_corpus(name)
        assert len(set(held.documents)) == len(held.documents) >= (3_000 if name == "names" else 400)
        assert held.letters == held.letters.lower()
    assert read_corpus("names").letters == "abcdefghijklmnopqrstuvwxyz"


# --- fetching

BODY = b"emma\nolivia\nava\n" * 20_000


class Server(http.server.BaseHTTPRequestHandler):
    """Serves BODY; breaks off in the middle while `breaks` is above zero."""

    breaks = 0

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY[:100_000] if Server.breaks else BODY)
        Server.breaks = max(0, Server.breaks - 1)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "makemore_path", lambda: tmp_path / "corpora" / "makemore.txt")
    Server.breaks = 0
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/names.txt"
    running.shutdown()
    running.server_close()


def fetch(url: str) -> Path:
    return corpus.fetch_makemore(url, hashlib.sha256(BODY).hexdigest())


def test_a_broken_download_leaves_nothing_and_the_next_is_whole(server):
    Server.breaks = 1
    with pytest.raises(BadInput, match=r"can't be fetched \(.*100000 bytes read, 220000 more expected"):
        fetch(server)
    assert not corpus.makemore_path().parent.exists()
    assert fetch(server).read_bytes() == BODY
    assert [path.name for path in corpus.makemore_path().parent.iterdir()] == ["makemore.txt"]
    assert fetch("http://127.0.0.1:9/names.txt").read_bytes() == BODY, "what is there isn't fetched again"


def test_what_has_the_wrong_checksum_is_thrown_away(server):
    with pytest.raises(BadInput, match="sha256"):
        corpus.fetch_makemore(server, "0" * 64)
    assert not corpus.makemore_path().parent.exists()


def test_an_answer_that_is_no_http_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "makemore_path", lambda: tmp_path / "makemore.txt")
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def talk():
            caller, _ = proxy.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(b"what do you want?\r\n")

        threading.Thread(target=talk, daemon=True).start()
        with pytest.raises(BadInput, match="what do you want"):
            fetch(f"http://127.0.0.1:{proxy.getsockname()[1]}/names.txt")


def test_without_a_network_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "makemore_path", lambda: tmp_path / "makemore.txt")
    with pytest.raises(BadInput, match="embedded corpora need no network"):
        fetch("http://127.0.0.1:9/names.txt")
