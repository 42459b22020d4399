"""One invented report for all tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from report_samples import Page, report_data

from trainer.report.write import write_report

if TYPE_CHECKING:
    from trainer.report.data import ReportData


@pytest.fixture(scope="session")
def data() -> ReportData:
    return report_data()


@pytest.fixture(scope="session")
def files(data: ReportData) -> dict[str, bytes]:
    return write_report(data)


@pytest.fixture(scope="session")
def page(files: dict[str, bytes]) -> Page:
    return Page(files["report.html"])
