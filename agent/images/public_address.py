"""Which IP addresses are on the public internet."""

import ipaddress

#: What Python calls global and is not, or leads to an address that is not.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24",  # protocol assignments; cloud metadata at 192.0.0.192
        "192.88.99.0/24",  # relays of 6to4
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped: none is ever a server's own
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64, which leads to any IPv4 address
        "64:ff9b:1::/48",
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4, likewise
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local, as it was
    )
)


def is_public(address: str) -> bool:
    """Whether an address, as a look-up gives it, may belong to a server of the public internet."""
    try:
        found = ipaddress.ip_address(address)  # a scope id makes it an address of this link
    except ValueError:
        return False
    return (
        found.is_global
        and not found.is_multicast
        and getattr(found, "scope_id", None) is None
        and not any(found.version == network.version and found in network for network in _NOT_PUBLIC)
    )
