#!/usr/bin/env bash
# Go back to the release before the one that serves: its image is here, nothing is built. See deploy.sh.
exec "$(dirname "$(realpath "$0")")/deploy.sh" --rollback
