#!/usr/bin/env bash
# Go back to the previous release: its image is still here, nothing is built. See deploy.sh.
exec "$(dirname "$(realpath "$0")")/deploy.sh" --rollback
