"""Where requests over REST are sent: TensorFlow Serving's paths, or those of a Vertex AI endpoint.

An endpoint passes requests on to the server in its container: the whole body by ``rawPredict``, but
by ``predict`` the rows alone, which that server answers by the default signature, whole pictures
(https://cloud.google.com/vertex-ai/docs/predictions/get-online-predictions).
"""

from client.backends.address import Address


def urls(address: Address) -> tuple[str, str]:
    """Returns where whole pictures, and where pictures with boxes are sent."""
    if address.endpoint:
        endpoint = f"{address.host}/v1/{address.endpoint}"
        return f"{endpoint}:predict", f"{endpoint}:rawPredict"
    version = "" if address.version is None else f"/versions/{address.version}"
    label = "" if address.label is None else f"/labels/{address.label}"
    url = f"{address.host}/v1/models/{address.model}{version}{label}:predict"
    return url, url
