#!/usr/bin/env bash
# Restore a file of backup.sh, on a new machine (after bootstrap.sh) or on this one:   restore.sh FILE
# Everything is as it was then: later data is gone, and revoked keys are valid again. The present state is moved to
# replaced/, and the running revision (on a new machine, the archive's) is deployed. This machine keeps its production.env;
# the archive's is put beside it. If it is killed at any point, run the same command again.
# Exit codes: 0 · 64 usage · 65 incomplete archive, nothing was changed · 69 no engine, no memory · 73 disk ·
# 75 busy · those of deploy.sh.
set -euo pipefail
export LC_ALL=C
bin=$(dirname "$(realpath "$0")")
home=$(dirname "$bin")
umask 077

file=${1:-} unpacked=$home/backups/.unpacked replaced=$home/replaced unfinished=$home/restore-unfinished
[[ $# == 1 && -r $file ]] || {
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
  exit 64
}
# shellcheck source=deploy/release.sh
source "$bin/release.sh"

ours() { docker ps --quiet --filter "label=com.docker.compose.project=$project" "$@"; }
# Print the folder of a volume; create the volume if there is none.
volume() {
  local labels=(--label "com.docker.compose.project=$project" --label "com.docker.compose.volume=$1")
  docker volume inspect "${project}_$1" >/dev/null 2>&1 || docker volume create "${labels[@]}" "${project}_$1" >/dev/null
  docker volume inspect --format '{{.Mountpoint}}' "${project}_$1"
}
# NAME PLACE: move a part of the archive to its place. What the first run found there is kept in replaced/.
put_back() {
  mkdir -p "$(dirname "$replaced/$1")"
  [[ ! -e $2 || -e $replaced/$1 ]] || mv "$2" "$replaced/$1"
  rm -rf "$2"
  mv "$unpacked/$1" "$2"
}

exec 9>"$home/lock"
flock --nonblock 9 || fail 75 "a deploy, a job or a backup is running"
docker info >/dev/null 2>&1 || fail 69 "the Docker engine does not answer"
[[ ! $(ours --filter label=com.docker.compose.oneoff=True) ]] || fail 75 "a job is running: try again when it has ended"

step unpack
trap 'rm -rf "$unpacked"' EXIT
rm -rf "$unpacked"
mkdir -p "$unpacked"
tar --extract --gzip --numeric-owner --same-permissions --file "$file" --directory "$unpacked" ||
  fail 65 "$file is incomplete, or the disk is full: nothing was changed"
for name in about keys/api_keys secrets production.env volumes/mongo-data volumes/models-live/champion volumes/secrets; do
  [[ -e $unpacked/$name ]] || fail 65 "$file is not from backup.sh: it has no $name; nothing was changed"
done
look_for_room # it ends with a deploy
release=$(release_of "$(live_colour)")
release=${release:-$(last_release)}
release=${release:-$(sed -n 's/^release=//p' "$unpacked/about")}

step stop
[[ -e $unfinished ]] || rm -rf "$replaced"
echo "$file" >"$unfinished"
mapfile -t containers < <(ours --all)
if ((${#containers[@]})); then
  docker stop --time 60 "${containers[@]}" >/dev/null
  docker rm "${containers[@]}" >/dev/null
fi

step replace
for at in "$unpacked"/volumes/*; do put_back "volumes/${at##*/}" "$(volume "${at##*/}")"; done
for name in keys secrets; do put_back "$name" "$home/$name"; done
cmp --quiet "$unpacked/production.env" "$home/production.env" || {
  mv "$unpacked/production.env" "$home/production.env.restored"
  say "the settings differ from the archive's: compare production.env with production.env.restored"
}
rm -rf "$unpacked" "$unfinished"
say "the data of $file is in place; if the deploy fails, only this is left to do: deploy.sh $release"
exec 9>&-
exec "$bin/deploy.sh" "$release"
