"""The documentation page, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium, complaints, requests
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from benchmarks.planning import write_pipeline
from engine.__main__ import main
from engine.diagram import references
from engine.documentation import page, pipeline_page
from engine.planning import make_plan
from engine.read import read_pipeline

PROJECT = Path(__file__).resolve().parent.parent
SPARKIFY = PROJECT / "pipelines" / "sparkify.yaml"
IMAGE = "<img src=x onerror=alert(1)>"
TABLE = 'it\'s <b>"bold"</b>'
HOSTILE = {
    "name": "shop </script><script>alert(1)</script>", "version": "1", "schema": "dw", "target": "local",
    "tables": [
        {"name": "raw", "schema": "dw", "role": "staging", "strategy": "copy", "sql": "COPY", "place": "p.yaml:1:1",
         "file": f"s3://b/{IMAGE}/", "columns": [{"name": "größe", "type": "integer", "path": "$.größe"}]},
        {"name": TABLE, "schema": "dw", "role": "table", "strategy": "replace", "reads": ["raw"], "place": "p.yaml:9:1",
         "description": "Ends </script> <!-- here, {{ script }} & there",
         "columns": [{"name": IMAGE, "type": "integer", "description": "<i>Maß</i>", "sources": [["raw", "größe"]]}],
         "checks": [IMAGE], "sql": "SELECT 'a''b\\'' -- </script><script>alert(2)</script>\nFROM raw"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def sparkify(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("sparkify")
    with pytest.raises(SystemExit) as stopped:
        main(["docs", str(SPARKIFY), "--out", str(folder / "site")])
    assert stopped.value.code == 0
    return (folder / "site" / "index.html").as_uri()


def written(path: Path) -> str:
    """Write the page of a pipeline beside it, and return its address."""
    pipeline = read_pipeline(path, {})
    file = path.with_suffix(".html")
    file.write_text(pipeline_page(pipeline, make_plan(pipeline, pipeline.targets[0])), encoding="utf-8")
    return file.as_uri()


def opened(browser: Chrome, url: str) -> Chrome:
    browser.get("about:blank")
    complaints(browser)
    requests(browser)
    browser.get(url)
    return browser


def texts(browser: Chrome, selector: str) -> list[str]:
    script = "return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent)"
    found: list[str] = browser.execute_script(script, selector)
    return found


def awaited(browser: Chrome, selector: str, expected: list[str]) -> None:
    """Wait until texts are shown: a browser tells a page later that its address has changed."""
    WebDriverWait(browser, 10, 0.05).until(lambda _: texts(browser, selector) == expected, f"{selector}: {expected}")


def test_page_opens_from_disk_without_complaint_or_request(browser: Chrome, sparkify: str) -> None:
    opened(browser, sparkify)
    assert browser.title == "sparkify"
    assert texts(browser, "h1") == ["sparkify"]
    browser.get(f"{sparkify}#/table/songplays/start_time")
    awaited(browser, ".lineage h2", ["Lineage of start_time"])
    assert complaints(browser) == []
    assert set(requests(browser)) == {sparkify}


def test_policy_refuses_requests_and_scripts_of_others(browser: Chrome, sparkify: str) -> None:
    opened(browser, sparkify)
    browser.execute_script(
        "const image = new Image(); image.src = 'http://127.0.0.1:9/x.png'; document.body.append(image);"
        "const script = document.createElement('script'); script.textContent = 'window.stranger = 1';"
        "document.body.append(script);"
    )
    assert browser.execute_script("return window.stranger") is None
    assert len([each for each in complaints(browser) if "Content Security Policy" in each]) == 2


def test_schema_diagram_has_every_table_and_key(browser: Chrome, sparkify: str) -> None:
    opened(browser, sparkify)
    pipeline = read_pipeline(SPARKIFY, {})
    drawn = browser.find_elements(By.CSS_SELECTOR, "a.entity")
    assert {(each.get_attribute("aria-label") or "").split(",")[0] for each in drawn} == {
        table.name for table in pipeline.tables
    }
    lines = {f"{'.'.join(name)} → {'.'.join(other)}" for name, other in references(pipeline).items()}
    assert len(lines) == 5
    assert set(texts(browser, "path.line title")) == lines
    for table in pipeline.tables:
        rows = texts(browser, f'a.entity[href="#/table/{table.name}"] g:has(> .column)')
        for column, row in zip(table.definition.columns, rows, strict=True):
            assert column.name in row
            assert str(column.type) in row
            assert row.startswith("PK") == (column.name in table.definition.primary_key)
            assert ("FK" in row) == (column.references is not None)
            assert ("dist" in row) == (column.name == table.definition.distkey)


def test_fact_stands_in_the_middle(browser: Chrome, sparkify: str) -> None:
    opened(browser, sparkify)
    drawn = browser.find_elements(By.CSS_SELECTOR, "a.entity")
    places = {(each.get_attribute("aria-label") or "").split(",")[0]: each.rect["x"] for each in drawn}
    assert min(places.values()) < places["songplays"] < max(places.values())


def test_search_finds_a_column_and_enter_shows_its_lineage(browser: Chrome, sparkify: str) -> None:
    opened(browser, sparkify)
    browser.find_element(By.TAG_NAME, "body").send_keys("/")
    browser.switch_to.active_element.send_keys("songplays.user_ag")
    assert texts(browser, "#found a") == ["user_agentsongplays"]
    assert texts(browser, "#count") == ["1 result"]
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    awaited(browser, ".lineage h2", ["Lineage of user_agent"])
    assert texts(browser, ".lineage .chip .title title") == ["user_agent", "user_agent", "$.userAgent"]
    assert browser.switch_to.active_element.text == "Lineage of user_agent"


def test_keys_alone_lead_from_the_search_to_a_table(browser: Chrome, sparkify: str) -> None:
    opened(browser, sparkify)
    for keys in ("/", "songplays", Keys.ARROW_DOWN, Keys.ENTER):
        browser.switch_to.active_element.send_keys(keys)
    awaited(browser, "h1", ["songplays"])
    assert browser.execute_script("return document.activeElement.tagName") == "H1"


def test_search_reads_descriptions_and_sql(browser: Chrome, sparkify: str) -> None:
    opened(browser, sparkify)
    field = browser.find_element(By.ID, "search")
    field.send_keys("paid or free")
    assert texts(browser, "#found a")[0] == "levelstaging_eventsPaid or free."
    field.clear()
    field.send_keys("where e.page = 'nextsong'")
    assert texts(browser, "#found a b") == ["songplays"]
    field.clear()
    field.send_keys("no such thing")
    assert texts(browser, "#found li") == ["Nothing found"]


def test_click_on_a_column_shows_its_lineage(browser: Chrome, sparkify: str) -> None:
    opened(browser, sparkify)
    browser.find_element(By.CSS_SELECTOR, "#contents a[href='#/table/staging_events']").click()
    awaited(browser, "h1", ["staging_events"])
    browser.find_element(By.LINK_TEXT, "ts").click()
    awaited(browser, ".lineage h2", ["Lineage of ts"])
    goes_into = browser.find_element(By.XPATH, "//h3[text()='Goes into']/following-sibling::ul").text.split("\n")
    assert {"songplays.start_time", "time.start_time", "time.hour"} <= set(goes_into)
    browser.find_element(By.LINK_TEXT, "songplays.start_time").click()
    awaited(browser, "h1", ["songplays"])
    assert texts(browser, "tr.chosen th") == ["start_time"]


def test_table_shows_the_exact_sql(browser: Chrome, sparkify: str, capsys: pytest.CaptureFixture[str]) -> None:
    opened(browser, f"{sparkify}#/table/songs")
    (sql,) = texts(browser, "pre.sql")
    with pytest.raises(SystemExit):
        main(["show", str(SPARKIFY), "songs"])
    assert sql in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["run", str(SPARKIFY), "--dry-run"])
    planned = capsys.readouterr().out
    assert [each for each in sql.split("\n\n") if each not in planned] == []
    assert "etlrun." not in sql
    assert "INSERT INTO sparkify.songs" in sql
    assert "SELECT" in texts(browser, "pre.sql .word")


@pytest.mark.parametrize("place", ["#/", "#/table/songplays/start_time"])
def test_page_fits_a_phone_in_the_dark(browser: Chrome, sparkify: str, place: str) -> None:
    screen = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    try:
        opened(browser, sparkify + place)
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390
        assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 27)"
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_print_has_every_table(browser: Chrome, sparkify: str) -> None:
    opened(browser, sparkify)
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert len(texts(browser, ".printed h1")) == 7
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert texts(browser, ".printed") == []


def test_names_and_sql_are_shown_as_text(browser: Chrome, tmp_path: Path) -> None:
    file = tmp_path / "index.html"
    file.write_text(page(HOSTILE["name"], HOSTILE), encoding="utf-8")
    opened(browser, file.as_uri())
    assert texts(browser, "h1") == [HOSTILE["name"]]
    assert browser.title == HOSTILE["name"]
    browser.find_element(By.PARTIAL_LINK_TEXT, "it's").click()
    awaited(browser, "h1", [TABLE])
    assert texts(browser, ".lead") == ["Ends </script> <!-- here, {{ script }} & there"]
    assert texts(browser, "tbody th") == [IMAGE]
    assert texts(browser, ".checks li") == [IMAGE]
    assert texts(browser, "pre.sql .comment") == ["-- </script><script>alert(2)</script>"]
    assert texts(browser, "pre.sql") == [HOSTILE["tables"][1]["sql"]]
    browser.find_element(By.LINK_TEXT, IMAGE).click()
    awaited(browser, ".lineage li", ["raw.größe $.größe"])
    browser.find_element(By.ID, "search").send_keys("<i>maß")
    assert texts(browser, "#found a b") == [IMAGE]
    assert texts(browser, "main img, main b, main i, #found img") == []
    assert len(texts(browser, "script")) == 2
    assert complaints(browser) == []
    assert set(requests(browser)) == {file.as_uri()}


def test_thousand_tables_open_within_three_seconds(browser: Chrome, tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    write_pipeline(path, 1000)
    url = written(path)
    assert path.with_suffix(".html").stat().st_size < 5_000_000
    opened(browser, url)
    loaded = "const [page] = performance.getEntriesByType('navigation'); return page.loadEventEnd - page.startTime"
    taken = WebDriverWait(browser, 10, 0.05).until(lambda _: max(0, browser.execute_script(loaded)))
    assert taken < 3000
    assert len(texts(browser, "#contents a")) == 1002
    assert 1 < len(browser.find_elements(By.CSS_SELECTOR, "a.chip")) <= 60
    browser.find_element(By.ID, "search").send_keys("t00999.c3", Keys.ENTER)
    awaited(browser, ".lineage h2", ["Lineage of c3"])
    assert complaints(browser) == []


def test_page_tells_what_is_done_with_files_rights_and_rows_unknown(browser: Chrome, tmp_path: Path) -> None:
    for shipped in ("hourly/hourly.yaml", "strategies/strategies.yaml"):
        copy = tmp_path / Path(shipped).name
        copy.write_text((PROJECT / "pipelines" / shipped).read_text(encoding="utf-8"), encoding="utf-8")
    hourly = written(tmp_path / "hourly.yaml")
    opened(browser, f"{hourly}#/table/raw_orders")
    awaited(browser, ".facts dt", ["Strategy", "Loaded from", "Files", "Used by", "Declared in"])
    files = "each is loaded once; each table gets their rows once, then they are emptied; "
    files += "one that has changed is an error; up to 2 broken ones are set aside"
    assert texts(browser, ".facts dd")[:3] == ["incremental", "s3://hourly-exports/orders/", files]
    browser.get(f"{hourly}#/table/prices")
    awaited(browser, ".facts dt", ["Strategy", "Grants", "Unloaded to", "Reads", "Declared in"])
    facts = ["select to group analysts; all else is revoked", "s3://hourly-etl/data/lake/prices/, the rows of a SELECT"]
    assert texts(browser, ".facts dd")[1:3] == facts
    assert any("hourly-etl/data/lake/prices/" in each for each in texts(browser, ".diagram text"))
    opened(browser, f"{written(tmp_path / 'strategies.yaml')}#/table/customer_history")
    awaited(browser, "h1", ["customer_history"])
    unknown = "customer_key: -1, id: -1, name: unknown, valid_from: 1900-01-01, is_current: True"
    assert unknown in texts(browser, ".facts dd")
    assert complaints(browser) == []


# --- without a browser -----------------------------------------------------------------------------------------------


def test_page_is_the_same_each_time_and_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (folder, path) in enumerate([(PROJECT, "pipelines/sparkify.yaml"), (tmp_path, str(SPARKIFY))]):
        monkeypatch.chdir(folder)
        with pytest.raises(SystemExit):
            main(["docs", path, "--out", str(tmp_path / str(number))])
    first, second = ((tmp_path / name / "index.html").read_bytes() for name in "01")
    assert first == second


def test_data_cannot_end_its_script() -> None:
    text = page("<b>", HOSTILE)
    assert len(re.findall("<script", text)) == 2
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data) == HOSTILE
    assert "<title>&lt;b&gt;</title>" in text


def test_layout_library_is_what_its_package_names_with_its_licence() -> None:
    head, _, _ = (PROJECT / "page" / "dagre.js").read_text(encoding="utf-8").partition("*/")
    pinned = json.loads((PROJECT / "page" / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    for name in ("@dagrejs/dagre", "@dagrejs/graphlib"):
        assert f"\n{name} {pinned[name]}\n" in head
    assert head.count("Permission is hereby granted, free of charge") == 2


def test_page_names_no_address_of_the_network() -> None:
    pipeline = read_pipeline(SPARKIFY, {})
    text = pipeline_page(pipeline, make_plan(pipeline, pipeline.targets[0]))
    assert set(re.findall(r"https?://[\w./-]+", text)) == {"http://www.w3.org/2000/svg"}


def test_docs_say_where_they_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "site").write_text("")
    with pytest.raises(SystemExit) as stopped:
        main(["docs", str(SPARKIFY), "--out", str(tmp_path / "site")])
    assert stopped.value.code == 2
    assert "cannot write" in capsys.readouterr().err
