# shellcheck shell=bash
# The gate and the switch: what a new container is asked before visitors are sent to it. Sourced by deploy.sh, after release.sh.

: "${home:?}" "${project:?}"

# Each question goes to a container's own address: the edge does not know of it yet

address() { docker inspect -f "{{(index .NetworkSettings.Networks \"${project}_inside\").IPAddress}}" "$(container "$1")"; }
get() { curl --silent --show-error --fail --max-time 3 --header 'Host: localhost' "http://$1:8000$2"; }

wait_until_ready() {
  local id where running ready=0 until=$((SECONDS + ${READY_WITHIN_S:-60}))
  id=$(container "$1") where=$(address "$1")
  while ((ready < 5)); do
    running=$(docker inspect -f '{{.State.Running}} {{.RestartCount}}' "$id")
    [[ $running == 'true 0' ]] || fail 65 "the new container has ended"
    ((SECONDS < until)) || fail 65 "not ready five times in a row within ${READY_WITHIN_S:-60} s: $(get "$where" /readyz 2>&1 || true)"
    if get "$where" /readyz >/dev/null 2>&1; then ready=$((ready + 1)); else ready=0; fi
    sleep 0.3
  done
}

# ADDRESS ID: the status, model, probability and segment of a customer as one colour answers; `malformed` when that is
# not what the answer has.
predicted() {
  curl --silent --max-time 5 --header 'Host: localhost' --header 'Content-Type: application/json' \
    --header "@$home/secrets/smoke_header" --data "{\"customer_id\": $2}" --write-out '\n%{http_code}' \
    "http://$1:8000/predict_churn_by_id" |
    jq --raw-input --slurp --raw-output '
      split("\n") | (.[-1]) as $status | ((.[:-1] | join("\n") | fromjson?) // {}) as $body |
      if $status != "200" then $status
      elif ($body.prediction.churn_probability | type) != "number" then "malformed"
      else "200 \($body.meta.model_version) \($body.prediction.churn_probability) \($body.segment.segment)" end'
}

# ADDRESS: ten customers as a colour lists them: whose data it is, it has some. Online Retail's first are asked besides.
listed() {
  curl --silent --max-time 5 --header 'Host: localhost' --header "@$home/secrets/smoke_header" "http://$1:8000/customers?limit=10" |
    jq --raw-output '.items[]? | select(.churn_probability != null) | .customer_id' 2>/dev/null
}

# COLOUR SHA OLD: the revision is the one asked for, and known customers get the answers that they get from the old one.
ask_both() {
  local new before='' id said expected answered=0 ids
  new=$(address "$1")
  [[ $(get "$new" /health | jq -r .version) == "$2" ]] || fail 65 "/health of the new container does not name $2"
  [[ ! $3 ]] || before=$(address "$3")
  mapfile -t ids < <(seq 12346 12355 && listed "$new" || true)
  for id in "${ids[@]}"; do
    for _ in 1 2 3; do # a posted order may fall between the two
      said=$(predicted "$new" "$id") expected=$said
      [[ ! $before ]] || expected=$(predicted "$before" "$id")
      [[ $said != "$expected" ]] || break
    done
    case $said in
      200\ *) answered=$((answered + 1)) ;;
      404) ;;
      *) fail 65 "the new container's answer about a known customer: $said" ;;
    esac
    [[ $said == "$expected" ]] || explain "$said" "$expected"
  done
  ((answered)) || fail 65 "the new container predicts nobody: neither 12346 to 12355, nor whom it lists at /customers"
  say "$answered of ${#ids[@]} customers are predicted${before:+, and compared with the old one}"
}
explain() {
  local new_model old_model
  new_model=$(cut -d' ' -f2 <<<"$1") old_model=$(cut -d' ' -f2 <<<"$2")
  if [[ $2 != 200\ * && $2 != 404 ]]; then
    say "the old one answers '$2': nothing to compare with"
  elif [[ $1 == 200\ * && $2 == 200\ * && $new_model != "$old_model" ]]; then
    say "not compared: the old one still has model $old_model, the new one $new_model"
  elif [[ ${accept_changed_answers:-} ]]; then
    say "predictions have changed, as was accepted"
  else
    fail 65 "the same model predicts otherwise for a known customer; if that is meant: --accept-changed-answers"
  fi
}

# The switch

switch_to() {
  docker exec "$(container edge)" sh -c 'echo "$1" >/live/.new && mv /live/.new /live/colour' - "$1"
  say "the edge asks $1"
}
outside() {
  local https=${HTTPS_PORT:-443} http=${HTTP_PORT:-80}
  # -k: the switch must not wait for the first certificate; the workflow's own look from outside checks it.
  if [[ ${DOMAIN:-} ]]; then
    curl -sk --max-time 3 --resolve "$DOMAIN:${https##*:}:127.0.0.1" "https://$DOMAIN:${https##*:}$1"
  else
    curl -s --max-time 3 "http://127.0.0.1:${http##*:}$1"
  fi
}
serves_outside() {
  local until=$((SECONDS + 10))
  until [[ $(outside /health | jq -r .version 2>/dev/null) == "$1" ]]; do
    ((SECONDS < until)) || return 1
    sleep 0.2
  done
}
# SERVICE [SECONDS]: stop it, within these seconds instead of its own 30.
remove() {
  local id
  id=$(container "$1")
  [[ $id ]] || return 0
  docker stop ${2:+--time "$2"} "$id" >/dev/null
  docker rm "$id" >/dev/null
}
