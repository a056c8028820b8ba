"""The XML interface of ``testing.buckets.google_cloud``, which TensorFlow and obstore use."""

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from testing.buckets.google_cloud import Handler

_XML = {"Content-Type": "application/xml; charset=UTF-8"}


def list_objects(
    handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes
) -> None:
    """Lists a page of a bucket."""
    del body
    start = query.get("continuation-token") or query.get("start-after", "")
    limit = min(1000, int(query.get("max-keys", 1000)))
    page = handler.server.objects.listing(
        at["bucket"], query.get("prefix", ""), query.get("delimiter", ""), start, limit
    )
    parts = [
        f"<Contents><Key>{escape(name)}</Key><Generation>{found.generation}</Generation>"
        f"<LastModified>{_date(found.generation)}</LastModified><ETag>{found.generation}</ETag>"
        f"<Size>{len(found.data)}</Size></Contents>"
        for name, found in page.objects.items()
    ]
    parts += [
        f"<CommonPrefixes><Prefix>{escape(prefix)}</Prefix></CommonPrefixes>"
        for prefix in page.prefixes
    ]
    if page.next_page:
        parts.append(f"<NextContinuationToken>{escape(page.next_page)}</NextContinuationToken>")
    xml = (
        "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult>"
        f"<IsTruncated>{str(bool(page.next_page)).lower()}</IsTruncated>{''.join(parts)}"
        "</ListBucketResult>"
    )
    handler.answer(200, xml.encode(), _XML)


def get(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    """Sends an object or, for HEAD, what it is."""
    del query, body
    handler.answer_bytes(handler.server.objects.get(at["bucket"], at["name"]))


def put(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    """Writes an object, copies one, or takes a part of an upload."""
    objects = handler.server.objects
    if "uploadId" in query:
        parts: dict[int, bytes] = objects.uploads[query["uploadId"]]
        parts[int(query["partNumber"])] = body
        handler.answer(200, headers={"ETag": f'"{query["partNumber"]}"'})
        return
    source = handler.headers.get("x-goog-copy-source")
    if source:
        bucket, _, name = unquote(source).lstrip("/").partition("/")
        body = objects.get(bucket, name).data
    match = handler.headers.get("x-goog-if-generation-match")
    found = objects.put(at["bucket"], at["name"], body, match)
    headers = {"ETag": f'"{found.generation}"', "x-goog-generation": str(found.generation)}
    if source:
        result = f"<CopyObjectResult><ETag>{found.generation}</ETag></CopyObjectResult>"
        handler.answer(200, result.encode(), headers | _XML)
        return
    handler.answer(200, headers=headers)


def post(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    """Begins or completes an upload in parts."""
    del body
    objects = handler.server.objects
    if "uploads" in query:
        upload: dict[int, Any] = {}
        found = objects.begin_upload(upload)
        xml = f"<InitiateMultipartUploadResult><UploadId>{found}</UploadId>"
        handler.answer(200, f"{xml}</InitiateMultipartUploadResult>".encode(), _XML)
        return
    parts: dict[int, bytes] = objects.uploads.pop(query["uploadId"])
    whole = b"".join(parts[number] for number in sorted(parts))
    stored = objects.put(at["bucket"], at["name"], whole)
    xml = f"<CompleteMultipartUploadResult><ETag>{stored.generation}</ETag>"
    headers = _XML | {"x-goog-generation": str(stored.generation)}
    handler.answer(200, f"{xml}</CompleteMultipartUploadResult>".encode(), headers)


def delete(handler: "Handler", at: dict[str, str], query: dict[str, str], body: bytes) -> None:
    """Removes an object, or gives an upload up."""
    del body
    if "uploadId" in query:
        handler.server.objects.uploads.pop(query["uploadId"])
    else:
        handler.server.objects.delete(at["bucket"], at["name"])
    handler.answer(HTTPStatus.NO_CONTENT)


def _date(generation: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(generation / 1e6))
