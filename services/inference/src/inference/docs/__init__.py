"""The documentation of the API: OpenAPI document and Swagger UI."""
