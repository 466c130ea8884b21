"""A glTF document while it is being checked: findings, and access that trusts nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]

#: A file can be wrong in a million places; nobody reads more than this.
MAX_FINDINGS = 200

_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `pointer` is a JSON pointer into the glTF document."""

    severity: Severity
    code: str
    message: str
    pointer: str = ""


@dataclass
class Document:
    """The parsed JSON, the BIN chunk, and what was found so far."""

    content: dict[str, Any] = field(default_factory=dict)
    binary: memoryview | None = None
    findings: list[Finding] = field(default_factory=list)
    _objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _views: dict[int, memoryview | None] = field(default_factory=dict)

    def error(self, code: str, message: str, pointer: str = "") -> None:
        self._say("error", code, message, pointer)

    def warning(self, code: str, message: str, pointer: str = "") -> None:
        self._say("warning", code, message, pointer)

    def info(self, code: str, message: str, pointer: str = "") -> None:
        self._say("info", code, message, pointer)

    def _say(self, severity: Severity, code: str, message: str, pointer: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(
                Finding(severity, code, _presentable(message), _presentable(pointer))
            )
        elif len(self.findings) == MAX_FINDINGS:
            self.findings.append(
                Finding("error", "TOO_MANY_ISSUES", f"more than {MAX_FINDINGS} findings")
            )

    def sorted_findings(self) -> list[Finding]:
        return sorted(dict.fromkeys(self.findings), key=lambda f: _ORDER[f.severity])

    def objects(self, key: str) -> list[dict[str, Any]]:
        """A top-level array of objects; what is no object is reported once and counts as empty."""
        if key not in self._objects:
            given = self.content.get(key, [])
            if not isinstance(given, list):
                self.error("TYPE_MISMATCH", f"{key} is not an array", f"/{key}")
                given = []
            for i, item in enumerate(given):
                if not isinstance(item, dict):
                    self.error("ARRAY_TYPE_MISMATCH", "not an object", f"/{key}/{i}")
            self._objects[key] = [item if isinstance(item, dict) else {} for item in given]
        return self._objects[key]

    def names(self, key: str) -> set[str]:
        """A top-level array of strings."""
        given = self.content.get(key, [])
        if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
            self.error("TYPE_MISMATCH", f"{key} is not an array of strings", f"/{key}")
            return set()
        return set(given)

    def at(self, owner: Mapping[str, Any], *keys: str) -> dict[str, Any]:
        """The object under a path of keys, empty where there is none."""
        value: Any = owner
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}

    def integer(
        self,
        owner: Mapping[str, Any],
        key: str,
        pointer: str,
        *,
        default: int | None = None,
        at_least: int = 0,
    ) -> int | None:
        """A whole number, or None after reporting that it is missing or no such number."""
        value = owner.get(key, default)
        if value is None:
            self.error("UNDEFINED_PROPERTY", f"{key} is missing", f"{pointer}/{key}")
        elif not isinstance(value, int) or isinstance(value, bool):
            self.error("TYPE_MISMATCH", f"{key} is not a whole number", f"{pointer}/{key}")
        elif value < at_least:
            self.error("VALUE_NOT_IN_RANGE", f"{key} is {value}", f"{pointer}/{key}")
        else:
            return value
        return None

    def reference(
        self,
        owner: Mapping[str, Any],
        key: str,
        target: str,
        pointer: str,
        *,
        needed: bool = False,
    ) -> int | None:
        """An index into the top-level array `target`, or None where there is none or a bad one."""
        if key not in owner and not needed:
            return None
        index = self.integer(owner, key, pointer)
        if index is not None and index >= len(self.objects(target)):
            self.error("UNRESOLVED_REFERENCE", f"there is no {target}/{index}", f"{pointer}/{key}")
            return None
        return index

    def references(
        self, owner: Mapping[str, Any], key: str, target: str, pointer: str
    ) -> list[int]:
        """An array of indices; bad ones are reported and left out."""
        given = owner.get(key, [])
        if not isinstance(given, list):
            self.error("TYPE_MISMATCH", f"{key} is not an array", f"{pointer}/{key}")
            return []
        found = (
            self.reference({str(i): item}, str(i), target, f"{pointer}/{key}")
            for i, item in enumerate(given)
        )
        return [index for index in found if index is not None]

    def view_bytes(self, index: int) -> memoryview | None:
        """The bytes of a buffer view; None where they are compressed or outside the BIN chunk."""
        if index not in self._views:
            self._views[index] = self._find_view(index)
        return self._views[index]

    def _find_view(self, index: int) -> memoryview | None:
        view, pointer = self.objects("bufferViews")[index], f"/bufferViews/{index}"
        extensions = self.at(view, "extensions")
        if "EXT_meshopt_compression" in extensions or "KHR_meshopt_compression" in extensions:
            return None
        buffer = self.reference(view, "buffer", "buffers", pointer, needed=True)
        start = self.integer(view, "byteOffset", pointer, default=0)
        length = self.integer(view, "byteLength", pointer, at_least=1)
        if buffer is None or start is None or length is None:
            return None
        size = self.objects("buffers")[buffer].get("byteLength")
        if isinstance(size, int) and start + length > size:
            message = f"the view ends at byte {start + length}, its buffer at {size}"
            self.error("BUFFER_VIEW_TOO_LONG", message, pointer)
            return None
        outside = buffer != 0 or "uri" in self.objects("buffers")[0]
        if outside or self.binary is None or start + length > len(self.binary):
            return None  # reported with the buffer
        return self.binary[start : start + length]


def _presentable(text: str) -> str:
    """Names out of a hostile file may be megabytes long, or steer a terminal."""
    text = text if len(text) <= 300 else text[:299] + "…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
