#!/usr/bin/env bash
# Replace secrets on the machine, as root:   rotate.sh passwords | signing-key | id-hash-key
#   passwords     of all database users
#   signing-key   of models: trains a new model; all models published before are refused from then on
#   id-hash-key   of the log: every customer gets another name in it
# The identity key, which turns e-mails into customer numbers, is never replaced: every such customer would be another one.
# If it is killed at any point, run the same command again.
# Exit codes: 0 · 64 usage · 65 it failed · 75 a deploy or a job is running · 78 nothing serves · 3 the gate refused the
# new model.
set -euo pipefail
export LC_ALL=C
bin=$(dirname "$(realpath "$0")")
home=$(dirname "$bin")
umask 022

what=${1:-}
[[ $# == 1 && $what =~ ^(passwords|signing-key|id-hash-key)$ ]] || {
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
  exit 64
}
# shellcheck source=deploy/release.sh
source "$bin/release.sh"
# shellcheck source=deploy/gate.sh
source "$bin/gate.sh"

# Start the other colour of the same release, which reads the new secrets. The old one keeps its connections until then.
replace_api() {
  local candidate
  candidate=$(other "$colour")
  step boot
  remove "$candidate" # left by a killed command; no visitor uses it
  compose "$serving" up -d --no-build --no-deps "$candidate"
  step ready
  wait_until_ready "$candidate"
  step smoke
  ask_both "$candidate" "$serving" "$colour"
  step switch
  switch_to "$candidate"
  serves_outside "$serving" || fail 65 "the edge does not serve $candidate"
  sleep "${DRAIN_S:-5}"
  step stop
  remove "$colour"
}

exec 9>"$home/lock"
flock --nonblock 9 || fail 75 "a deploy or a job is running"
colour=$(live_colour) serving=$(release_of "$colour")
[[ $serving ]] || fail 78 "nothing serves: deploy first"

step look
once "$serving" mongo-users # after a killed rotation: the database must know the passwords that are about to be replaced
step renew
compose "$serving" run --rm -T --no-deps init \
  /app/make_secrets.py --directory /secrets --host mongo:27017 --renew "$what"
case $what in
  signing-key)
    step train
    build "$serving" # clearing the disk may have removed the jobs' images
    compose "$serving" run --rm -T --no-deps trainer train || {
      code=$?
      fail "$code" "the model in memory answers until the next start: see 'retention-compose run --rm trainer list', then promote one"
    }
    ;;
  passwords)
    step users
    once "$serving" mongo-users
    replace_api
    ;;
  *) replace_api ;;
esac
journal "rotate $what ok"
say "$what: replaced, after $SECONDS s"
