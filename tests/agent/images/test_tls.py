"""The name that a certificate is held against is the one in the address, whatever was connected to."""

import datetime
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.errors import ImageUnreachable, SettingsError
from tests.agent.images.fetch import Fetch

pytestmark = pytest.mark.usefixtures("_no_pauses")

NAME = "cars.example"


class Image(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"an image")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust it is what some tests are about."""


def certificate(folder: Path) -> Path:
    """A key, and a certificate for NAME that signs itself."""
    key, today = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


class Secure:
    def __init__(self, folder: Path) -> None:
        self.file = certificate(folder)
        self.names: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.server = Server(("127.0.0.1", 0), Image)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_port


@pytest.fixture
def secure(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secure]:
    found = Secure(tmp_path_factory.mktemp("secure"))
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


async def at_home(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_the_name_is_asked_for_and_checked(secure: Secure, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.file))
    (file,) = fetch([f"https://{NAME}:{secure.port}/x"], resolve=at_home, ARENA_IMAGE_HOSTS=NAME)
    assert file.read_bytes() == b"an image"
    assert secure.names == [NAME]


def test_another_name_is_not_believed(secure: Secure, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.file))
    with pytest.raises(ImageUnreachable, match="ConnectError"):
        fetch([f"https://other.example:{secure.port}/x"], resolve=at_home, ARENA_IMAGE_HOSTS="other.example")


def test_a_certificate_that_nobody_vouches_for_is_not_believed(secure: Secure, fetch: Fetch) -> None:
    with pytest.raises(ImageUnreachable, match="ConnectError"):
        fetch([f"https://{NAME}:{secure.port}/x"], resolve=at_home, ARENA_IMAGE_HOSTS=NAME)


def test_an_address_needs_a_certificate_of_its_own(
    secure: Secure, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.file))
    with pytest.raises(ImageUnreachable, match="ConnectError"):
        fetch([f"https://127.0.0.1:{secure.port}/x"])


def test_certificates_that_cannot_be_read_are_named(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    with pytest.raises(SettingsError, match="SSL_CERT_FILE"):
        fetch(["x.jpg"])
