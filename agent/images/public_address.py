"""Which IP addresses are on the public internet."""

import ipaddress

#: All that is given out to servers, so far.
_IPV6 = ipaddress.ip_network("2000::/3")

#: What Python calls global and is not, or leads to an address that is not.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(each)
    for each in (
        "168.63.129.16/32",  # Azure's metadata, whatever network it looks like
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata at 192.0.0.192
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # protocol assignments, Teredo among them, which leads to an IPv4 address
        "2002::/16",  # 6to4, likewise
        "3fff::/20",  # documentation
    )
)


def is_public(address: str) -> bool:
    """Whether an address, as a look-up gives it, may belong to a server of the public internet.

    Of IPv6, only what lies in 2000::/3: that leaves out IPv4 in any of its disguises (mapped, compatible, translated,
    NAT64 with the well-known prefix) and whatever may be given a meaning later.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and (found.scope_id is not None or found not in _IPV6):
        return False  # a scope id makes it an address of this link
    in_a_refused = any(found.version == network.version and found in network for network in _NOT_PUBLIC)
    return found.is_global and not found.is_multicast and not in_a_refused
