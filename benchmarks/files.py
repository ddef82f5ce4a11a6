"""How long it takes to find the new files of an incremental source, and how much memory, beside a ledger of a million.

    python benchmarks/files.py [--known 1000000] [--new 1000]

Each case is a process of its own, on local Redshift: a database whose ledger knows so many files already, and a listing
of them all with a few new ones, which are loaded. The listing is made up as it is asked for: how long S3 takes to give
1,000 pages is no matter of etlrun. Printed is the whole run, and its memory against one whose ledger is nearly empty.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import md5
from pathlib import Path

from children import run

from engine.connect import connect
from engine.events import StepDone
from engine.execute import execute
from engine.ledger import Noting, noted
from engine.model import Target
from engine.planning import make_plan
from engine.read import read_pipeline
from engine.storage import StoredObject

FEED = """\
version: 1
name: feed
targets: {local: {warehouse: local, mounts: {s3://feed: bucket}}}
staging:
  arrivals:
    from: s3://feed/
    load: incremental
    columns: {i: {type: integer}}
tables:
  last:
    columns: {i: {type: bigint}}
    load: {sql: SELECT MAX(i) AS i FROM arrivals}
"""
KNOWN = """\
INSERT INTO etlrun.files
WITH digits AS (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
    UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)
SELECT 'feed', 'public', 'arrivals', 'feed', 'known/' || LPAD(CAST(n AS varchar(9)), 9, '0') || '.json',
    MD5(CAST(n AS varchar(9))), 100, '2018-11-02', 'loaded', 'first', GETDATE(), ''
FROM (
    SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d + 1000000 * h.d AS n
    FROM digits AS a, digits AS b, digits AS c, digits AS e, digits AS f, digits AS g, digits AS h
) AS numbers
WHERE n < {known}"""


def prepare(folder: Path, known: int, new: int) -> None:
    """Make the pipeline, the new files, and a ledger that knows the others."""
    (folder / "feed.yaml").write_text(FEED, "ascii")
    (folder / "bucket" / "new").mkdir(parents=True)
    for number in range(new):
        (folder / "bucket" / "new" / f"{number:06}.json").write_text(f'{{"i": {number}}}\n', "ascii")
    pipeline = read_pipeline(folder / "feed.yaml", {})
    warehouse = connect(pipeline.targets[0], folder)
    session = warehouse.open_session()
    plan = make_plan(pipeline, pipeline.targets[0])
    ledger = noted(plan, pipeline, Noting()).ledger
    assert ledger is not None
    for statement in (*ledger.tables, *plan.prepare):
        session.execute(statement.sql)
    session.execute(KNOWN.format(known=known))
    session.close()
    warehouse.close()


def load(folder: Path, known: int) -> None:
    """Run the pipeline on a listing of the files that the ledger knows and those that are there."""
    pipeline = read_pipeline(folder / "feed.yaml", {})
    target: Target = pipeline.targets[0]
    local = connect(target, folder)

    def listed(prefix: str) -> Iterator[StoredObject]:
        for number in range(known):
            etag = md5(str(number).encode(), usedforsecurity=False).hexdigest()
            yield StoredObject(f"s3://feed/known/{number:09}.json", 100, etag=etag, modified=1541152800.0)
        yield from local.list_files(prefix)  # type: ignore[misc]

    begin = time.perf_counter()
    for event in execute(make_plan(pipeline, target, run="second"), replace(local, list_files=listed)):
        if isinstance(event, StepDone) and event.taken:
            seconds = time.perf_counter() - begin
            print(f"{event.taken.listed:,} files listed, {event.taken.loaded:,} new and loaded: {seconds:.1f} s")
    local.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--known", type=int, default=1_000_000)
    parser.add_argument("--new", type=int, default=1_000)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        load(options.load, options.known)
        return 0
    peaks = []
    for known in (1_000, options.known):
        with tempfile.TemporaryDirectory() as name:
            prepare(Path(name), known, options.new)
            usage = run([sys.executable, __file__, "--known", str(known), "--load", name])
            peaks.append(usage.peak_bytes)
            words = f"{usage.seconds:.1f} s, of all cores {usage.cpu_seconds:.1f} s, {usage.peak_bytes / 1e6:,.0f} MB"
            print(f"ledger of {known:,} files, {options.new:,} new: {words}", flush=True)
    print(f"memory: {peaks[1] / peaks[0]:.2f} × that of the small ledger")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
