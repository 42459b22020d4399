"""What every request passes before an endpoint: protocol, log, guard, admission, body, problems."""
