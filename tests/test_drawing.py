from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.__main__ import main
from engine.diagram import Attribute, Edge, Entity, Node, Steps, entities, roles, steps
from engine.drawing import entities_dot, entities_mermaid, steps_dot, steps_mermaid
from engine.read import read_pipeline

PROJECT = Path(__file__).resolve().parent.parent
SPARKIFY = PROJECT / "pipelines" / "sparkify.yaml"
HOSTILE = '"<b>&\\;#größe%%'


def drawn(capsys: pytest.CaptureFixture[str], *options: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(["graph", str(SPARKIFY), *options])
    said = capsys.readouterr()
    assert stopped.value.code == code, said.err
    return said.out if code == 0 else said.err


def test_readme_shows_what_the_command_draws(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```mermaid\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert shown == drawn(capsys, "--er")


def test_roles_of_a_star() -> None:
    found = roles(read_pipeline(SPARKIFY, {}))
    assert [name for name, role in found.items() if role == "fact"] == ["songplays"]
    assert [name for name, role in found.items() if role == "dimension"] == ["users", "songs", "artists", "time"]
    assert [name for name, role in found.items() if role == "staging"] == ["staging_events", "staging_songs"]


def test_reference_without_a_column_means_the_primary_key(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "version: 1\nname: p\nschema: dw\ntables:\n"
        "  f: {columns: {k: {type: integer, references: d}}, load: {sql: SELECT 1 AS k}}\n"
        "  d: {columns: {n: {type: date}, id: {type: integer, primary_key: true}}, load: {sql: SELECT 1 AS id}}\n"
    )
    fact, dimension = entities(read_pipeline(path, {}))
    assert (fact.role, dimension.role) == ("fact", "dimension")
    assert fact.columns[0].references == ("d", "id")


def test_steps_flow_from_files_to_tables_and_wait_for_what_they_refer_to() -> None:
    graph = steps(read_pipeline(SPARKIFY, {}))
    assert Edge("s3://udacity-dend/log_data/", "staging_events") in graph.edges
    assert Edge("staging_events", "users") in graph.edges
    assert Edge("users", "songplays", reads=False) in graph.edges
    assert len(graph.nodes) == 9


def test_what_a_table_writes_is_a_node_behind_it() -> None:
    graph = steps(read_pipeline(PROJECT / "pipelines" / "hourly" / "hourly.yaml", {}))
    written = "s3://hourly-etl/data/lake/prices/"
    assert Node(written, "files") in graph.nodes
    assert [edge for edge in graph.edges if written in (edge.start, edge.end)] == [Edge("prices", written)]


def test_formats_of_steps(capsys: pytest.CaptureFixture[str]) -> None:
    assert '    n2(["staging_events"])\n' in drawn(capsys)
    assert '    "users" -> "songplays" [style=dashed];\n' in drawn(capsys, "--format", "dot")
    said = json.loads(drawn(capsys, "--format", "json"))
    assert {"from": "users", "to": "songplays", "kind": "waits"} in said["edges"]
    assert {"name": "s3://udacity-dend/song_data/", "kind": "files"} in said["nodes"]


def test_formats_of_the_star_schema(capsys: pytest.CaptureFixture[str]) -> None:
    said = json.loads(drawn(capsys, "--er", "--format", "json"))
    assert said["tables"][0]["name"] == "songplays"
    assert said["tables"][0]["columns"][1]["references"] == ["time", "start_time"]
    assert '    "songplays":t1 -> "time":f0;\n' in drawn(capsys, "--er", "--format", "dot")


@pytest.mark.parametrize("options", [[], ["--er"]])
def test_svg_is_drawn_by_graphviz(capsys: pytest.CaptureFixture[str], options: list[str]) -> None:
    if shutil.which("dot") is None:
        pytest.skip("needs Graphviz's command dot, which is not here")
    root = ElementTree.fromstring(drawn(capsys, "--format", "svg", *options))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = {"".join(found.itertext()) for found in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"songplays", "users", "songs", "artists", "time"} <= texts


def test_svg_without_graphviz_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = drawn(capsys, "--format", "svg", code=2)
    assert "install Graphviz, or let another machine draw what --format dot writes" in said


def test_names_cannot_end_their_quotes() -> None:
    column = Attribute(HOSTILE, "decimal(12,2)", False, True, (HOSTILE, HOSTILE), "")
    table = Entity(HOSTILE, "table", (column,), (HOSTILE,))
    graph = Steps((Node(HOSTILE, "table"),), (Edge(HOSTILE, HOSTILE),))
    coded = "#34;#60;b#62;#38;#92;#59;#35;größe#37;#37;"
    assert f'    n0["{coded}"]' in steps_mermaid(graph)
    said = list(entities_mermaid((table,)))
    assert said[1] == f'    "{coded}" {{'
    assert said[2] == "        decimal(12_2) __b_____größe__ FK"
    assert said[4] == f'    "{coded}" o|--o{{ "{coded}" : "{coded}"'
    if shutil.which("dot"):
        from engine.drawing import svg

        for dot in (steps_dot(graph), entities_dot((table,))):
            texts = [found.text for found in ElementTree.fromstring(svg("\n".join(dot))).iter() if found.text]
            assert HOSTILE in texts
