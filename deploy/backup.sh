#!/usr/bin/env bash
# Save in one file what exists nowhere else, while the API serves:   backup.sh [FILE]
# The file has the database, models, keys and secrets, all as of one moment. Reads continue; writes wait during the copy.
# Without FILE: backups/TIME.tar.gz, of which the last seven are kept. It is as secret as its contents.
# If it is killed at any point, it leaves no partial archive and no lock. restore.sh puts everything back.
# Exit codes: 0 · 64 usage · 65 the copy failed · 73 disk · 75 a deploy or a job has been running for ten minutes ·
# 78 nothing serves.
set -euo pipefail
export LC_ALL=C
bin=$(dirname "$(realpath "$0")")
home=$(dirname "$bin")
umask 077

file=${1:-$home/backups/$(date -u +%Y%m%dT%H%M%SZ).tar.gz}
copy=$home/backups/.copy
[[ $# -le 1 && $file == *.tar.gz ]] || {
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
  exit 64
}
# shellcheck source=deploy/release.sh
source "$bin/release.sh"

volume() { docker volume inspect --format "{{.Mountpoint}}" "${project}_$1"; }
volumes=(secrets mongo-data models-versions models-live)

# Lock the champion, then hold the database's writes, until let_go. Both locks end with us at the latest.
hold() {
  exec 8<"$(volume models-live)/champion.log"
  flock --timeout 60 8 || fail 65 "the champion has been locked for a minute: try again"
  docker rm --force "$holder" >/dev/null 2>&1 || true # left by a killed backup, whose lock this one releases
  coproc HOLDER { holding --at-most "${HOLD_AT_MOST_S:-60}"; }
  # shellcheck disable=SC2153 # coproc sets HOLDER_PID
  holder_pid=$HOLDER_PID holder_input=${HOLDER[1]}
  read -r -t 90 -u "${HOLDER[0]}" said && [[ $said == held ]] || fail 65 "cannot hold MongoDB's writes: see above"
}
holding() {
  compose "$serving" run --rm -T --no-deps --name "$holder" mongo-users \
    /app/hold_writes.py --uri-file /secrets/admin/mongo_uri "$@"
}
let_go() {
  exec {holder_input}>&-
  wait "$holder_pid" || fail 65 "the writes were not held until the copy was complete: nothing was kept"
  holder_pid=''
  exec 8<&-
}
tidy() {
  local code=$?
  trap '' EXIT TERM INT
  [[ ! $holder_pid ]] || { docker rm --force "$holder" && holding </dev/null; } >/dev/null 2>&1
  rm -rf "$copy" "$file.new"
  ((!code)) || say "FAILED (exit $code): nothing was kept"
  exit "$code"
}
size() { du --human-readable --summarize "$1" | cut -f1; }

exec 9>"$home/lock"
flock --timeout "${LOCK_WITHIN_S:-600}" 9 || fail 75 "a deploy or a job is running"
serving=$(release_of "$(live_colour)") holder=$project-hold-writes holder_pid=''
serving=${serving:-$(last_release)} # without the edge, the running release is unknown
[[ $serving ]] || fail 78 "nothing serves: deploy first"
mkdir -p "$(dirname "$file")" "$home/backups"
trap tidy EXIT
trap 'exit 143' TERM INT
rm -rf "$copy" "$home"/backups/*.new
mkdir -p "$copy/volumes"
needed_kb=$(($(du -s "$(volume mongo-data)" | cut -f1) * 2)) free_kb=$(df --output=avail -k "$copy" | tail -1)
((free_kb > needed_kb)) || fail 73 "$((free_kb / 1024)) MB are free, a copy and its archive may need $((needed_kb / 1024))"

step hold
hold
step copy
for name in "${volumes[@]}"; do cp --archive --sparse=always "$(volume "$name")" "$copy/volumes/$name"; done
cp --archive "$home/keys" "$home/secrets" "$home/production.env" "$copy"
step let-go
let_go

step pack
rm -rf "$copy"/volumes/mongo-data/{diagnostic.data,mongod.lock}
printf 'release=%s\nmade=%s\n' "$serving" "$(date -u +%FT%TZ)" >"$copy/about"
nice tar --create --numeric-owner --sparse --directory "$copy" . | nice gzip --fast >"$file.new"
sync "$file.new"
mv "$file.new" "$file"
said="$file: $(size "$file"), database $(size "$copy/volumes/mongo-data"), models $(size "$copy/volumes/models-versions")"
say "$said; after $SECONDS s"
echo "$(date -u +%FT%TZ) $said" >>"$home/log/backups"
[[ ${1:-} ]] || find "$home/backups" -maxdepth 1 -name '*.tar.gz' | sort | head --lines=-7 | xargs --no-run-if-empty rm
