"""Many customers at once have the numbers that each has alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from retention.scoring.formula import Formula, Term
from trainer.churn.vectorised import contributions


def test_each_term_is_transformed_as_the_formula_transforms_it() -> None:
    terms = (Term("Frequency", "log1p", 1.2, -0.8), Term("rhythm", "identity", -0.5, 2.0))
    formula = Formula(-0.3, terms, ())
    customers = [{"Frequency": 1, "rhythm": -3.25}, {"Frequency": 7, "rhythm": 0.0}, {"Frequency": 40, "rhythm": 1.5}]
    alone = [formula.contributions(customer) for customer in customers]
    np.testing.assert_allclose(contributions(formula, pd.DataFrame(customers)), alone, rtol=1e-15)
