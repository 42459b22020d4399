"""Fitting the segments: reproducible, and named after what they are."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from online_retail import needs_online_retail
from segment_samples import FOUR, USUAL, crowd, shop

from retention.errors import NotEnoughDataError
from trainer.segments.descriptions import read_descriptions
from trainer.segments.fit import FittedSegments, fit_segments, naming_warnings


def test_each_group_gets_the_name_that_describes_it(usual: pd.DataFrame) -> None:
    fitted = fit_segments(usual)
    names = np.repeat(FOUR, [size for size, *_ in USUAL])
    assert [fitted.names[cluster] for cluster in fitted.clusters(usual)] == names.tolist()


def test_names_do_not_depend_on_the_order_of_the_customers(usual: pd.DataFrame) -> None:
    shuffled = usual.sample(frac=1, random_state=3)
    names = pd.Series(fit_segments(usual).clusters(usual), index=usual.index)
    assert (fit_segments(shuffled).clusters(shuffled) == names[shuffled.index]).all()


@pytest.mark.parametrize("segments", range(2, 10))
def test_the_requested_number_of_segments_is_fitted(invented: pd.DataFrame, segments: int) -> None:
    fitted = fit_segments(invented, read_descriptions(segments))
    assert set(fitted.clusters(invented)) == set(range(segments))
    assert [segment.segment for segment in fitted.model.segments] == fitted.names


PRINT_THE_BYTES = """
import numpy as np, pandas as pd
from retention.registry.bundle import to_bytes
from trainer.segments.fit import RFM, fit_segments
random = np.random.default_rng(7)
rows = np.exp(random.normal(3, 1, (6000, 3)))
print(to_bytes(fit_segments(pd.DataFrame(rows, columns=list(RFM))).model.to_json()).decode())
"""


def test_the_bytes_are_the_same_on_one_thread_and_on_two() -> None:
    one, two = (
        subprocess.run(
            [sys.executable, "-c", PRINT_THE_BYTES],
            env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            check=True,
        ).stdout
        for threads in "12"
    )
    assert len(one) > 1_000
    assert one == two


@pytest.mark.parametrize(
    ("customers", "figures"),
    [
        (shop(np.empty((0, 3))), "0 customers, 0 of them distinct"),
        (shop([[5, 1, 10]]), "1 customers, 1 of them distinct"),
        (shop([[5, 1, 10]] * 200), "200 customers, 1 of them distinct"),
        (shop([[5, 1, 10], [6, 1, 10], [7, 1, 10]] * 60), "180 customers, 3 of them distinct"),
        (shop([[5, 1, 10], [5, 1, 10 + 1e-12], [5, 1, 1e12], [300, 1, 10]]), "4 customers, 3 of them distinct"),
    ],
)
def test_fewer_distinct_customers_than_segments_are_refused_with_the_figures(
    customers: pd.DataFrame, figures: str
) -> None:
    with pytest.raises(NotEnoughDataError, match=f"{figures}.* at least 4 distinct ones are needed"):
        fit_segments(customers)


def test_as_many_distinct_customers_as_segments_are_enough() -> None:
    customers = shop([[5, 9, 900], [300, 1, 10], [90, 4, 200], [5, 1, 10]] * 9)
    fitted = fit_segments(customers)
    assert [fitted.names[cluster] for cluster in fitted.clusters(customers)] == FOUR * 9


def placed(fitted: FittedSegments, cluster: int, centroid: tuple[float, float, float]) -> FittedSegments:
    segments = list(fitted.model.segments)
    segments[cluster] = segments[cluster]._replace(centroid=centroid)
    return fitted._replace(model=fitted.model._replace(segments=tuple(segments)))


@pytest.mark.parametrize(
    ("centroid", "warned_of"),
    [
        ((-1.0, 1.5, 1.3), []),
        ((-2.0, 3.0, 3.0), []),  # more of what the name says
        ((-0.1, 0.6, 0.4), []),
        ((-1.0, -0.1, 1.3), ["frequency is -0.1"]),  # loyal, and orders less than the average
        ((-1.0, 0.4, 1.3), ["frequency is +0.4"]),
        ((0.2, -0.1, -0.1), ["recency is +0.2", "frequency is -0.1", "monetary is -0.1"]),
    ],
)
def test_a_centroid_that_contradicts_its_name_gives_a_warning(
    usual: pd.DataFrame, centroid: tuple[float, float, float], warned_of: list[str]
) -> None:
    fitted = fit_segments(usual)
    assert naming_warnings(fitted) == []
    warnings = naming_warnings(placed(fitted, 0, centroid))
    assert len(warnings) == len(warned_of)
    for warning, dimension in zip(warnings, warned_of, strict=True):
        assert warning.startswith(f"Loyal High-Value: {dimension} standard deviations")


def test_occasional_buyers_with_one_order_give_a_warning() -> None:
    once = crowd((120, 60, 8, 3_000), (80, 8, 1, 300), (250, 200, 1, 900), (250, 200, 1, 90))
    assert [warning.split(" is ")[0] for warning in naming_warnings(fit_segments(once))] == [
        "Occasional Buyers: frequency"
    ]


def test_the_names_fit_the_invented_shop(invented: pd.DataFrame) -> None:
    assert naming_warnings(fit_segments(invented)) == []


def test_who_returned_more_than_was_ordered_is_as_poor_as_who_returned_all() -> None:
    usual = crowd(*USUAL)
    fitted = fit_segments(usual)
    days_orders_money = {"Recency": [8.0, 8.0], "Frequency": [30.0, 30.0], "net_monetary": [-168_470.0, 0.0]}
    owed, nothing = fitted.clusters(pd.DataFrame(days_orders_money))
    assert owed == nothing == fitted.model.of({"Recency": 8, "Frequency": 30, "net_monetary": -1.0}).cluster
    assert fitted.model.money == "net_monetary"


@needs_online_retail
def test_who_cancelled_all_the_same_day_is_of_no_high_value_in_the_real_shop(real: pd.DataFrame) -> None:
    fitted = fit_segments(real)
    names = pd.Series([fitted.names[cluster] for cluster in fitted.clusters(real)], index=real.index)
    cancelled = {12346: 0.0, 16446: 2.9}  # of orders of 77,183.60 and 168,472.50
    assert real.net_monetary[list(cancelled)].to_dict() == cancelled
    assert not {"Loyal High-Value", "Occasional Buyers"} & {*names[real.net_monetary < 3]}
    assert names.value_counts().to_dict() == {
        "Churn Risk": 1_636, "Occasional Buyers": 1_196, "Potential Loyalists": 811, "Loyal High-Value": 695,
    }  # fmt: skip
    assert names[12347] == "Loyal High-Value"


@needs_online_retail
@pytest.mark.parametrize("segments", range(2, 10))
def test_the_names_fit_the_real_shop_with_any_number_of_segments(real: pd.DataFrame, segments: int) -> None:
    assert naming_warnings(fit_segments(real, read_descriptions(segments))) == []
