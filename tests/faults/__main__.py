"""Run the table of faults: `python -m tests.faults`; it goes on where it was stopped, and writes results.json and results.md.

python -m tests.faults --quick          few tries of each row
python -m tests.faults --row "kill -9"  only the rows whose name begins so
python -m tests.faults --seconds 600    so much time for each row: what it came to stands in the results
python -m tests.faults --again          forget earlier results
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.faults import (
    archive_rows,
    canary_rows,
    hostile_rows,
    key_rows,
    media_rows,
    offline_rows,
    power_rows,
    session_rows,
    soak_row,
    store_rows,
    window_rows,
)
from tests.faults.row import ROOT, SECONDS_VARIABLE, Row

PLACES = (
    power_rows,
    canary_rows,
    archive_rows,
    media_rows,
    hostile_rows,
    offline_rows,
    session_rows,
    key_rows,
    store_rows,
    window_rows,
    soak_row,
)
ROWS: tuple[Row, ...] = tuple(row for place in PLACES for row in place.ROWS)
SAID = {True: "passed", False: "FAILED", None: "not run here"}


def main() -> int:
    """Run what is still to be run; 0 if every row passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few tries of each row")
    parser.add_argument("--row", default="", metavar="NAME", help="only rows whose name begins so")
    parser.add_argument("--tries", type=int, metavar="N", help="so many tries instead of the full number")
    parser.add_argument("--seconds", type=float, metavar="N", help="so many seconds for each row; it tells how far it came")
    parser.add_argument("--again", action="store_true", help="forget earlier results")
    parser.add_argument("--out", type=Path, default=ROOT / "test-output" / "faults", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.seconds:
        os.environ[SECONDS_VARIABLE] = str(arguments.seconds)
    arguments.out.mkdir(parents=True, exist_ok=True)
    kept = arguments.out / "results.json"
    results = {} if arguments.again or not kept.exists() else json.loads(kept.read_text("utf-8"))
    wanted = [row for row in ROWS if row.name.startswith(arguments.row)]
    for place, row in enumerate(wanted, 1):
        tries = arguments.tries or (row.quick if arguments.quick else row.full)
        done = results.get(row.name)
        if tries == 0 or (done and done["num_tries"] >= tries and done["passed"]):
            continue
        sys.stdout.write(f"[{place}/{len(wanted)}] {row.name}, {tries} tries ... ")
        sys.stdout.flush()
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            os.environ.update(EMOASST_HOME=folder, EMOASST_KEYS="file")
            outcome = row.run(Path(folder), tries)
        results[row.name] = {**asdict(outcome), "seconds": round(time.monotonic() - began, 1)}
        sys.stdout.write(f"{outcome.figure} (pass: {outcome.mark}) {SAID[outcome.passed]}\n")
        kept.write_text(json.dumps(results, indent=1), "utf-8")
        (arguments.out / "results.md").write_text(table(results), "utf-8")
    return 0 if all(results[row.name]["passed"] is not False for row in wanted if row.name in results) else 1


def table(results: dict[str, dict[str, object]]) -> str:
    """The results as Markdown."""
    lines = ["| fault | tries | result | pass mark | passed |", "|---|---|---|---|---|"]
    for name, entry in results.items():
        lines.append(f"| {name} | {entry['num_tries']} | {entry['figure']} | {entry['mark']} | {SAID[entry['passed']]} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
