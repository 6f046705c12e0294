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
    """Return `sha256:...` of a file; where a digest is given, it must be that.

    Args:
        path: an existing file.
        digest: expected SHA-256, as 64 hexadecimal digits with or without `sha256:` before them.

    Raises:
        InputError: no such file, a digest that is none, or another file than expected.
    """
    expected = _hex(digest)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    found = file_digest(path)
    if expected is not None and found != f"sha256:{expected}":
        raise InputError(
            f"{path}: has the checksum {found}, expected sha256:{expected}; it is cut off, another "
            "version, or not the file that was meant"
        )
    return found


def download(
    url: str,
    path: Path,
    digest: str | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    timeout_s: float = 60.0,
) -> str:
    """Fetch a file unless it is there already, and return its `sha256:...`.

    The file appears under its name only when it has come whole and its checksum is the expected
    one.

    Args:
        url: http or https address.
        path: where to put it; its folder is made.
        digest: expected SHA-256 (see `checked_file`); None takes what comes.
        progress: called with (bytes so far, bytes in all or None where the server does not say).
        timeout_s: longest silence of the server, s.

    Raises:
        InputError: another checksum than expected (of a file that was there, too), or an address
            that is none.
        IpipError: the server cannot be reached, refuses, or breaks off.
    """
    expected = _hex(digest)
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise InputError(f"{url}: is no address; expected http:// or https://")
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
                raise IpipError(f"{url}: broke off after {done} of {total} bytes; try again")
            if expected is not None and digest_so_far.hex != expected:
                raise InputError(
                    f"{url}: what came has the checksum {digest_so_far}, expected "
                    f"sha256:{expected}; it is another version, or not the file that was meant"
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
        raise InputError(f"the checksum {digest!r} is no SHA-256; expected 64 hexadecimal digits")
    return plain
