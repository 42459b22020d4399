"""The servers that the API is compared with, each in its own process: `python -m benchmarks.serve_ways WAY` on $PORT.

bare_asgi   reads the body and answers fixed bytes: the cost of the server itself
bare_echo   FastAPI with the API's request and response models, and a fixed response
echo        the API with its middleware, keys, limits and log, but a fixed response
older       reads all lines of the customer with motor, then pandas and a scikit-learn pipeline, for each request
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from fastapi import FastAPI

from inference import __main__ as product
from inference.prediction import service as asking
from inference.prediction.requests import CustomerQuestion  # noqa: TC001 - FastAPI reads the annotations
from inference.prediction.responses import CustomerAnswer  # noqa: TC001 - FastAPI reads the annotations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.types import Receive, Scope, Send

ANSWERS: Final = "BENCH_ANSWERS"  # names the file with the API's own answers
THRESHOLD: Final = 0.35
LAPSED_DAYS: Final = 90


def prepared() -> Mapping[int, CustomerAnswer]:
    """Return the API's own answers by customer id."""
    return {answer["customer_id"]: answer for answer in json.loads(Path(os.environ[ANSWERS]).read_bytes())["results"]}


def bare_asgi() -> None:
    """Serve fixed bytes from a plain ASGI application."""
    body = json.dumps(next(iter(prepared().values()))).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    serve(app)


def bare_echo() -> None:
    """Serve fixed responses from FastAPI alone."""
    answers, app = prepared(), FastAPI()

    @app.post("/predict_churn_by_id")
    async def predict(question: CustomerQuestion) -> CustomerAnswer:
        return answers[question.customer_id]

    serve(app)


def echo() -> None:
    """Serve fixed responses from the API, which does everything else as usual."""
    answers = prepared()

    async def answer(_: object, question: CustomerQuestion, __: str) -> CustomerAnswer:
        return answers[question.customer_id]

    setattr(asking, "about_customer", answer)  # noqa: B010 - mypy forbids assigning to a module's function
    sys.exit(product.main())


def older() -> None:
    """Serve as the older system did."""
    import pandas as pd
    import pymongo
    from motor.motor_asyncio import AsyncIOMotorClient
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    uri, name = os.environ["MONGO_URI"], os.environ["DB_NAME"]
    features = ["Frequency", "Monetary", "AvgOrderValue"]
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        customers = pd.DataFrame(client[name].customers.find({}, [*features, "Recency"]))
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(customers[features], customers["Recency"] > LAPSED_DAYS)
    transactions = AsyncIOMotorClient[dict[str, Any]](uri)[name].transactions
    app = FastAPI()

    @app.post("/predict_churn_by_id")
    async def predict(question: CustomerQuestion) -> dict[str, Any]:
        rows = await transactions.find({"CustomerID": question.customer_id}).to_list(None)
        lines = pd.DataFrame(rows)
        lines = lines[(lines["Quantity"] > 0) & (lines["UnitPrice"] > 0)]
        orders, spent = lines["InvoiceNo"].nunique(), float((lines["Quantity"] * lines["UnitPrice"]).sum())
        figures = pd.DataFrame([[orders, spent, spent / orders]], columns=features)
        probability = float(model.predict_proba(figures)[0, 1])
        return {
            "customer_id": question.customer_id,
            "churn_probability": probability,
            "churn_prediction": int(probability >= THRESHOLD),
        }

    serve(app)


def serve(app: FastAPI | Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
    """Run the application with the API's server options."""
    port = int(os.environ["PORT"])
    uvicorn.run(app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", ws="none", access_log=False)


WAYS: Final = {way.__name__: way for way in (bare_asgi, bare_echo, echo, older)}

if __name__ == "__main__":
    WAYS[sys.argv.pop(1)]()  # popped, because the API's command line takes no argument
