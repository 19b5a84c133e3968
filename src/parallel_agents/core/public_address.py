"""Public address: whether an address is of the internet, and not of this machine or its networks.

The registries: https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# Global unicast; what else there is of version 6 leads into a network, or nowhere.
_UNICAST = IPv6Network("2000::/3")
# Each address of version 4 has one of version 6 in the first of these, where networks have no version 4
# (RFC 6052); the others lead through tunnels to addresses of version 4 (RFC 3056, RFC 4380).
_TRANSLATED = IPv6Network("64:ff9b::/96")
_TUNNELS = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))
# Not every Python knows these: of the IETF (RFC 6890), relays of tunnels (RFC 7526), examples (RFC 9637).
_PROTOCOLS, _RELAYS = IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24")
_EXAMPLES = IPv6Network("3fff::/20")
# https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
_METADATA = frozenset({IPv4Address("168.63.129.16")})


def is_public(text: str) -> bool:
    """Whether an IP address is of the internet; False for what is not an address."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_public_4(address)
    if address.scope_id is not None:
        return False
    if (embedded := _embedded(address)) is not None:
        return _is_public_4(embedded)
    is_elsewhere = any(address in network for network in (*_TUNNELS, _EXAMPLES))
    return address in _UNICAST and address.is_global and not is_elsewhere


def _is_public_4(address: IPv4Address) -> bool:
    is_elsewhere = address in _PROTOCOLS or address in _RELAYS or address in _METADATA
    is_special = address.is_multicast or address.is_reserved
    return address.is_global and not (is_special or is_elsewhere)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The address of version 4 that this one stands for."""
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped
