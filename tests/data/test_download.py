"""Downloads: a real server on this machine, checksums that fit or not, a server that breaks off."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipip.data.download import checked_file, download
from ipip.errors import InputError, IpipError

CONTENT = bytes(range(256)) * 9000  # more than two blocks
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serve /file whole, /cut half of it, and nothing else."""

    def do_GET(self) -> None:
        if self.path not in ("/file", "/cut"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT if self.path == "/file" else CONTENT[: len(CONTENT) // 2])

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """Address of a server on a free port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("digest", [None, DIGEST, f"sha256:{DIGEST}", DIGEST.upper()])
def test_a_file_is_fetched_whole_and_its_checksum_reported(
    digest: str | None, address: str, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "file.npz"
    seen: list[tuple[int, int | None]] = []
    found = download(
        f"{address}/file", path, digest, lambda done, total: seen.append((done, total))
    )
    assert found == f"sha256:{DIGEST}"
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT)) and len(seen) > 2
    # an existing file is not fetched again, but is checked
    assert download("http://127.0.0.1:1/none", path, digest) == f"sha256:{DIGEST}"
    with pytest.raises(InputError, match=f"has the checksum sha256:{DIGEST}, expected sha256:00"):
        download(f"{address}/file", path, "0" * 64)


def test_another_file_than_expected_is_not_kept(address: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"has the checksum sha256:{DIGEST}, expected sha256:00"):
        download(f"{address}/file", tmp_path / "a", "0" * 64)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        ("/cut", "transfer stopped after|cannot be fetched"),
        ("/none", "cannot be fetched .*Not Found"),
    ],
)
def test_an_incomplete_download_leaves_nothing(
    tail: str, message: str, address: str, tmp_path: Path
) -> None:
    with pytest.raises(IpipError, match=message):
        download(address + tail, tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_wrong_addresses_and_checksums_are_refused_before_anything(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an address"):
        download("file:///etc/hostname", tmp_path / "a")
    with pytest.raises(InputError, match="'abc' is not a SHA-256; expected 64 hexadecimal digits"):
        download("http://127.0.0.1:1/", tmp_path / "a", "abc")
    with pytest.raises(IpipError, match="cannot be fetched"):
        download("http://127.0.0.1:1/", tmp_path / "a")
    with pytest.raises(InputError, match="no such file"):
        checked_file(tmp_path / "a", None)
