"""The page of a run: what it tells, and that it tells it as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import chromium, complaints, requests

from engine.__main__ import _run
from engine.run_report import _text_place

NASTY = "<script>alert('ü')</script>"
VISITS = f"""\
version: 1
name: visits
description: "{NASTY}"
targets: {{local: {{warehouse: local, database: w.duckdb, mounts: {{s3://site: bucket}}}}}}
schema: visits
staging:
  raw_visits:
    from: s3://site/visits/
    columns:
      id:   {{type: integer}}
      page: {{type: varchar(40)}}
tables:
  visits:
    columns:
      id:   {{type: integer}}
      page: {{type: varchar(40)}}
    load: {{sql: 'SELECT id, page FROM raw_visits'}}
    checks:
      - {{not_null: [page], severity: warn}}
      - accepted_values: {{page: [home]}}
  totals:
    columns:
      visits: {{type: bigint}}
    load: {{sql: SELECT COUNT(id) AS visits FROM visits}}
"""


class Page(HTMLParser):
    """Every tag with its attributes, and the text that a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data


def report(tmp_path: Path, records: str, code: int) -> Page:
    (tmp_path / "bucket" / "visits").mkdir(parents=True, exist_ok=True)
    (tmp_path / "bucket" / "visits" / "1.json").write_text(records, encoding="utf-8")
    (tmp_path / "visits.yaml").write_text(VISITS, encoding="utf-8")
    assert _run([str(tmp_path / "visits.yaml"), "--report", str(tmp_path / "run.html")]) == code
    return Page((tmp_path / "run.html").read_text(encoding="utf-8"))


def test_page_tells_steps_rows_and_the_sql_that_was_sent(tmp_path: Path) -> None:
    page = report(tmp_path, '{"id": 1, "page": "home"}{"id": 2, "page": "home"}', 0)
    assert re.search(r"Run \d{8}T\d{6}-[0-9a-f]{8} of etlrun .*: 3 steps, 5 rows, 50 bytes read\.", page.text)
    assert "INSERT INTO visits.totals" in page.text
    labels = [attributes["aria-label"] for tag, attributes in page.tags if attributes.get("role") == "listitem"]
    assert [str(label).split(":")[0] for label in labels] == ["raw_visits", "visits", "totals"]
    assert all("on the critical path" in str(label) for label in labels)


def test_page_tells_what_went_wrong_as_text(tmp_path: Path) -> None:
    page = report(tmp_path, f'{{"id": 1, "page": "{NASTY}"}}{{"id": 2}}', 1)
    assert "visits failed and was rolled back: check failed: accepted_values" in page.text
    assert f"page={NASTY}" in page.text
    assert "skipped: visits failed" in page.text
    assert [tag for tag, _ in page.tags if tag == "script"] == []


def test_page_asks_nothing_of_anybody(tmp_path: Path) -> None:
    page = report(tmp_path, '{"id": 1, "page": "home"}', 0)
    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("href", "src")]
    assert links
    assert all(str(link).startswith(("#", "data:")) for link in links)


HOME = '{"id": 1, "page": "home"}'


def shown(page: Page, heading: str, until: str) -> str:
    """Return the text between two headings of the page, each run of blanks as one."""
    return " ".join(page.text.partition(f"\n{heading}\n")[2].partition(f"\n{until}\n")[0].split())


def test_page_shows_the_run_beside_the_last_ones(tmp_path: Path) -> None:
    page = report(tmp_path, HOME, 0)
    assert "It is the first run that is noted" in page.text
    for _ in range(2):
        report(tmp_path, HOME * 9, 0)
    page = report(tmp_path, HOME, 0)
    said = shown(page, "Beside the last runs", "Each step")
    assert said.count("(this run)") == 1
    assert len(re.findall(r"\b\d{8}T\d{6}-[0-9a-f]{8}\b", said)) == 4
    assert "Each step in the last 4 runs" in said
    assert "⚠ This run: 16 % of the usual rows" in said
    assert re.search(r"raw_visits⚠ 11 % of the usual rows [\d.]+ [\d.]+ [\d.]+( – [\d.]+)? 1 9 1 – 9 visits", said)
    charts = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"]
    assert charts[1] == "rows, the oldest first: 1, 9, 9, 1"
    assert len(charts) == 6


def test_page_opens_from_disk_and_fits_a_phone(tmp_path: Path) -> None:
    for _ in range(3):
        report(tmp_path, HOME, 0)
    with chromium(tmp_path / "profile") as browser:
        phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
        browser.get("about:blank")
        complaints(browser), requests(browser)  # of the browser's own first page
        browser.get((tmp_path / "run.html").as_uri())
        assert complaints(browser) == []
        assert set(requests(browser)) == {(tmp_path / "run.html").as_uri()}
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390
        drawn = "return [...document.querySelectorAll('.spark')].map((each) => each.getBBox().height)"
        assert [height > 0 for height in browser.execute_script(drawn)] == [True] * 6


@pytest.mark.parametrize(
    ("left", "width", "place"),
    [(0, 5, ("left", 5)), (40, 30, ("left", 70)), (0, 100, ("inside", 0)), (10, 70, ("inside", 20)),
     (90, 10, ("right", 10)), (30, 70, ("right", 70))],
)  # fmt: skip
def test_text_of_a_bar_stands_where_there_is_room(left: float, width: float, place: tuple[str, float]) -> None:
    assert _text_place(left, width) == place


def test_step_that_failed_is_not_compared(tmp_path: Path) -> None:
    report(tmp_path, HOME, 0)
    page = report(tmp_path, '{"id": 1, "page": "else"}', 1)
    labels = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"]
    assert labels[3] == "rows, the oldest first: 1"
    assert "⚠" not in page.text


def test_page_tells_the_bytes_that_were_read(tmp_path: Path) -> None:
    page = report(tmp_path, HOME, 0)
    assert f", {len(HOME)} bytes read." in page.text
    assert "sys_load_history" not in page.text


def test_folder_that_is_not_there_is_told_before_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "visits.yaml").write_text(VISITS, encoding="utf-8")
    assert _run([str(tmp_path / "visits.yaml"), "--report", str(tmp_path / "none" / "run.html")]) == 2
    assert "there is no folder for the report" in capsys.readouterr().err
    assert _run([str(tmp_path / "visits.yaml"), "--report", str(tmp_path)]) == 2
    assert "the report is a file, and this is a folder" in capsys.readouterr().err
