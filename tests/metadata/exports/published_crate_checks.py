"""Crates by the published validator of RO-Crate (roc-validator 0.13), without a network.

    python published_crate_checks.py JOBS.json FOUND.json CACHE [CONTEXT]

The validator fetches the JSON-LD context of a crate through a cache of responses (requests-cache,
SQLite); offline, it takes from there alone. It is filled with the context of RO-Crate 1.3 in the
file CONTEXT, served by an adapter where a connection would be. The profiles, shapes in SHACL, are
in the validator's own package.

A process of its own, in the environment that tools/setup.sh makes for it: the validator asks for
an older rich than ours, changes rdflib's loader and logs at exit, and rdflib warns of what it
takes for deprecated. In it no connection can be opened; each that was tried is told, and each
check that was skipped. Each query in the shapes is parsed once and not once for each entity,
which took three quarters of the time; what is found is the same.
"""

from __future__ import annotations

import io
import json
import socket
import sys
from functools import cache as kept
from pathlib import Path
from typing import Any, NoReturn

CONTEXT = "https://w3id.org/ro/crate/1.3/context"


def block_network() -> list[str]:
    """From here on no connection is opened. The list that is returned fills with those tried."""
    tried: list[str] = []

    def refuse(*where: Any, **_: Any) -> NoReturn:
        tried.append(str([part for part in where if not isinstance(part, socket.socket)]))
        raise OSError("there is no network in this test")

    socket.socket.connect = refuse  # type: ignore[method-assign]
    socket.socket.connect_ex = refuse  # type: ignore[method-assign]
    socket.getaddrinfo = refuse
    return tried


def seed(cache: Path, content: bytes) -> None:
    """Put the context of RO-Crate 1.3 into the cache, as though it had been fetched."""
    import requests
    from requests_cache import CachedSession
    from urllib3 import HTTPResponse

    if json.loads(content)["@id"] != CONTEXT:
        raise SystemExit(f"this is another context than {CONTEXT}")

    class Installed(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
            said = {"Content-Type": "application/ld+json"}
            body = HTTPResponse(io.BytesIO(content), said, 200, preload_content=False)
            return self.build_response(request, body)

    with CachedSession(str(cache), backend="sqlite", expire_after=-1) as session:
        session.mount("https://", Installed())
        session.get(CONTEXT).raise_for_status()


def parse_queries_once() -> None:
    """rdflib evaluates a prepared query as often as one likes; pySHACL hands it texts."""
    from rdflib.plugins.sparql import processor

    evaluate = processor.SPARQLProcessor.query

    @kept
    def prepared(text: str, base: str | None, names: tuple[tuple[str, Any], ...]) -> Any:
        return processor.translateQuery(processor.parseQuery(text), base, dict(names))

    def query(
        self: Any, asked: Any, bound: Any = None, names: Any = None, base: Any = None, *rest: Any
    ) -> Any:
        if isinstance(asked, str):
            asked = prepared(asked, base, tuple(sorted((names or {}).items())))
        return evaluate(self, asked, bound, names, base, *rest)

    processor.SPARQLProcessor.query = query


def check(jobs: list[dict[str, Any]], cache: Path) -> list[dict[str, Any]]:
    """Of each job (crate, profile, severity): how many checks ran, which did not, what was found.

    Process Run Crate stands on RO-Crate 1.1, whose rules for the context cannot hold of a crate
    of 1.3: what a profile inherits is not told, and RO-Crate 1.3 is a job of its own.
    """
    from rocrate_validator.models import ValidationSettings, Validator

    validators: dict[tuple[str, str], Validator] = {}
    found = []
    for job in jobs:
        # Its shapes find nothing in a crate whose address has escapes, as for a blank.
        if "%" in Path(job["crate"]).as_uri():
            raise SystemExit(f"{job['crate']!r} is no path to check at: it needs escapes")
        key = job["profile"], job["severity"]
        if key not in validators:
            settings = ValidationSettings(
                rocrate_uri=job["crate"],
                profile_identifier=job["profile"],
                requirement_severity=job["severity"],
                disable_inherited_profiles_issue_reporting=not job["profile"].startswith(
                    "ro-crate"
                ),
                offline=True,
                cache_path=cache,
            )
            validators[key] = Validator(settings)
        result = validators[key].validate(job["crate"])
        issues = {
            (issue.severity.name, issue.check.identifier, issue.message or "")
            for issue in result.get_issues()
        }
        found.append(
            {
                "passed": result.passed(),
                "checks": len(result.executed_checks),
                "skipped": sorted(one.message for one in result.skipped_check_details),
                "issues": sorted(issues),
            }
        )
    return found


if __name__ == "__main__":
    jobs, found, cache, *contexts = sys.argv[1:]
    tried = block_network()
    parse_queries_once()
    for context in contexts:
        seed(Path(cache), Path(context).read_bytes())
    results = check(json.loads(Path(jobs).read_text("utf-8")), Path(cache))
    Path(found).write_text(json.dumps({"tried": tried, "results": results}), "utf-8")
