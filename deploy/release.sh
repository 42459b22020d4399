# shellcheck shell=bash
# Releases: what runs, building one, clearing up. Sourced by deploy.sh and compose, which set `home`. State is read from
# what runs: the container whose colour the edge names serves, and its image's tag is the release.

: "${home:?}"
say() { printf '%s deploy: %s\n' "$(date -u +%H:%M:%S)" "$*" || true; } # a full disk must not end us half-way
step() {
  # shellcheck disable=SC2034 # deploy.sh reports the step that failed
  at_step=$1
  say "step: $1"
}
fail() {
  say "$2" >&2
  exit "$1"
}
journal() { echo "$(date -u +%FT%TZ) $* after $SECONDS s" >>"$home/log/deploys" || say "log/deploys cannot be written"; }

# Another shell reads the file first, so that a typo that becomes a command ends only that shell.
settings() {
  [[ -e $1 ]] || return 0
  home=$home bash -eu -c 'source "$1"' - "$1" >/dev/null || fail 78 "$1 cannot be read, see above: quote values that contain spaces"
  set -a
  # shellcheck source=/dev/null
  source "$1"
  set +a
}
settings "$home/production.env"
project=${COMPOSE_PROJECT_NAME:-retention}
export COMPOSE_PROJECT_NAME=$project
export API_KEYS_DIR=$home/keys
list=$home/releases/served # releases that have served, newest last; served.env has the settings of the newest

# A child dies with us, which frees the lock. With `outlive` it survives us and our process group and holds the lock: a
# container that is stopped for replacement must be started again.
docker() { if [[ ${outlive:-} ]]; then setsid --wait docker "$@"; else setpriv --pdeathsig KILL docker "$@"; fi; }
# SECONDS COMMAND: dies with timeout, which dies with us.
within() { setpriv --pdeathsig KILL timeout "$1" setpriv --pdeathsig KILL "${@:2}"; }
compose() {
  local at=$home/releases/$1
  shift
  docker compose --progress plain --project-directory "$at" -f "$at/docker-compose.yml" \
    -f "$at/deploy/compose.prod.yml" --env-file "$at/deploy/images.env" --env-file "$at/release.env" "$@"
}

# What runs

container() {
  docker ps --all --quiet --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$1" --filter "label=com.docker.compose.oneoff=False"
}
is_running() { [[ $1 && $(docker inspect -f '{{.State.Running}}' "$1" 2>/dev/null) == true ]]; }
other() { case $1 in blue) echo green ;; green) echo blue ;; *) return 1 ;; esac }
runs_image() { [[ $(docker inspect -f '{{.Config.Image}}' "$(container "$1")" 2>/dev/null) == "$2" ]]; }
# It fails rather than guess, because the other colour is removed.
colour_at_the_edge() {
  local edge
  edge=$(container edge)
  [[ $(docker exec "$edge" cat /live/colour) =~ ^(blue|green)$ ]] ||
    fail 70 "the edge does not name a colour: 'docker restart $edge', or write blue or green into its /live/colour"
  echo "${BASH_REMATCH[1]}"
}

# The colour that serves; empty if there is none, or no edge. It fails if an edge runs and names none.
live_colour() {
  local colour
  if is_running "$(container edge)"; then
    colour=$(colour_at_the_edge) || return
    [[ ! $(container "$colour") ]] || echo "$colour"
  fi
}
release_of() {
  [[ ! ${1:-} ]] || docker inspect -f '{{.Config.Image}}' "$(container "$1")" | sed 's/.*://'
}
last_release() { [[ ! -e $list ]] || tail -n 1 "$list"; }
# The release before this one; the last recorded one if this one was never recorded.
release_before() {
  [[ -e $list ]] || return 0
  awk -v now="$1" '$1 == now { found = 1; print before; exit } { before = $1 } END { if (!found) print before }' "$list"
}

# Before

