"""An application for gunicorn: tables from before the fork, and documents that each worker parses when the first request comes."""
import json

TABLES = {i: f"customer number {i}" for i in range(20_000)}
TEXT = json.dumps([{"id": i, "name": f"item {i}", "price": i * 0.37, "tags": ["red", "green", str(i % 17)]} for i in range(20_000)])
_documents = []


def application(environment, start_response):
    if not _documents:
        _documents.extend(json.loads(TEXT))
    number = int(environment["PATH_INFO"].lstrip("/") or 0)
    record = _documents[number % len(_documents)]
    record["price"] = number * 0.01
    body = (json.dumps(record) + TABLES[number % len(TABLES)]).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
