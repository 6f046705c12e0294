"""A file from the network, checked before it is used."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from ipip.errors import InputError, IpipError
from ipip.storage.atomic import replaced_file
from ipip.storage.digest import Digest, file_digest

BLOCK = 1 << 20


def checked_file(path: Path, digest: str | None) -> str:
    """Return `sha256:...` of a file; it must equal the digest, if one is given.

    Args:
        path: an existing file.
        digest: expected SHA-256, as 64 hexadecimal digits with or without `sha256:` before them.

    Raises:
        InputError: no such file, no valid digest, or another file than expected.
    """
    expected = _hex(digest)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    checksum = file_digest(path)
    if expected is not None and checksum != f"sha256:{expected}":
        raise InputError(
            f"{path}: has the checksum {checksum}, expected sha256:{expected}; it is truncated, "
            "another version, or another file"
        )
    return checksum


def download(
    url: str,
    path: Path,
    digest: str | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    timeout_s: float = 60.0,
) -> str:
    """Fetch a file unless it exists, and return its `sha256:...`.

    The file appears under its name only when it is complete and its checksum is the expected
    one.

    Args:
        url: http or https address.
        path: target; its folder is created.
        digest: expected SHA-256 (see `checked_file`); None accepts any file.
        progress: called with (bytes so far, bytes in all or None if the server does not state it).
        timeout_s: longest silence of the server, s.

    Raises:
        InputError: another checksum than expected (also of an existing file), or no valid
            address.
        IpipError: the server cannot be reached, refuses, or aborts.
    """
    expected = _hex(digest)
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise InputError(f"{url}: is not an address; expected http:// or https://")
    if path.exists():
        return checked_file(path, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    digest_so_far, done, total = Digest(), 0, None
    try:
        with (
            urllib.request.urlopen(url, timeout=timeout_s) as answer,
            replaced_file(path) as temporary,
        ):
            total = int(answer.headers["Content-Length"] or 0) or None
            with open(temporary, "wb") as file:
                while block := answer.read(BLOCK):
                    file.write(block)
                    digest_so_far.update(block)
                    done += len(block)
                    if progress is not None:
                        progress(done, total)
            if total is not None and done != total:
                raise IpipError(
                    f"{url}: the transfer stopped after {done} of {total} bytes; try again"
                )
            if expected is not None and digest_so_far.hex != expected:
                raise InputError(
                    f"{url}: the fetched file has the checksum {digest_so_far}, expected "
                    f"sha256:{expected}; it is another version, or another file"
                )
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise IpipError(
            f"{url}: cannot be fetched ({reason}); fetch it yourself and give its path"
        ) from None
    return str(digest_so_far)


def _hex(digest: str | None) -> str | None:
    if digest is None:
        return None
    plain = digest.removeprefix("sha256:").strip().lower()
    if len(plain) != 64 or not set(plain) <= set("0123456789abcdef"):
        raise InputError(
            f"the checksum {digest!r} is not a SHA-256; expected 64 hexadecimal digits"
        )
    return plain