look_at_the_machine() {
  local busy
  [[ ! -e $home/restore-unfinished ]] || fail 75 "a restore is unfinished: run 'restore.sh $(<"$home/restore-unfinished")' again; if that file is gone, see deploy/README.md"
  [[ -s $home/keys/api_keys ]] || fail 78 "there are no API keys in $home/keys/api_keys: see deploy/README.md"
  docker info >/dev/null 2>&1 || fail 69 "the Docker engine does not answer"
  busy=$(docker ps --filter "label=com.docker.compose.project=$project" --format '{{.Label "com.docker.compose.service"}}' |
    grep -xE 'seeder|trainer' || true)
  [[ ! $busy ]] || fail 75 "the ${busy//$'\n'/ and the } is running: try again when it has ended"
}
# Needed for building and starting a new version, not for going back.
look_for_room() {
  local root free_kb memory_kb
  root=$(docker info -f '{{.DockerRootDir}}')
  free_kb=$(df --output=avail -k "$root" "$home" | tail -n +2 | sort --numeric-sort | head -n 1)
  ((free_kb >= ${MIN_FREE_MB:-2048} * 1024)) ||
    fail 73 "$((free_kb / 1024)) MB are free under $root or $home, a deploy needs ${MIN_FREE_MB:-2048}: see 'disk full' in deploy/README.md"
  memory_kb=$(awk '/^(MemAvailable|SwapFree):/ { sum += $2 } END { print sum }' /proc/meminfo)
  ((memory_kb >= ${MIN_MEMORY_MB:-400} * 1024)) ||
    fail 69 "$((memory_kb / 1024)) MB of memory and swap are free, a second API and a build need ${MIN_MEMORY_MB:-400}"
}
# SHA SERVING: put exactly that revision into releases/SHA.
fetch() {
  local repository=$home/repository at=$home/releases/$1 new=$home/releases/.new
  find "$repository" -name '*.lock' -type f -delete # left by a killed fetch: we hold the deploy lock
  # gc must not continue in the background, and git's children must not hold our lock. No tags: one may be called main.
  within 300 git -C "$repository" -c gc.autoDetach=false fetch --quiet --no-tags origin \
    '+refs/heads/main:refs/heads/main' 9>&- || fail 69 "cannot fetch from origin"
  git -C "$repository" merge-base --is-ancestor "$1" refs/heads/main 2>/dev/null || fail 77 "$1 is not on origin/main"
  if [[ $2 && $2 != "$1" ]] && git -C "$repository" merge-base --is-ancestor "$1" "$2" 2>/dev/null; then
    fail 77 "$1 is older than the running $2: to go back, roll back or revert"
  fi
  rm -rf "$new"
  mkdir -p "$new"
  git -C "$repository" archive "$1" | tar -x -C "$new"
  (cd "$new" && keys "$1" >release.env) 9>&- || fail 65 "the sources of mongo or the edge are not where deploy/release.sh expects them, or cannot be pulled"
  rm -rf "$at"
  mv "$new" "$at"
  say_what_drifted "$at"
}
# Run in a release's folder: print its tags. Those of mongo and the edge are hashes of what their images are built from,
# without the edge's page.
keys() {
  local mongo edge
  from PYTHON_IMAGE >/dev/null && [[ -s deploy/edge/Caddyfile ]] &&
    mongo=$({ cat services/mongo/start.sh && stage mongo && which MONGO_IMAGE; } | key) &&
    edge=$({ cat deploy/edge/Dockerfile && which CADDY_IMAGE; } | key) &&
    printf '%s\n' "RELEASE=$1" "MONGO_RELEASE=$mongo" "EDGE_RELEASE=$edge"
}
key() { sha256sum | cut -c1-12; }
stage() { awk -v stage="$1" '$NF == stage && $(NF - 1) == "AS" { found = 1 } found; END { exit !found }' services/Dockerfile; }
# The image that a variable names, in the environment or else in images.env.
from() { if [[ ${!1:-} ]]; then echo "${!1}"; else grep "^$1=" deploy/images.env | cut -d= -f2-; fi; }
# Its id: pulling the name again changes it, on purpose.
which() {
  local name
  name=$(from "$1") || return
  docker image inspect "$name" >/dev/null 2>&1 || docker pull --quiet "$name" >/dev/null || return
  docker image inspect -f '{{.Id}}' "$name"
}
say_what_drifted() {
  local file drifted=''
  for file in "$home"/bin/*; do cmp -s "$file" "$1/deploy/${file##*/}" || drifted+=" ${file##*/}"; done
  [[ ! $drifted ]] || say "WARNING: scripts on this machine differ from the release:$drifted; run bootstrap.sh, a deploy does not update them"
}

