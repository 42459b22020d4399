"""The report's files: reproducible, small, anonymous, and complete with very little data."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
from report_samples import Page, report_data

from trainer.report.write import write_report

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.report.data import ReportData

    Files = dict[str, bytes]


def test_equal_data_gives_equal_bytes_in_another_process(data: ReportData, files: Files, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(pickle.dumps(data))
    program = (
        "import hashlib, pathlib, pickle, sys\n"
        "from trainer.report.write import write_report\n"
        "files = write_report(pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()))\n"
        "for name in sorted(files): print(name, hashlib.sha256(files[name]).hexdigest())\n"
    )
    environ = {
        **os.environ,
        "PYTHONHASHSEED": "4",
        "OMP_NUM_THREADS": "1",
        "TZ": "Asia/Tokyo",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-c", program, str(tmp_path / "data")]
    printed = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    expected = [f"{name} {hashlib.sha256(files[name]).hexdigest()}" for name in sorted(files)]
    assert printed.splitlines() == expected


def test_no_customer_is_named(data: ReportData, files: Files) -> None:
    for name in ("report.html", "MODEL_CARD.md"):
        assert not [customer for customer in data.features.index if str(customer) in files[name].decode()], name


def test_twenty_customers_are_enough_for_a_report() -> None:
    data = report_data(customers=20)
    nobody = {"tp": 0, "fp": 0, "flagged_share": 0.0, "recall": 0.0, "precision": 0.0}
    nothing: dict[str, Any] = {
        "contributions": pd.DataFrame(), "single_order_bands": [], "pca": None, "baselines": {},
        "customers": pd.DataFrame(), "cluster_counts": [], "clusterers": [], "cohorts": pd.DataFrame(),
        "manifest": {**data.manifest, "at_threshold": {**data.manifest["at_threshold"], **nobody}, "comparison": {}},
    }  # fmt: skip
    files = write_report(data._replace(**nothing))
    text = Page(files["report.html"]).text
    assert "No customer is flagged" in text
    assert "flags nobody." in text
    assert "Too few one-time buyers" in text
    assert "plots/cohorts.png" not in files
    assert not re.search(r"\bnan\b", text + files["MODEL_CARD.md"].decode())


def test_the_page_and_the_bundle_stay_small(files: Files) -> None:
    assert len(files["report.html"]) <= 1_500_000
    assert sum(map(len, files.values())) <= 3_000_000
