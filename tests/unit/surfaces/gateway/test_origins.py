"""Origins: an address that others reach unencrypted is refused, and a proxy's is read as browsers write it."""

from __future__ import annotations

import pytest

from parallel_agents.errors import ExposedAddress, InvalidInput
from parallel_agents.surfaces.gateway.origins import check_address, origins_of


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "box", ""])
def test_another_address_needs_a_proxy(host: str) -> None:
    with pytest.raises(ExposedAddress) as refused:
        check_address(host, None)

    assert "--behind-proxy" in refused.value.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.7"])
def test_this_machine_needs_none(host: str) -> None:
    assert check_address(host, None) is None


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://Agents.Example.com", "https://agents.example.com"),
        ("https://agents.example.com:443/", "https://agents.example.com"),
        ("https://box:8443", "https://box:8443"),
        ("https://[fd00::1]:8443", "https://[fd00::1]:8443"),
    ],
)
def test_the_address_of_a_proxy_is_written_as_browsers_do(given: str, shown: str) -> None:
    assert check_address("0.0.0.0", given) == shown


@pytest.mark.parametrize(
    "given", ["http://box", "box", "https://", "https://box/path", "https://box:x", "https://b?x=1"]
)
def test_anything_else_is_no_address_of_a_proxy(given: str) -> None:
    with pytest.raises(InvalidInput):
        check_address("127.0.0.1", given)


def test_port_80_may_be_left_out() -> None:
    assert "localhost" in origins_of("127.0.0.1", 80, None).hosts
