"""Which addresses are on the public internet."""

import pytest

from agent.images.public_address import is_public

PUBLIC = ["93.184.216.34", "8.8.8.8", "1.1.1.1", "192.0.1.1", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001::1"]
NOT_PUBLIC = {
    "private": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.1.1", "fd00::1", "fc00::1"],
    "loopback": ["127.0.0.1", "127.1.2.3", "::1"],
    "link-local": ["169.254.0.1", "fe80::1", "fe80::1%eth0", "2606:2800:220:1::1%eth0"],
    "metadata": [
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "192.0.0.192",
        "169.254.170.2",
        "168.63.129.16",
        "fd20:ce::254",
    ],
    "mapped": ["::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::ffff:8.8.8.8"],
    "translated": ["::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8"],
    "NAT64": ["64:ff9b::a9fe:a9fe", "64:ff9b::8.8.8.8", "64:ff9b:1::1"],
    "6to4": ["2002:a9fe:a9fe::1", "2002:7f00:1::", "192.88.99.1"],
    "Teredo": ["2001:0:a9fe:a9fe::1", "2001::1"],
    "IPv4-compatible": ["::a9fe:a9fe", "::127.0.0.1"],
    "shared": ["100.64.0.1", "100.127.255.254"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"],
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1", "192.0.2.1", "203.0.113.1", "2001:db8::1"],
    "site-local": ["fec0::1"],
    "never given out": ["4000::1", "5f00::1", "100::1", "3fff::1", "1fff::1", "::2:0:0"],
    "nonsense": ["", "localhost", "2130706433", "0x7f.1", "1.2.3", "8.8.8.8 "],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_servers_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(("kind", "address"), [(kind, each) for kind in NOT_PUBLIC for each in NOT_PUBLIC[kind]])
def test_nothing_else_is(kind: str, address: str) -> None:
    assert not is_public(address), kind
