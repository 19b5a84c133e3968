"""`pagents serve` as a process: its token goes to no log, and it ends at once, whoever follows it."""

from __future__ import annotations

import signal
import subprocess
import urllib.request
from pathlib import Path

SECONDS = 30.0


def test_it_says_where_it_is_and_ends_while_somebody_follows(
    tmp_path: Path, programs: Path
) -> None:
    home = tmp_path / "home"
    with subprocess.Popen(
        [programs / "pagents", "serve", "--port", "0", "--home", home],
        env={"PATH": str(programs), "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        token = (home / "gateway-token").read_text()
        request = urllib.request.Request(
            f"{url}/api/v1/events",
            headers={"Authorization": f"Bearer {token}", "Accept": "text/event-stream"},
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as stream:
            begun = stream.readline()
            process.send_signal(signal.SIGTERM)
            rest = stream.read()
        said, errors = process.communicate(timeout=SECONDS)

    assert (begun, process.returncode) == (b"retry: 2000\n", 0)
    assert rest.startswith(b"\n")
    assert token not in url + said + errors
