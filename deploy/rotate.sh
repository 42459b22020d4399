#!/usr/bin/env bash
# Make secrets anew, on the machine, as root:   rotate.sh passwords | signing-key | id-hash-key
#   passwords     of every user of the database
#   signing-key   of models: a new model is trained, all that were published before are refused from then on
#   id-hash-key   by which the log names customers: who was one name until now is another one
# Killed at any point, the same command again brings it to an end.
# Exit codes: 0 · 64 usage · 65 it did not work · 75 a deploy or a job is under way · 78 nothing serves · 3 the gate refuses
# the model that was trained.
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

# The other colour, of the same release: whoever is started reads the secrets. What serves lives on its connections until then.
replace_api() {
  local candidate
  candidate=$(other "$colour")
  step boot
  remove "$candidate" # left by something that was killed: it serves nobody
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
flock --nonblock 9 || fail 75 "a deploy or a job is under way"
colour=$(live_colour) serving=$(release_of "$colour")
[[ $serving ]] || fail 78 "nothing serves: deploy first"

step look
once "$serving" mongo-users # a killed rotation's: the database has to know the passwords that are replaced now
step renew
compose "$serving" run --rm -T --no-deps init \
  /app/make_secrets.py --directory /secrets --host mongo:27017 --renew "$what"
case $what in
  signing-key)
    step train
    build "$serving" # a disk that was cleared has lost the images of jobs
    compose "$serving" run --rm -T --no-deps trainer train || {
      code=$?
      fail "$code" "the model in memory answers until the next start: 'retention-compose run --rm trainer list', then promote one"
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
say "$what: new, after $SECONDS s"
