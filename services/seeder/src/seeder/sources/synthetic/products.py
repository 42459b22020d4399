"""The products: a fixed range of codes, each with a readable name, a stable price and a popularity."""

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Rng = np.random.Generator

# Online Retail (CC BY 4.0) has 4,070 codes; about 30 are not products.
PRODUCTS: Final = 4_000
# Popularity by rank is closer to exponential than to Zipf: the top 10 have 3.5 % of lines, the top 100 20 %, the
# top 1,000 75 %. This curve gives 3.4, 19 and 76 %.
POPULARITY_POWER: Final = 0.25
POPULARITY_DECAY_RANKS: Final = 950.0

# The commonest unit prices of Online Retail, in pence, and how many lines in a thousand have them.
PRICE_PENCE: Final = (
    *(12, 19, 21, 29, 39, 42, 55, 65, 79, 83, 85, 106, 125, 145, 165, 195, 208, 210, 255, 295, 325, 375),
    *(395, 415, 425, 495, 595, 675, 795, 825, 850, 995, 1275, 1495, 1695, 2495, 3995, 7995),
)
PRICE_LINES: Final = (
    *(2, 5, 3, 11, 20, 55, 19, 19, 6, 15, 65, 4, 115, 32, 103, 32, 40, 43, 31, 67, 13, 44),
    *(10, 14, 18, 46, 19, 10, 17, 9, 14, 14, 9, 4, 5, 2, 1, 1),
)

# Codes that are not products, with description, usual price in pence and lines in Online Retail.
POSTAGE: Final = ("POST", "POSTAGE", 1_800)
SERVICES: Final = (
    ("DOT", "DOTCOM POSTAGE", 15_000, 710),
    ("M", "Manual", 425, 571),
    ("C2", "CARRIAGE", 5_000, 144),
    ("S", "SAMPLES", 1_500, 63),
    ("BANK CHARGES", "Bank Charges", 1_500, 37),
    ("AMAZONFEE", "AMAZON FEE", 9_000, 34),
)

COLOURS: Final = "RED,PINK,BLUE,WHITE,IVORY,GREEN,BLACK,SILVER,ANTIQUE,VINTAGE,PASTEL,RUSTIC"
PATTERNS: Final = (
    "RETROSPOT,POLKADOT,PAISLEY,GINGHAM,STRIPED,FLORAL,STRAWBERRY,WOODLAND,HEART,STAR,DAISY,BUTTERFLY,"
    "REGENCY,SPACEBOY,DOLLY GIRL,SKULL"
)
THINGS: Final = (
    "MUG,TEACUP,CAKE TIN,LUNCH BOX,LUNCH BAG,APRON,TEA TOWEL,CUSHION COVER,T-LIGHT HOLDER,LANTERN,"
    "PHOTO FRAME,WALL CLOCK,DOORMAT,BUNTING,GIFT WRAP,GIFT BAG,NOTEBOOK,PENCIL CASE,WATER BOTTLE,"
    "JUMBO BAG,STORAGE JAR,CAKE STAND,DOORSTOP,JEWELLERY BOX"
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Codes, most popular first; POSTAGE and SERVICES at the end."""

    codes: list[str]
    descriptions: list[str]
    pence: Ints
    popularity: Floats  # cumulative, of the products only
    services: Floats  # cumulative, of SERVICES only

    def products(self, share: Floats) -> Ints:
        """Return the product whose cumulative popularity covers each *share* in [0, 1)."""
        return np.searchsorted(self.popularity, share, side="right")

    def service_codes(self, share: Floats) -> Ints:
        """Return the service whose cumulative share covers each *share* in [0, 1)."""
        return PRODUCTS + 1 + np.searchsorted(self.services, share, side="right")


def draw_catalogue(rng: Rng) -> Catalogue:
    """Draw PRODUCTS different five-digit codes, a fifth with a letter after it, each with its own description."""
    numbers = rng.choice(np.arange(20_000, 91_000), PRODUCTS, replace=False).tolist()
    letters = rng.choice(list("ABCDEFGHLPSN") + [""] * 48, PRODUCTS).tolist()
    names = [" ".join(words) for words in product(COLOURS.split(","), PATTERNS.split(","), THINGS.split(","))]
    chosen = rng.permutation(len(names))[:PRODUCTS].tolist()
    likely = np.asarray(PRICE_LINES) / sum(PRICE_LINES)
    pence = rng.choice(np.asarray(PRICE_PENCE), PRODUCTS, p=likely).astype(np.int64)
    extras = (POSTAGE, *SERVICES)
    rank = np.arange(1, PRODUCTS + 1)
    return Catalogue(
        codes=[f"{number}{letter}" for number, letter in zip(numbers, letters, strict=True)] + [e[0] for e in extras],
        descriptions=[names[i] for i in chosen] + [e[1] for e in extras],
        pence=np.concatenate((pence, [e[2] for e in extras])),
        popularity=_cumulative(rank**-POPULARITY_POWER * np.exp(-rank / POPULARITY_DECAY_RANKS)),
        services=_cumulative(np.asarray([float(service[3]) for service in SERVICES])),
    )


def _cumulative(weights: Floats) -> Floats:
    """Cumulative shares that end in exactly 1."""
    total = np.cumsum(weights)
    shares: Floats = total / total[-1]
    return shares
