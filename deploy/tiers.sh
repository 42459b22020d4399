# shellcheck shell=bash
# What the API stands on: mongo and the edge, one each. Another one is tried beside them first, where no visitor is. Sourced by
# deploy.sh, after release.sh and gate.sh.

: "${home:?}" "${bin:?}" "${project:?}" "${list:?}"
trial=$project-trial # a container of seconds

# What docker-compose.yml gives every container, for those that it does not start: tests/e2e/hardening.py has the rules.
confined=(--label "retention.project=$project" --read-only --tmpfs '/tmp:size=16m,mode=1777,noexec,nosuid,nodev'
  --cap-drop ALL --security-opt no-new-privileges:true --memory 48m --pids-limit 512 --cpus 1 --ulimit nofile=4096
  --log-driver json-file --log-opt max-size=10m --log-opt max-file=3)

remove_trial() { docker rm --force --volumes "$trial" >/dev/null 2>&1 || true; }
# OPTION...: made, not started.
create_trial() {
  remove_trial
  docker create --name "$trial" "${confined[@]}" "$@" >/dev/null
}
trial_lasts() { is_running "$trial" || fail 65 "$1 has ended: $(docker logs --tail 5 "$trial" 2>&1)"; }

# What a power cut or somebody's hand left down, as the last release had it: how else is one to know who serves?
revive() {
  local last
  last=$(last_release)
  if [[ $last && $(container mongo)$(container edge) ]] && ! { is_running "$(container mongo)" && is_running "$(container edge)"; }; then
    say "mongo or the edge is down: starting it as $last had it"
    (settings_that_served && compose "$last" up -d --no-build --no-deps mongo edge) || say "it does not start: going on"
  fi
}

# RELEASE: of what no trial shows, mongo and the edge keep what they have in the last release: where they are reached,
# where they write, how much they may take. What has served may serve again.
keep_what_they_have() {
  local last less
  last=$(last_release)
  [[ $last && ! ${LESS_IS_MEANT:-} ]] && ! grep -qxF "$1" "$list" || return 0
  less=$({
    configuration "$last" 2>/dev/null || echo '{}' # it may want settings that are gone
    configuration "$1"
  } | jq --slurp --raw-output '
    def had: . as $all | ("mongo", "edge") as $name | .services[$name] | "\($name): " + (
      (.ports[]? | "port \([.host_ip // empty, .published] | join(":")) to \(.target)"),
      (.volumes[]? | "volume \($all.volumes[.source // ""].name // .source // .type) at \(.target)\(if .read_only then " to read" else "" end)"),
      (.networks // {} | keys[] | "network \(.)"));
    .[0] as $was | .[1] as $is | ([$was | had] - [$is | had])[], (
      ("mongo", "edge") as $name | ("mem_limit", "cpus", "pids_limit") as $what | [$was, $is | .services[$name][$what]] |
      select((.[0] // 0 | tonumber) > (.[1] // infinite | tonumber)) | "\($name): \($what) of \(.[0])")')
  [[ ! $less ]] || fail 65 "lost, of what $last has: ${less//$'\n'/, }. If that is meant: LESS_IS_MEANT=1 $bin/deploy.sh $1"
}
configuration() { compose "$1" --profile '*' config --format json; }

# Mongo

# What the API stands on. Each by itself: Compose replaces what stands on something replaced, and init's image is new
# with every release. An edge that runs stays what it is until the new container has passed.
bring_up_tiers() {
  keep_what_they_have "$1"
  once "$1" init
  once "$1" mongo-check
  if [[ $(container mongo) ]] && ! runs_image mongo "retention-mongo:$(tag "$1" MONGO_RELEASE)"; then try_mongo "$1"; fi
  put_mongo "$1"
  is_running "$(container edge)" || compose "$1" up -d --no-build --no-deps edge || fail 65 "the edge cannot be started"
}
# Mongo and its users, as a release has them: replaced where something has changed.
put_mongo() {
  local was
  was=$(container mongo)
  outlive=1 compose "$1" up -d --no-build --no-deps mongo || fail 65 "mongo cannot be started"
  (once "$1" mongo-users) || fail 65 "mongo's users cannot be made; mongo says: $(docker logs --tail 5 "$(container mongo)" 2>&1)"
  [[ ! $was || $was == "$(container mongo)" ]] || say "mongo has changed: it was replaced, and away for seconds"
}
# RELEASE: another mongod comes up, on no data.
try_mongo() {
  local until=$((SECONDS + 60))
  create_trial --network none --memory 512m "retention-mongo:$(tag "$1" MONGO_RELEASE)"
  docker start "$trial" >/dev/null
  until docker exec "$trial" bash -c 'exec 3<>/dev/tcp/127.0.0.1/27017' 2>/dev/null; do
    trial_lasts "the new mongod, tried on no data,"
    ((SECONDS < until)) || fail 65 "the new mongod, tried on no data, does not listen: $(docker logs --tail 5 "$trial" 2>&1)"
    sleep 0.3
  done
  remove_trial
}

# The edge

page() { echo "$home/releases/$1/deploy/edge/Caddyfile"; }
# COLOUR RELEASE CUSTOMER: through the release's edge the new container answers as a visitor will ask it, and that edge can
# be told another page again.
try_edge() {
  local image where until=$((SECONDS + 10))
  image=retention-edge:$(tag "$2" EDGE_RELEASE)
  create_trial --network "${project}_inside" --env SITE=http:// --volume /live --volume /data "$image"
  docker cp --quiet "$(page "$2")" "$trial:/live/Caddyfile"
  docker start "$trial" >/dev/null
  read_page "$trial" || fail 65 "the new edge does not come up, or cannot be told a page: $(
    docker logs --tail 3 "$trial" 2>&1 # `caddy run` does not say what is wrong with a page
    docker run --rm --interactive --network none "${confined[@]}" --entrypoint caddy "$image" \
      validate --adapter caddyfile --config - 2>&1 <"$(page "$2")" | tail -n 1
  )"
  switch_to "$1" "$trial"
  where=$(address "$trial" 8080)
  until [[ $(version "$where") == "$2" && $(predicted "$where" "$3") == 200\ * ]]; do
    trial_lasts "the new edge"
    ((SECONDS < until)) || fail 65 "through the new edge the new container answers $(predicted "$where" "$3")"
    sleep 0.3
  done
  remove_trial
}

# RELEASE: its edge. A page is read while visitors are served; what else has changed replaces the container.
put_edge() {
  local was
  was=$(container edge)
  docker run --rm --interactive --network none "${confined[@]}" --volume "${project}_edge-live:/live" \
    --entrypoint sh "retention-edge:$(tag "$1" EDGE_RELEASE)" -c 'cat >/live/.page && mv /live/.page /live/Caddyfile' <"$(page "$1")" ||
    fail 65 "the edge's page cannot be written"
  # Whoever takes longer than these seconds to be answered is cut off: nobody else is served until the old edge is gone.
  outlive=1 compose "$1" up -d --no-build --no-deps --timeout 3 edge || fail 65 "the edge cannot be started"
  read_page "$(container edge)" || fail 65 "the edge does not take its page: $(docker logs --tail 5 "$(container edge)" 2>&1)"
  [[ ! $was || $was == "$(container edge)" ]] || say "the edge has changed: it was replaced, and away for a second"
}
# CONTAINER: where it has read that very page, nothing happens.
read_page() {
  for _ in {1..10}; do # it may just have been started
    ! docker exec "$1" caddy reload --config /live/Caddyfile --address unix//tmp/admin.sock >/dev/null 2>&1 || return 0
    sleep 0.3
  done
  return 1
}
