"""Why a connection could not be made, and what mends it."""

import os
import socket
import ssl
from collections.abc import Iterator

import httpx

#: What httpx raises. What is wrong with a proxy or with certificates it passes on as it came, before it connects.
ERRORS = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, ImportError)

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


def why(error: BaseException, variable: str, gone: str = "") -> tuple[str, str]:
    """What failed on the way to the address that `variable` names, and what mends it.

    `gone` is said too where nobody has that name, or listens there.
    """
    return _of_this_machine(error) or _on_the_way(error, variable, gone)


def _of_this_machine(error: BaseException) -> tuple[str, str] | None:
    """What keeps every connection from being tried: a variable of the environment."""
    if isinstance(error, OSError) and (file := os.environ.get("SSL_CERT_FILE")):
        return (
            f"SSL_CERT_FILE={file} holds no certificates that can be read.",
            "Set SSL_CERT_FILE to a file of certificates in PEM, or unset it.",
        )
    if not isinstance(error, httpx.HTTPError) and (names := _proxies()):
        return (
            f"{names} is no proxy that can be used.",
            f"Set {names} to an address like http://host:port (not socks://), or unset it.",
        )
    return None


def _on_the_way(error: BaseException, variable: str, gone: str) -> tuple[str, str]:
    causes = list(_causes(error))
    proxy = f" Or is it the proxy? {names} is set." if (names := _proxies()) else ""
    if any(isinstance(each, socket.gaierror) for each in causes):
        return "its name is not known.", f"Is {variable} right, and has this machine a name server?{gone}{proxy}"
    if tls := next((each for each in causes if isinstance(each, ssl.SSLError)), None):
        reason = getattr(tls, "verify_message", "") or tls.reason or "TLS failed"
        return (
            f"its certificate is not trusted ({reason}).",
            "Is this machine's clock right (`date -u`), and are its certificates there (`apt-get install "
            "ca-certificates`)? A proxy that opens TLS needs its certificate in SSL_CERT_FILE.",
        )
    if any(isinstance(each, ConnectionRefusedError) for each in causes):
        return "it refuses the connection.", f"Is {variable} right, and does what is there run?{gone}{proxy}"
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer.", f"May this machine reach the internet, and is {variable} right?{proxy}"
    return f"{type(error).__name__}.", f"Is {variable} right, and is a proxy in the way (HTTPS_PROXY)?"


def _proxies() -> str:
    """Names of the variables that set one."""
    return ", ".join(each for name in _PROXIES for each in (name, name.lower()) if os.environ.get(each))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
