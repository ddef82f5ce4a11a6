"""The events of --json, as every test reads them: each must be what schemas/event.schema.json describes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

_PLACE = Path(__file__).resolve().parent.parent / "schemas" / "event.schema.json"
EVENT_SCHEMA: dict[str, Any] = json.loads(_PLACE.read_text(encoding="utf-8"))
_VALIDATOR = Draft202012Validator(EVENT_SCHEMA)


def read_events(text: str) -> list[dict[str, Any]]:
    """Return the events of what a command wrote to stdout. Errors: AssertionError for one without a description."""
    return [_checked(json.loads(line)) for line in text.splitlines()]


def _checked(event: dict[str, Any]) -> dict[str, Any]:
    found = [error for each in _VALIDATOR.iter_errors(event) for error in (each.context or [each])]
    assert not found, f"{event} is not as the schema says: {[error.message for error in found]}"
    return event
