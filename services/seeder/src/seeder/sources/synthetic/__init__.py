"""Synthetic transactions, shaped like the published Online Retail: data for a machine that is offline.

Customers place orders (customers.py); these, with returns, anonymous sales and stock adjustments, are the invoices
(invoices.py); each of their lines gets a product (products.py), a quantity and a price (lines.py). All this becomes raw
rows, with a few bad ones for the loader to find (table.py), which can be written as CSV (csv_export.py).

Source of the figures: "Online Retail", UCI Machine Learning Repository (CC BY 4.0).
"""

from seeder.sources.synthetic.csv_export import write_csv
from seeder.sources.synthetic.table import synthetic_rows

__all__ = ["synthetic_rows", "write_csv"]
