"""What people look at: one page with the figures and plots of a model, each plot as a picture, and the model card."""

from trainer.report.content import Band, ReportData, WeightedTerm, single_order_bands
from trainer.report.write import write_report

__all__ = ["Band", "ReportData", "WeightedTerm", "single_order_bands", "write_report"]
