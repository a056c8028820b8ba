"""A model server, asked only where an address is given."""

import http.client
import json
import socket
import ssl
from urllib.parse import urlsplit

from runner.doctor.finding import Finding, fault, ok

_CHECK = "server"
_SECONDS = 5.0
_PORTS = {"http": 8501, "https": 443, "grpc": 8500, "grpcs": 443}
_START = "Start TensorFlow Serving there (docs/serving.md), or correct the address"


def check(address: str) -> Finding:
    """Returns whether a server answers at an address.

    A gRPC server is only connected to. A REST server is asked for the states of the model
    pet_mood, without a token.

    Args:
      address: such as http://localhost:8501 or grpc://localhost:8500; it may have a path.
    """
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS[parts.scheme]
        host = parts.hostname
        if not host or parts.username or parts.password:
            raise ValueError
    except (ValueError, KeyError):
        return fault(
            _CHECK,
            "--server must be an address http, https, grpc or grpcs://HOST:PORT, without a "
            "password in it",
            "For example --server http://localhost:8501",
        )
    place = f"{parts.scheme}://{host}:{port}"
    try:
        if parts.scheme.startswith("grpc"):
            socket.create_connection((host, port), _SECONDS).close()
            return ok(_CHECK, f"{place} takes connections; inference.py --server asks the model")
        return _ask(place, parts.scheme == "https", host, port, parts.path)
    except socket.gaierror as error:
        return fault(_CHECK, f"No machine of the name {host} is known ({error})", _START)
    except TimeoutError:
        return fault(
            _CHECK,
            f"{place} does not answer within {_SECONDS:g} s",
            "Look for a firewall between the machines, or correct the address",
        )
    except ssl.SSLError as error:
        return fault(
            _CHECK,
            f"{place} gives no certificate that this machine trusts ({error.reason})",
            "Set SSL_CERT_FILE to the authority's PEM file, or use the server's own scheme",
        )
    except ConnectionError as error:
        return fault(_CHECK, f"Nothing listens at {place} ({error.strerror})", _START)
    except (OSError, http.client.HTTPException) as error:
        return fault(_CHECK, f"{place} cannot be asked ({error})", _START)


def _ask(place: str, is_tls: bool, host: str, port: int, path: str) -> Finding:
    name = path.rstrip("/") or "/v1/models/pet_mood"
    kind = http.client.HTTPSConnection if is_tls else http.client.HTTPConnection
    connection = kind(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", name)
        answer = connection.getresponse()
        text = answer.read(1 << 20)
    finally:
        connection.close()
    if answer.status in (401, 403):
        return ok(_CHECK, f"{place} asks for a token ({answer.status})")
    if answer.status != 200:
        return fault(
            _CHECK,
            f"{place}{name} answers {answer.status}: the model is not served there",
            "rollout.py status compares what is to be served with what is",
        )
    try:
        states = [each["state"] for each in json.loads(text)["model_version_status"]]
    except (ValueError, KeyError, TypeError):
        return fault(_CHECK, f"{place} answers, but not as TensorFlow Serving does", _START)
    if "AVAILABLE" not in states:
        return fault(
            _CHECK,
            f"{place} has no version that is ready. Received: {', '.join(states) or 'none'}",
            "Read the server's log; rollout.py status compares the versions",
        )
    return ok(_CHECK, f"{place} serves the model")
