"""Addresses of model servers: brought into one form, checked before anything is sent to them.

    base_url("localhost:8000/v1/") → "http://localhost:8000"

A URL typed by a person must not become a way to reach what only this machine can reach: the link-local
addresses that clouds use to hand out credentials are refused, as a literal, by name, and after resolving.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from playground.errors import SettingsError

REFUSED_NETWORKS = tuple(
    ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local: metadata services of most clouds
        "fe80::/10",
        "fd00:ec2::/32",  # AWS
        "fd20:ce::/32",  # Google
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure
        "192.0.0.192/32",  # Oracle
        "224.0.0.0/4",
        "ff00::/8",
    )
)
REFUSED_NAMES = frozenset(
    {"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
)
# What people paste after the base: these are added by the backends themselves.
_TAILS = (
    "/chat/completions",
    "/completions",
    "/models",
    "/v1",
    "/api/chat",
    "/api/generate",
    "/api/tags",
    "/api",
)


def base_url(text: str) -> str:
    """The address without a trailing slash, `/v1` or endpoint; raises SettingsError, which never quotes a secret."""
    text = text.strip()
    if any(character <= " " or character in '\\"<>' for character in text):
        raise SettingsError("The address of the server holds a blank or a control character.", _EXAMPLE)
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if parts.username is not None or parts.password is not None:
        raise SettingsError("The address of the server holds a user name or password.", _KEY_HINT)
    if parts.query or parts.fragment:
        raise SettingsError("The address of the server has a part after ? or #.", _KEY_HINT)
    if parts.scheme not in ("http", "https"):
        raise SettingsError(f"A server is called over http or https, not {parts.scheme}.", _EXAMPLE)
    try:
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise SettingsError("The address of the server has no valid port.", _EXAMPLE) from exc
    if not host:
        raise SettingsError("The address of the server has no host name.", _EXAMPLE)
    refuse_host(host)
    path = parts.path.rstrip("/")
    while tail := next((tail for tail in _TAILS if path.endswith(tail)), ""):
        path = path.removesuffix(tail).rstrip("/")
    host = str(_literal(host) or host) if "%" not in host else host
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port is not None else ''}{path}"


_EXAMPLE = "Give it like http://127.0.0.1:8000 or https://models.example.org/v1."
_KEY_HINT = "Give the plain address; a key has a field of its own."


def refuse_host(host: str) -> None:
    """Raises SettingsError for names and literal addresses of metadata services."""
    literal = _literal(host)
    name = host.lower().rstrip(".")
    if name in REFUSED_NAMES or (literal is not None and is_refused(literal)):
        raise SettingsError(
            f"{host} is an address for metadata of machines, not a model server.", "It is never called."
        )


def is_refused(address: IPv4Address | IPv6Address) -> bool:
    """Whether nothing may be sent there, also when an IPv4 address hides in an IPv6 one."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and any(address in network for network in _AROUND_IPV4):
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_refused(inner)
    return any(address in network for network in REFUSED_NETWORKS)


_AROUND_IPV4 = (ip_network("64:ff9b::/96"), ip_network("::/96"))
"""IPv6 networks whose addresses end with an IPv4 one: translated (NAT64), and the old "compatible" ones."""


@lru_cache(maxsize=256)  # asked before every call
def is_loopback(url: str) -> bool:
    """Whether the address is this machine, which is never reached through a proxy."""
    host = urlsplit(url).hostname or ""
    literal = _literal(host)
    if literal is None:
        return host == "localhost" or host.endswith(".localhost")
    return literal.is_loopback or literal.is_unspecified


def is_name(url: str) -> bool:
    """Whether the host must be looked up before it is known where a request goes."""
    host = urlsplit(url).hostname or ""
    return host != "localhost" and _literal(host) is None


async def check_resolved(url: str) -> None:
    """Raises SettingsError when the name stands for a refused address; a name that does not resolve is no matter here."""
    parts = urlsplit(url)
    with suppress(OSError):
        await look_up(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


async def look_up(host: str, port: int, *, checked: bool = True) -> list[tuple[socket.AddressFamily, str]]:
    """The addresses a name stands for; raises OSError for none, and SettingsError for a refused one unless not `checked`.

    In a thread of its own: the pool of the event loop may be full of this program's work, and is waited for at the end.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[tuple[socket.AddressFamily, str]]] = loop.create_future()

    def settle(found: list[tuple[socket.AddressFamily, str]] | Exception) -> None:
        if answer.done():
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: list[tuple[socket.AddressFamily, str]] | Exception
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            # The zone of a scoped address ("fe80::1%eth0") is not part of the number.
            found = [(family, str(address[0]).partition("%")[0]) for family, *_, address in rows]
        except (OSError, UnicodeError) as exc:
            found = exc if isinstance(exc, OSError) else OSError(str(exc))
        with suppress(RuntimeError):  # the event loop has ended meanwhile
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=ask, name="look up a server", daemon=True).start()
    found = await answer
    for _, address in found if checked else ():
        if is_refused(ip_address(address)):
            raise SettingsError(
                f"{host} stands for {address}, an address for metadata of machines.", "It is never called."
            )
    return found


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address a host is written as, in the old ways too (`127.1`, `0x7f000001`), which systems still follow."""
    with suppress(ValueError):
        return ip_address(host.partition("%")[0])
    if host[:1].isdigit() and host.isascii():
        with suppress(OSError):
            return IPv4Address(socket.inet_aton(host))
    return None
