"""The library shared by all services: transaction lines, features, scoring, the model registry and the database."""
