"""Google Cloud Storage's JSON interface, for the server in ``google_cloud``.

https://cloud.google.com/storage/docs/json_api.
"""

import json
import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from testing.buckets.objects import Objects, StoredObject

if TYPE_CHECKING:
    from testing.buckets.google_cloud import Handler

OBJECT = r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<name>[^/]+)"


def bucket(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del query, body
    handler.server.objects.buckets[at["bucket"]]
    handler.answer(200, json_body={"kind": "storage#bucket", "name": at["bucket"]})


def list_objects(
    handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes
) -> None:
    del body
    limit = min(1000, int(query.get("maxResults", 1000)))
    asked = (query.get("prefix", ""), query.get("delimiter", ""), query.get("pageToken", ""))
    page = handler.server.objects.listing(at["bucket"], *asked, limit)
    answer: dict[str, Any] = {"kind": "storage#objects"}
    if page.objects:
        answer["items"] = [_resource(at["bucket"], *item) for item in page.objects.items()]
    if page.prefixes:
        answer["prefixes"] = page.prefixes
    if page.next_page:
        answer["nextPageToken"] = page.next_page
    handler.answer(200, json_body=answer)


def get(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del body
    found = handler.server.objects.get(at["bucket"], at["name"])
    if query.get("alt") == "media":
        handler.answer_bytes(found)
        return
    handler.answer(200, json_body=_resource(at["bucket"], at["name"], found))


def download(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    get(handler, at, query | {"alt": "media"}, body)


def delete(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del query, body
    handler.server.objects.delete(at["bucket"], at["name"])
    handler.answer(HTTPStatus.NO_CONTENT)


def copy(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    del query, body
    objects = handler.server.objects
    found = objects.put(at["to_bucket"], at["to_name"], objects.get(at["bucket"], at["name"]).data)
    resource = _resource(at["to_bucket"], at["to_name"], found)
    if at["how"] == "rewriteTo":
        size = resource["size"]
        resource = {
            "kind": "storage#rewriteResponse",
            "done": True,
            "objectSize": size,
            "totalBytesRewritten": size,
            "resource": resource,
        }
    handler.answer(200, json_body=resource)


def insert(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    kind, name = query["uploadType"], query.get("name", "")
    match = query.get("ifGenerationMatch")
    if kind == "resumable":
        name = name or json.loads(body)["name"]
        handler.server.objects.buckets[at["bucket"]]
        upload = handler.server.objects.begin_upload([at["bucket"], name, match, b""])
        location = f"{handler.address()}{handler.path}&upload_id={upload}"
        handler.answer(200, headers={"Location": location, "X-GUploader-UploadID": upload})
        return
    if kind == "multipart":
        boundary = re.search(r'boundary="?([^";]+)', handler.headers["Content-Type"])
        assert boundary is not None
        _, meta, content, _ = body.split(b"--" + boundary[1].encode())
        name = name or json.loads(meta.partition(b"\r\n\r\n")[2])["name"]
        body = content.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
    found = handler.server.objects.put(at["bucket"], name, body, match)
    handler.answer(200, json_body=_resource(at["bucket"], name, found))


def upload(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    """Takes a chunk of an upload; the last one says how long the whole is."""
    del at
    upload = handler.server.objects.uploads[query["upload_id"]]
    bucket, name, match, before = upload
    ranges = handler.headers.get("Content-Range", f"bytes 0-/{len(body)}")
    asked = re.fullmatch(r"bytes (\*|(\d+)-\d*)/(\*|\d+)", ranges)
    assert asked is not None, ranges
    if asked[2] is not None:
        before = upload[3] = before[: int(asked[2])] + body
    if asked[3] == "*" or len(before) < int(asked[3]):
        headers = {"Range": f"bytes=0-{len(before) - 1}"} if before else {}
        handler.answer(308, headers=headers)
        return
    found = handler.server.objects.put(bucket, name, before, match)
    handler.answer(200, json_body=_resource(bucket, name, found))


def batch(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    """Deletes and copies several objects, which is what Beam and obstore ask of a batch."""
    del at, query
    boundary = re.search(r'boundary="?([^";]+)', handler.headers["Content-Type"])
    assert boundary is not None
    answers = []
    for part in body.split(b"--" + boundary[1].encode())[1:-1]:
        head, _, inner = part.decode().replace("\r\n", "\n").partition("\n\n")
        found = re.search(r"Content-ID:\s*<?([^>\n]+)", head, re.IGNORECASE)
        method, path = inner.split(" ")[:2]
        status, answer = _batched(handler.server.objects, method, path)
        text = json.dumps(answer)
        content_id = f"Content-ID: <response-{found[1]}>\r\n" if found else ""
        answers.append(
            f"--batch\r\nContent-Type: application/http\r\n{content_id}\r\n"
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}\r\n"
        )
    whole = "".join([*answers, "--batch--\r\n"]).encode()
    handler.answer(200, whole, {"Content-Type": "multipart/mixed; boundary=batch"})


def _batched(objects: Objects, method: str, path: str) -> tuple[int, Any]:
    found = re.fullmatch(OBJECT + r"(/\w+/b/([^/]+)/o/([^/]+))?", urlsplit(path).path)
    assert found is not None, path
    bucket, name = unquote(found["bucket"]), unquote(found["name"])
    try:
        if method == "DELETE":
            objects.delete(bucket, name)
            return 204, {}
        stored = objects.get(bucket, name)
        if method == "POST":
            bucket, name = unquote(found[4]), unquote(found[5])
            stored = objects.put(bucket, name, stored.data)
        return 200, _resource(bucket, name, stored)
    except KeyError:
        return 404, {"error": {"code": 404, "message": f"No such object: {quote(name)}"}}


def _resource(bucket: str, name: str, found: StoredObject) -> dict[str, Any]:
    updated = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(found.generation / 1e6))
    return {
        "kind": "storage#object",
        "bucket": bucket,
        "name": name,
        "generation": str(found.generation),
        "metageneration": "1",
        "size": str(len(found.data)),
        "updated": updated,
        "timeCreated": updated,
        "md5Hash": found.md5,
        "crc32c": found.crc32c,
        "contentType": "application/octet-stream",
        "storageClass": "STANDARD",
        "etag": str(found.generation),
    }