# Build the images of a release one by one, to keep the memory peak low. Existing images are not built again.
build() {
  local at=$home/releases/$1 service python mongo caddy
  compose "$1" --profile '*' config --quiet || fail 65 "the compose files of $1 are invalid"
  python=$(cd "$at" && from PYTHON_IMAGE) mongo=$(cd "$at" && from MONGO_IMAGE) caddy=$(cd "$at" && from CADDY_IMAGE)
  for service in init inference seeder trainer; do
    image "retention-$service:$1" "$at" -f "$at/services/Dockerfile" --target "$service" \
      --build-arg "PYTHON_IMAGE=$python" --build-arg "GIT_REVISION=$1"
  done
  image "retention-mongo:$(tag "$1" MONGO_RELEASE)" "$at" -f "$at/services/Dockerfile" --target mongo \
    --build-arg "PYTHON_IMAGE=$python" --build-arg "MONGO_IMAGE=$mongo"
  image "retention-edge:$(tag "$1" EDGE_RELEASE)" "$at/deploy/edge" --build-arg "CADDY_IMAGE=$caddy"
}
tag() { sed -n "s/^$2=//p" "$home/releases/$1/release.env"; }
image() {
  local name=$1 context=$2 log=$home/log/build
  shift 2
  ! docker image inspect "$name" >/dev/null 2>&1 || return 0
  say "building $name"
  # shellcheck disable=SC2086 # BUILD_CGROUP bounds the memory of a build (bootstrap.sh makes the slice)
  within "${BUILD_WITHIN_S:-1200}" docker build --progress plain --tag "$name" \
    --label "retention.project=$project" ${BUILD_CGROUP:+--cgroup-parent "$BUILD_CGROUP"} "$@" "$context" >"$log" 2>&1 || {
    tail -n 50 "$log"
    fail 65 "$name cannot be built"
  }
}

# RELEASE SERVICE: run a repeatable job to its end.
once() {
  compose "$1" up -d --no-build --no-deps "$2" || fail 65 "$2 cannot be started"
  [[ $(within 90 docker wait "$(container "$2")") == 0 ]] ||
    fail 65 "$2 has failed: $(docker logs --tail 20 "$(container "$2")" 2>&1)"
}

# Without a model: load the first data and train the first model, as 'docker compose up' does.
first_load() {
  local live
  live=$(docker volume inspect -f '{{.Mountpoint}}' "${project}_models-live" 2>/dev/null || true)
  [[ ! -s $live/champion ]] || return 0
  step first-load
  compose "$1" run --rm -T --no-deps seeder || fail 65 "the first data cannot be loaded"
  compose "$1" run --rm -T --no-deps trainer || fail 65 "the first model cannot be trained"
}

# RELEASE: mark and derive again what another release stored and derived; 2 s for 541,909 lines. An API of another release
# goes on answering: it computes a customer from the orders instead of using what we derived.
refresh() { compose "$1" run --rm -T --no-deps seeder refresh; }

# RELEASE BEFORE: train again where a model would come out otherwise: other sources of the trainer or the library. The
# gate decides whether the new model serves (3: the old one stays).
retrain() {
  local part
  for part in trainer shared; do
    diff -qr "$home/releases/$2/services/$part/src" "$home/releases/$1/services/$part/src" >/dev/null 2>&1 || {
      compose "$1" run --rm -T --no-deps trainer train
      return
    }
  done
}

# After

# Drop what the list has from SHA on, then append SHA, so that rolling back twice goes back two. Three are kept.
record() {
  {
    [[ ! -e $list ]] || awk -v now="$1" '$1 == now { exit } { print }' "$list"
    echo "$1"
  } | tail -n 3 >"$list.new"
  mv "$list.new" "$list"
  [[ ! -e $home/production.env ]] || install -m 600 "$home/production.env" "$list.env"
}
# In a subshell: restore the settings with which the last release went live, not those edited since.
settings_that_served() {
  [[ -e $list.env ]] || return 0
  # shellcheck disable=SC2046 # names
  unset $(sed -nE 's/^([A-Za-z_]+)=.*/\1/p' "$home/production.env")
  settings "$list.env"
}

# Remove releases and images that are not on the list.
prune() {
  local kept tags image at
  mapfile -t kept <"$list"
  tags=$(for release in "${kept[@]}"; do cut -d= -f2 "$home/releases/$release/release.env"; done)
  for image in $(docker images --filter "label=retention.project=$project" --format '{{.Repository}}:{{.Tag}}'); do
    grep -qxF "${image#*:}" <<<"$tags" || docker rmi "$image" >/dev/null || true
  done
  for at in "$home"/releases/*/; do
    at=${at%/}
    [[ " ${kept[*]} " == *" ${at##*/} "* ]] || rm -rf "$at"
  done
  find "$home/log" -name '*.log' -mtime +90 -delete
  docker builder prune --force --keep-storage 2GB >/dev/null 2>&1 || true
}

status() {
  local colour none=nothing
  colour=$(live_colour) || none=unknown
  echo "serves: $(release_of "$colour") ${colour:-$none}"
  echo "before: $(release_before "$(release_of "$colour")")"
  docker ps --all --filter "label=com.docker.compose.project=$project" --format 'table {{.Label "com.docker.compose.service"}}\t{{.Status}}\t{{.Image}}'
  tail -n 5 "$home/log/deploys" 2>/dev/null || true
}
