# shellcheck shell=bash
# What the API depends on: mongo and the edge, one each. A new one is first tried beside them, where no visitor is. Sourced
# by deploy.sh, after release.sh and gate.sh.

: "${home:?}" "${bin:?}" "${project:?}" "${list:?}"
trial=$project-trial # a container that lives for seconds

# The confinement of docker-compose.yml, for containers that Compose does not start: tests/e2e/hardening.py has the rules.
confined=(--label "retention.project=$project" --read-only --tmpfs '/tmp:size=16m,mode=1777,noexec,nosuid,nodev'
  --cap-drop ALL --security-opt no-new-privileges:true --memory 48m --pids-limit 512 --cpus 1 --ulimit nofile=4096
  --log-driver json-file --log-opt max-size=10m --log-opt max-file=3)

remove_trial() { docker rm --force --volumes "$trial" >/dev/null 2>&1 || true; }
# OPTION...: create the trial container, without starting it.
create_trial() {
  remove_trial
  docker create --name "$trial" "${confined[@]}" "$@" >/dev/null
}
trial_lasts() { is_running "$trial" || fail 65 "$1 has ended: $(docker logs --tail 5 "$trial" 2>&1)"; }

# Start what a power cut or a person stopped, as the last release had it: without it nobody knows what serves.
revive() {
  local last
  last=$(last_release)
  if [[ $last && $(container mongo)$(container edge) ]] && ! { is_running "$(container mongo)" && is_running "$(container edge)"; }; then
    say "mongo or the edge is down: starting it as $last had it"
    (settings_that_served && compose "$last" up -d --no-build --no-deps mongo edge) || say "it does not start: continuing"
  fi
}

# RELEASE: fail if mongo or the edge lose ports, volumes, networks or limits that they have in the last release, because no
# trial would show it. A release that has served before is not checked.
keep_what_they_have() {
  local last less
  last=$(last_release)
  [[ $last && ! ${LESS_IS_MEANT:-} ]] && ! grep -qxF "$1" "$list" || return 0
  less=$({
    configuration "$last" 2>/dev/null || echo '{}' # it may need settings that are gone
    configuration "$1"
  } | jq --slurp --raw-output '
    def had: . as $all | ("mongo", "edge") as $name | .services[$name] | "\($name): " + (
      (.ports[]? | "port \([.host_ip // empty, .published] | join(":")) to \(.target)"),
      (.volumes[]? | "volume \($all.volumes[.source // ""].name // .source // .type) at \(.target)\(if .read_only then " to read" else "" end)"),
      (.networks // {} | keys[] | "network \(.)"));
    .[0] as $was | .[1] as $is | ([$was | had] - [$is | had])[], (
      ("mongo", "edge") as $name | ("mem_limit", "cpus", "pids_limit") as $what | [$was, $is | .services[$name][$what]] |
      select((.[0] // 0 | tonumber) > (.[1] // infinite | tonumber)) | "\($name): \($what) of \(.[0])")')
  [[ ! $less ]] || fail 65 "less than in $last: ${less//$'\n'/, }. If intended: LESS_IS_MEANT=1 $bin/deploy.sh $1"
}
configuration() { compose "$1" --profile '*' config --format json; }

# Mongo

# Bring up what the API depends on, one by one: Compose would replace the dependants of a replaced service, and init's image
# is new with every release. A running edge is not replaced until the new container has passed.
bring_up_tiers() {
  keep_what_they_have "$1"
  once "$1" init
  once "$1" mongo-check
  if [[ $(container mongo) ]] && ! runs_image mongo "retention-mongo:$(tag "$1" MONGO_RELEASE)"; then try_mongo "$1"; fi
  put_mongo "$1"
  is_running "$(container edge)" || compose "$1" up -d --no-build --no-deps edge || fail 65 "the edge cannot be started"
}
# Bring up mongo and its users as in a release: replaced if anything has changed.
put_mongo() {
  local was
  was=$(container mongo)
  outlive=1 compose "$1" up -d --no-build --no-deps mongo || fail 65 "mongo cannot be started"
  (once "$1" mongo-users) || fail 65 "mongo's users cannot be made; mongo says: $(docker logs --tail 5 "$(container mongo)" 2>&1)"
  [[ ! $was || $was == "$(container mongo)" ]] || say "mongo has changed: it was replaced, and was away for seconds"
}
# RELEASE: check that its mongod starts, without data.
try_mongo() {
  local until=$((SECONDS + 60))
  create_trial --network none --memory 512m "retention-mongo:$(tag "$1" MONGO_RELEASE)"
  docker start "$trial" >/dev/null
  until docker exec "$trial" bash -c 'exec 3<>/dev/tcp/127.0.0.1/27017' 2>/dev/null; do
    trial_lasts "the new mongod, started without data,"
    ((SECONDS < until)) || fail 65 "the new mongod, started without data, does not listen: $(docker logs --tail 5 "$trial" 2>&1)"
    sleep 0.3
  done
  remove_trial
}

# The edge

page() { echo "$home/releases/$1/deploy/edge/Caddyfile"; }
# COLOUR RELEASE CUSTOMER: check that the new container answers through the release's edge, as visitors will use it, and
# that this edge can load a page while it runs.
try_edge() {
  local image where until=$((SECONDS + 10))
  image=retention-edge:$(tag "$2" EDGE_RELEASE)
  create_trial --network "${project}_inside" --env SITE=http:// --volume /live --volume /data "$image"
  docker cp --quiet "$(page "$2")" "$trial:/live/Caddyfile"
  docker start "$trial" >/dev/null
  read_page "$trial" || fail 65 "the new edge does not start, or cannot load a page: $(
    docker logs --tail 3 "$trial" 2>&1 # `caddy run` does not report errors in a page
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

# RELEASE: bring up its edge. A new page is loaded while visitors are served; any other change replaces the container.
put_edge() {
  local was
  was=$(container edge)
  docker run --rm --interactive --network none "${confined[@]}" --volume "${project}_edge-live:/live" \
    --entrypoint sh "retention-edge:$(tag "$1" EDGE_RELEASE)" -c 'cat >/live/.page && mv /live/.page /live/Caddyfile' <"$(page "$1")" ||
    fail 65 "the edge's page cannot be written"
  # Requests that take longer than these 3 s are cut off: nobody else is served until the old edge is gone.
  outlive=1 compose "$1" up -d --no-build --no-deps --timeout 3 edge || fail 65 "the edge cannot be started"
  read_page "$(container edge)" || fail 65 "the edge does not load its page: $(docker logs --tail 5 "$(container edge)" 2>&1)"
  [[ ! $was || $was == "$(container edge)" ]] || say "the edge has changed: it was replaced, and was away for a second"
}
# CONTAINER: have its Caddy load the page; nothing happens if it is the same.
read_page() {
  for _ in {1..10}; do # it may just have been started
    ! docker exec "$1" caddy reload --config /live/Caddyfile --address unix//tmp/admin.sock >/dev/null 2>&1 || return 0
    sleep 0.3
  done
  return 1
}
