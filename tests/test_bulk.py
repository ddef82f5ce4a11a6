from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from engine.bulk import WORTH_A_FORK, each, uncollected

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"

# In a process of its own: pytest's workers have several threads, and `each` then forks nothing.
_FORKING = """
import os
from engine.bulk import each
here = os.getpid()
"""


def answer(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", _FORKING + program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_keeps_the_order() -> None:
    assert answer("print(each(lambda number: number * 2, range(1001)) == [n * 2 for n in range(1001)])") == "True\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks")
def test_each_shares_many_items_with_another_process() -> None:
    program = """
os.sched_getaffinity = lambda process: {0, 1}
print(len(set(each(lambda number: os.getpid(), range(1000)))))
"""
    assert answer(program) == "2\n"


def test_each_does_few_items_here() -> None:
    assert answer(f"print(set(each(lambda n: os.getpid(), range({WORTH_A_FORK}))) == {{here}})") == "True\n"


@pytest.mark.parametrize(
    "failure",
    ["os._exit(0)", "os._exit(3)", "os.kill(os.getpid(), 9)", "raise ValueError", "return lambda: 'does not pickle'"],
)
def test_each_does_here_what_another_process_could_not(failure: str) -> None:
    program = f"""
os.sched_getaffinity = lambda process: {{0, 1}}
def function(number):
    if os.getpid() != here and number > 900:
        {failure}
    return number
print(each(function, range(1000)) == list(range(1000)))
"""
    assert answer(program) == "True\n"


def test_an_error_of_the_function_is_raised() -> None:
    program = """
def function(number):
    raise KeyError(number)
try:
    each(function, range(1000))
except KeyError as error:
    print(error)
"""
    assert answer(program) == "0\n"


def test_each_forks_nothing_beside_other_threads() -> None:
    program = """
import threading
os.sched_getaffinity = lambda process: {0, 1}
end = threading.Event()
threading.Thread(target=end.wait).start()
print(set(each(lambda number: os.getpid(), range(1000))) == {here})
end.set()
"""
    assert answer(program) == "True\n"


def test_uncollected_leaves_the_collector_as_it_was() -> None:
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_each_of_nothing() -> None:
    assert each(str, []) == []


def test_shared_objects_are_not_sent() -> None:
    program = """
os.sched_getaffinity = lambda process: {0, 1}
class Large:
    pass
one, other = Large(), Large()
found = each(lambda number: (one, other, number), range(1000), [one])
print(all(first is one for first, _, _ in found), found[0][1] is other, found[-1][1] is other)
"""
    assert answer(program) == "True True False\n"


def test_a_pipeline_is_the_same_whoever_reads_its_tables(tmp_path: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(BENCHMARKS)!r})
from pathlib import Path
from planning import write_pipeline
from engine.planning import make_plan
from engine.read import read_pipeline
path = Path({str(tmp_path)!r}) / "many.yaml"
write_pipeline(path, 250)
plans = []
for processors in ({{0}}, {{0, 1}}):
    os.sched_getaffinity = lambda process: processors
    pipeline = read_pipeline(path, {{}})
    plans.append((pipeline, make_plan(pipeline, pipeline.targets[0])))
print(plans[0] == plans[1])
"""
    assert answer(program) == "True\n"
