"""What editors read: the JSON Schema, its examples and snippets. What pre-commit reads: the hooks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine.__main__ import _run
from engine.schema import pipeline_schema

PROJECT = Path(__file__).resolve().parent.parent
SCHEMAS = sorted((PROJECT / "schemas").glob("*.schema.json"))
PIPELINES = [
    path for path in sorted((PROJECT / "pipelines").rglob("*.yaml")) if "\nversion: 1" in path.read_text("utf-8")
]
# Source: src/languageservice/jsonSchema.ts of yaml-language-server; what starts with x- is for this engine alone.
READ_BY_EDITORS = {
    "$schema", "$comment", "$ref", "$defs", "title", "description", "default", "examples", "defaultSnippets",
    "type", "enum", "const", "properties", "patternProperties", "additionalProperties", "propertyNames", "required",
    "minProperties", "items", "prefixItems", "minItems", "maxItems", "uniqueItems", "pattern", "minLength",
    "maxLength", "minimum", "maximum", "anyOf", "allOf", "oneOf", "not", "if", "then", "else", "dependentRequired",
}  # fmt: skip
_BELOW = (
    "items", "prefixItems", "additionalProperties", "propertyNames", "anyOf", "allOf", "oneOf", "not", "if", "then",
    "else",
)  # fmt: skip
NAMED = ("properties", "patternProperties", "$defs")


def nodes(schema: Any, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema of a schema, with its path."""
    if isinstance(schema, list):
        for position, each in enumerate(schema):
            yield from nodes(each, f"{path}/{position}")
    if not isinstance(schema, dict):
        return
    yield path, schema
    for key, value in schema.items():
        if key in NAMED:
            for name, each in value.items():
                yield from nodes(each, f"{path}/{key}/{name}")
        elif key in _BELOW:
            yield from nodes(value, f"{path}/{key}")


def validator(node: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**node, "$defs": pipeline_schema()["$defs"]})


def check_jsonschema(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# --- the schema ------------------------------------------------------------------------------------------------------


def test_check_jsonschema_takes_the_schemas() -> None:
    assert SCHEMAS
    said = check_jsonschema("--check-metaschema", *map(str, SCHEMAS))
    assert said.returncode == 0, said.stdout


def test_check_jsonschema_takes_the_shipped_pipelines_and_refuses_a_wrong_one(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("version: 1\nname: p\ntabels: {}\n", encoding="utf-8")
    assert len(PIPELINES) >= 3
    schema = str(PROJECT / "schemas" / "pipeline.schema.json")
    said = check_jsonschema("--schemafile", schema, *map(str, PIPELINES), str(wrong))
    assert said.returncode == 1
    assert set(re.findall(r"[\w./-]+\.yaml", said.stdout)) == {str(wrong)}


def test_schema_has_only_what_editors_read() -> None:
    for path, node in nodes(pipeline_schema()):
        unknown = {key for key in node if not key.startswith("x-")} - READ_BY_EDITORS
        assert not unknown, f"{path}: {unknown}"


def test_examples_and_defaults_are_valid() -> None:
    count = 0
    for path, node in nodes(pipeline_schema()):
        for value in [*node.get("examples", []), *([node["default"]] if "default" in node else [])]:
            count += 1
            assert validator(node).is_valid(value), f"{path}: {value}"
    assert count > 100


def test_snippets_are_valid() -> None:
    found = [(node, snippet) for _, node in nodes(pipeline_schema()) for snippet in node.get("defaultSnippets", ())]
    assert len(found) >= 2
    for node, snippet in found:
        body = json.loads(re.sub(r"\$\{\d+:([^}]*)\}", r"\1", json.dumps(snippet["body"])))
        assert validator(node).is_valid(body)
        assert snippet["label"]
        assert snippet["description"]


def test_first_line_of_shipped_pipelines_names_the_schema() -> None:
    for path in PIPELINES:
        match = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text("utf-8"))
        assert match, path
        assert (path.parent / match[1]).resolve() == PROJECT / "schemas" / "pipeline.schema.json"


def test_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == pipeline_schema()
