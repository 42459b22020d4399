#!/usr/bin/env bash
# Start mongod, or say once why it cannot be: exit code 78, with the steps.
#   start-mongod [OPTION...]  look, then become mongod
#   start-mongod check        only look
set -euo pipefail

data=/data/db
marker=$data/release-line # which release line writes this volume; made before mongod's first write

refuse() {
  printf 'mongo: %s\n' "$@" >&2
  exit 78
}

# Without AVX mongod dies of an illegal instruction, possibly before it can say its version.
version=$(mongod --version 2>/dev/null | sed -n 's/^db version v//p' || true)
major=${version%%.*}
line=$major.$(cut -d. -f2 <<<"$version")
if [[ $(uname -m) == x86_64 && ${major:-5} -ge 5 ]] && ! grep -qw avx /proc/cpuinfo; then
  refuse "MongoDB ${version:-5 and later} needs a CPU with AVX, and this one has none." \
    "In a virtual machine: let it see the host's CPU (QEMU: -cpu host). Otherwise run this on another machine."
fi
[[ $version ]] || refuse "mongod does not run here: try 'docker compose run --rm mongo-check' with another MONGO_IMAGE."

afresh="To start afresh with $line: 'docker compose down --volumes', then 'docker compose up' (files have to be loaded again)."
if [[ -e $marker ]]; then
  written_by=$(<"$marker")
  [[ $written_by == "$line" ]] || refuse \
    "the data volume was written by MongoDB $written_by and this is MongoDB $line: nothing was changed." \
    "To go on with the data:   put MONGO_IMAGE=mongo:$written_by into .env, then 'docker compose up'." \
    "$afresh"
elif [[ -e $data/WiredTiger ]]; then
  refuse "the data volume holds a database, and no $marker says which MongoDB wrote it: nothing was changed." \
    "If MongoDB $line did: docker compose run --rm --no-deps --entrypoint sh mongo-check -c 'echo $line >$marker'" \
    "$afresh"
fi
[[ ${1:-} != check ]] || exit 0

if [[ ! -e $marker ]]; then
  # Whole or not at all: a first start that is killed leaves the marker, or an empty volume.
  echo "$line" >"$marker.new"
  sync "$marker.new"
  mv "$marker.new" "$marker"
fi

options=(
  --auth
  --bind_ip_all                           # inside the container's own network, of which nothing is published
  --wiredTigerCacheSizeGB 0.25            # the size that lives on a 1 GiB machine
  --networkMessageCompressors disabled    # nothing to gain on one machine, and their parsers have had holes
  --noscripting                           # no JavaScript in the server: $where, $function, mapReduce
  --nounixsocket
  --quiet                                 # a health check is a connection: it is not worth three log lines
)
exec mongod "${options[@]}" "$@"
