"""The models as arithmetic: probability, reasons, interval and segment of one customer. Pure."""
