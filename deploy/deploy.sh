#!/usr/bin/env bash
# Put a revision of main live, or go back to the previous one, without a visitor noticing. Runs on the VM, as root.
#   deploy.sh SHA          40 hex digits, on origin/main
#   deploy.sh --accept-changed-answers SHA    even if its predictions differ from those of the running release
#   deploy.sh --rollback   the previous release, as it was built
#   deploy.sh --status     what serves, and the last deploys
# Lock, look, fetch, build, bring the data up to date, boot beside the old version, check it, switch, drain, stop the old
# version, record; train again if the trainer is another one. The old version serves until the switch. The next deploy
# finds what a killed one left running, and clears it away.
# Exit codes: 0 · 64 usage · 65 the revision or the settings are faulty, the old version serves · 69 no engine, origin or
# memory · 70 another failure: the last line says what serves · 73 disk · 75 busy, try later · 77 not on main, or older
# than the running version · 78 no API keys, production.env cannot be read, or no release to go back to.
set -euo pipefail
export LC_ALL=C
umask 022

bin=$(dirname "$(realpath "$0")")
home=$(dirname "$bin") # /srv/retention: repository, releases, keys, secrets, log, production.env

usage() {
  sed -n '2,/^# Lock/{/^# Lock/d;s/^# \{0,1\}//p}' "$0" >&2
  exit 64
}

# A lost connection ends only the reader of the log: the work runs in its own session.
in_its_own_session() {
  local log worker
  log=$home/log/$(date -u +%Y%m%dT%H%M%SZ)-$$.log
  mkdir -p "$home/log" || true
  head -c 65536 /dev/zero 2>/dev/null >"$log" || { # on a full disk the messages must still arrive
    rm -f "$log"
    log=/run/${log##*/}
  }
  : >"$log"
  trap '' HUP PIPE
  setsid "$0" --worker "$@" </dev/null >>"$log" 2>&1 &
  worker=$!
  tail --lines=+1 --follow --sleep-interval=0.2 --pid="$worker" "$log" || true
  wait "$worker"
}

action=deploy accept_changed_answers='' wanted='' words=1
[[ ${1:-} != --worker ]] || {
  worker=1
  shift
}
case ${1:-} in
  --rollback) action=rollback ;;
  --status) action=status ;;
  --accept-changed-answers) accept_changed_answers=1 wanted=${2:-} words=2 ;;
  *) wanted=${1:-} ;;
esac
[[ $# == "$words" && ($action != deploy || $wanted =~ ^[0-9a-f]{40}$) ]] || usage
[[ ${worker:-} || $action == status ]] || {
  in_its_own_session "$@"
  exit
}

# shellcheck source=deploy/release.sh
source "$bin/release.sh"
# shellcheck source=deploy/gate.sh
source "$bin/gate.sh"
# shellcheck source=deploy/tiers.sh
source "$bin/tiers.sh"
if [[ $action == status ]]; then
  status
  exit
fi

# The children of a killed deploy hold the lock too, so its work on containers ends before another deploy begins.
exec 9>"$home/lock"
# Of two deploys the newer revision wins: it waits for the older one, which is refused if it comes second.
# A rollback does not wait: another release might be serving by then.
busy="another deploy or a job is running"
flock --nonblock 9 || {
  [[ $action == deploy ]] || fail 75 "$busy"
  say "$busy: waiting"
  flock --timeout "${LOCK_WITHIN_S:-300}" 9 || fail 75 "$busy"
}
candidate='' old='' old_release='' switched='' mongo_touched='' edge_touched=''

# Undo everything, unless the switch has been confirmed.
undo() {
  local code=$?
  trap '' EXIT TERM INT
  set +e
  case $code in
    0) exit 0 ;;
    65 | 69 | 73 | 75 | 77 | 78 | 143) ;;
    *) code=70 ;;
  esac
  remove_trial
  if [[ $edge_touched && $old_release ]]; then (settings_that_served && put_edge "$old_release"); fi
  if [[ $switched ]] && ! switch_to "$switched"; then
    say "the edge cannot be switched back: $candidate stays, because the edge uses it"
    candidate=''
  fi
  if [[ $candidate && $(container "$candidate") ]]; then
    say "the last lines of the new container:"
    docker logs --tail 50 "$(container "$candidate")" 2>&1
    remove "$candidate" 5
  fi
  if [[ $mongo_touched && $old_release ]]; then (settings_that_served && put_mongo "$old_release"); fi
  journal "$action $wanted failed with $code at $at_step"
  old_release=$(release_of "$(live_colour)" 2>/dev/null)
  say "FAILED at '$at_step' (exit $code); ${old_release:-no known release} serves"
  exit "$code"
}
trap undo EXIT
trap 'exit 143' TERM INT

step look
look_at_the_machine
remove_trial # left by a killed deploy
revive
old=$(live_colour)
old_release=$(release_of "$old")
if [[ $action == rollback ]]; then
  wanted=$(release_before "$old_release")
  [[ $wanted ]] || fail 78 "there is no release to go back to"
else
  look_for_room
  step fetch
  fetch "$wanted" "$old_release"
  step build
  build "$wanted"
fi

step tiers
mongo_touched=1
bring_up_tiers "$wanted"
first_load "$wanted"
[[ $action == rollback ]] || { # what the old release took for granted; it goes on serving
  step refresh
  refresh "$wanted" || fail 65 "the data cannot be brought up to date"
}

step boot
old=$(live_colour)
candidate=$(other "$(colour_at_the_edge)")
remove "$candidate" # left by a killed deploy; no visitor uses it
compose "$wanted" up -d --no-build --no-deps "$candidate" || fail 65 "the new container cannot be started"
step ready
wait_until_ready "$candidate"
step smoke
against=$old
[[ $action == deploy ]] || against='' # a rollback compares nothing: that release has served, and this one may hang
ask_both "$candidate" "$wanted" "$against"

step edge
try_edge "$candidate" "$wanted" "$known"
edge_touched=1
put_edge "$wanted"
step switch
switched=$old
switch_to "$candidate"
serves_outside "$wanted" || fail 65 "the edge does not serve $wanted"
candidate='' switched='' mongo_touched='' edge_touched='' # from here on nothing is undone, and everything is finished
trap '' TERM INT

step drain
sleep "${DRAIN_S:-5}"
step stop
[[ ! $old ]] || remove "$old"
step record
record "$wanted"
journal "$action $wanted ok"
step refresh-again # the old release may have stored lines meanwhile; on the way back, what the newer one derived
refresh "$wanted" || say "the data was not brought up to date once more: the next deploy does it"
step prune
prune || say "some leftovers could not be removed: the next deploy will try again"
if [[ $action == deploy && $old_release && $old_release != "$wanted" ]]; then
  step retrain
  retrain "$wanted" "$old_release" || say "WARNING: no new model (exit $?), the old one goes on answering: see deploy/README.md"
fi
say "$wanted serves as $(live_colour), after $SECONDS s"
