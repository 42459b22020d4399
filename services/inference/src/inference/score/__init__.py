"""Scores of all customers, kept in step with their features and with the champion."""
