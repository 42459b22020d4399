"""The database engine: the only part of the library with a driver."""
