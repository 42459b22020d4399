"""Customers looked up by id and by figures, as people and their systems do. scripts/load runs it."""

from __future__ import annotations

import random

from locust import FastHttpUser, constant_throughput, task

FIRST_ID, LAST_ID = 12_346, 18_287  # of Online Retail; of these ids some are nobody's, which is an answer too
NOT_FOUND = 404


class Shopkeeper(FastHttpUser):
    """Asks five times a second, whatever the answers take."""

    wait_time = constant_throughput(5)

    @task(9)
    def one_customer(self) -> None:
        """Ask about a customer who may exist."""
        question = {"customer_id": random.randint(FIRST_ID, LAST_ID)}  # noqa: S311 - any customer will do
        with self.client.post("/predict_churn_by_id", json=question, catch_response=True) as answer:
            if answer.status_code == NOT_FOUND:
                answer.success()

    @task(1)
    def figures(self) -> None:
        """Ask about figures."""
        self.client.post("/predict_churn", json={"Frequency": 7, "Monetary": 4310.0, "AvgOrderValue": 615.71})
