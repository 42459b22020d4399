"""The countries of the customers.

Source of the figures: "Online Retail", UCI Machine Learning Repository (CC BY 4.0).
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Rng = np.random.Generator

# Customers per country in Online Retail. The rarest count 1.5, so that a table of 400,000 rows has all 38.
COUNTRIES: Final[Mapping[str, float]] = {
    "United Kingdom": 3950,
    "Germany": 95,
    "France": 87,
    "Spain": 30,
    "Belgium": 25,
    "Switzerland": 20,
    "Portugal": 19,
    "Italy": 15,
    "Finland": 12,
    "Norway": 10,
    "EIRE": 10,
    "Australia": 9,
    "Netherlands": 9,
    "Austria": 9,
    "Channel Islands": 9,
    "Sweden": 8,
    "Denmark": 8,
    "Japan": 8,
    "Cyprus": 7,
    "Poland": 6,
    "Israel": 4,
    "Greece": 4,
    "Unspecified": 4,
    "USA": 4,
    "Canada": 4,
    "Malta": 2,
    "United Arab Emirates": 2,
    "Bahrain": 2,
    "Hong Kong": 1.5,
    "Iceland": 1.5,
    "Lithuania": 1.5,
    "Saudi Arabia": 1.5,
    "Lebanon": 1.5,
    "Singapore": 1.5,
    "Czech Republic": 1.5,
    "Brazil": 1.5,
    "European Community": 1.5,
    "RSA": 1.5,
}


def draw_countries(customers: int, rng: Rng) -> Ints:
    """Each customer's position in COUNTRIES, in the published shares as exactly as *customers* allow."""
    shares = np.cumsum(list(COUNTRIES.values())) / sum(COUNTRIES.values())
    country: Ints = np.searchsorted(shares, (rng.permutation(customers) + 0.5) / customers)
    return country
