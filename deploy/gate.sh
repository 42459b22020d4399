# shellcheck shell=bash
# The gate and the switch: how a new container is checked before visitors reach it. Sourced by deploy.sh, after release.sh.

: "${home:?}" "${project:?}"

# Requests go to a container's own address: the edge does not use it yet, and no proxy knows it.
curl() { command curl --noproxy '*' "$@"; }

# CONTAINER PORT
address() { echo "$(docker inspect -f "{{(index .NetworkSettings.Networks \"${project}_inside\").IPAddress}}" "$1"):$2"; }
get() { curl --silent --show-error --fail --max-time 3 --header 'Host: localhost' "http://$1$2"; }
version() { get "$1" /health 2>/dev/null | jq -r .version 2>/dev/null; }

wait_until_ready() {
  local id where running ready=0 until=$((SECONDS + ${READY_WITHIN_S:-60}))
  id=$(container "$1") where=$(address "$id" 8000)
  while ((ready < 5)); do
    running=$(docker inspect -f '{{.State.Running}} {{.RestartCount}}' "$id")
    [[ $running == 'true 0' ]] || fail 65 "the new container has ended"
    ((SECONDS < until)) || fail 65 "not ready five times in a row within ${READY_WITHIN_S:-60} s: $(get "$where" /readyz 2>&1 || true)"
    if get "$where" /readyz >/dev/null 2>&1; then ready=$((ready + 1)); else ready=0; fi
    sleep 0.3
  done
}

# ADDRESS QUESTION: print what a colour answers about a customer id or {figures}: 200, the model, and the answer's JSON
# without reasons; `malformed` without a probability, another status alone, 000 without an answer.
predicted() {
  local route=predict_churn body=$2
  [[ $2 == '{'* ]] || route=predict_churn_by_id body="{\"customer_id\": $2}"
  { curl --silent --max-time 3 --header 'Host: localhost' --header 'Content-Type: application/json' \
    --header "@$home/secrets/smoke_header" --data "$body" --write-out '\n%{http_code}' "http://$1/$route" || true; } |
    jq --raw-input --slurp --raw-output '
      split("\n") | (.[-1]) as $status | ((.[:-1] | join("\n") | fromjson? | objects) // {}) as $body |
      if $status != "200" then $status
      elif ($body | (.prediction | objects) // . | .churn_probability | type) != "number" then "malformed"
      else "200 \($body.meta.model_version) \($body | del(.meta, .explanation) | tojson)" end'
}
# OLD NEW: print the fields in which the second answer differs from the first. New fields, outside lists, do not count.
difference() {
  if [[ $1 != 200\ * || $2 != 200\ * ]]; then
    [[ $1 == "$2" ]] || echo "${1%% *} became ${2%% *}"
    return
  fi
  jq --null-input --raw-output --argjson old "${1#200 * }" --argjson new "${2#200 * }" '
    [$old | paths(type != "object") as $at | select(getpath($at) != (try ($new | getpath($at)) catch null)) |
      $at | map(tostring) | join(".")] | join(", ")'
}

# ADDRESS: print ten customers that a colour lists, since ids depend on the shop. Online Retail's first ones are asked too.
listed() {
  curl --silent --max-time 5 --header 'Host: localhost' --header "@$home/secrets/smoke_header" "http://$1/customers?limit=10" |
    jq --raw-output '.items[]? | select(.churn_probability != null) | .customer_id' 2>/dev/null
}

# COLOUR SHA OLD: check that the container is of the revision, and that known customers get the same answers as from the
# old one. An old container that cannot answer is not compared: the new one is there to replace it.
# Sets `known` to a customer who was predicted.
ask_both() {
  local new before='' questions question try said expected answered=0 compared=0 silent=0
  new=$(address "$(container "$1")" 8000)
  [[ $(version "$new") == "$2" ]] || fail 65 "/health of the new container does not name $2"
  [[ ! $3 ]] || before=$(address "$(container "$3")" 8000)
  mapfile -t questions < <(seq 12346 12355 && listed "$new" || true)
  for question in "${questions[@]}" '{"Frequency": 7, "Monetary": 4310, "AvgOrderValue": 615.71}'; do
    for try in 1 2 3; do # an order may arrive between the two requests, or the old container be busy
      ((try == 1)) || sleep 1
      said=$(predicted "$new" "$question") expected=$said
      [[ ! $before ]] || expected=$(predicted "$before" "$question")
      [[ $(difference "$expected" "$said") ]] || break
    done
    case "$question: $said" in
      [0-9]*': 200 '*)
        # shellcheck disable=SC2034
        answered=$((answered + 1)) known=$question
        ;;
      '{'*'}: 200 '* | [0-9]*': 404') ;;
      *) fail 65 "the new container's answer about a known customer: $said" ;;
    esac
    [[ $before ]] || continue
    if [[ $expected == 200\ * || $expected == 404 ]]; then
      compared=$((compared + 1)) silent=0
      explain "$expected" "$said"
    elif ((++silent == (compared ? 3 : 2))); then # half a minute, if it hangs
      say "the old container answers '$expected': nothing to compare with"
      before=''
    fi
  done
  ((answered)) || fail 65 "the new container predicts no customer: neither 12346 to 12355, nor those it lists at /customers"
  say "$answered of ${#questions[@]} customers predicted, $compared answers compared with the old container's"
}
# OLD NEW: fail if they differ and must not.
explain() {
  local differs old_model new_model
  differs=$(difference "$1" "$2")
  [[ $differs ]] || return 0
  old_model=$(cut -d' ' -f2 <<<"$1") new_model=$(cut -d' ' -f2 <<<"$2")
  if [[ $1 == 200\ * && $2 == 200\ * && $new_model != "$old_model" ]]; then
    say "not compared: the old container has model $old_model, the new one $new_model"
  elif [[ ${accept_changed_answers:-} ]]; then
    say "predictions have changed, as accepted: $differs"
  else
    fail 65 "the same model predicts differently for a known customer: $differs; if intended: --accept-changed-answers"
  fi
}

# The switch

# COLOUR [EDGE]
switch_to() {
  docker exec "${2:-$(container edge)}" sh -c 'echo "$1" >/live/.new && mv /live/.new /live/colour' - "$1" || return
  [[ ${2:-} ]] || say "the edge uses $1"
}
outside() {
  local https=${HTTPS_PORT:-443} http=${HTTP_PORT:-80}
  # -k: the workflow checks the certificate from outside.
  if [[ ${DOMAIN:-} ]]; then
    curl -sk --max-time 3 --resolve "$DOMAIN:${https##*:}:127.0.0.1" "https://$DOMAIN:${https##*:}$1"
  else
    curl -s --max-time 3 "http://127.0.0.1:${http##*:}$1"
  fi
}
serves_outside() {
  local until=$((SECONDS + 10))
  until [[ $(outside /health | jq -r .version 2>/dev/null) == "$1" ]]; do
    ((SECONDS < until)) || {
      only_the_certificate_is_missing
      return
    }
    sleep 0.2
  done
}
# A domain that does not point here yet is not the release's fault: without a certificate the edge ends every handshake.
only_the_certificate_is_missing() {
  local code=0 http=${HTTP_PORT:-80}
  outside /health >/dev/null || code=$?
  [[ ${DOMAIN:-} && $code == 35 ]] || return 1
  [[ $(curl -s --max-time 3 --output /dev/null --write-out '%{http_code}' --header "Host: $DOMAIN" "http://127.0.0.1:${http##*:}/") == 308 ]] || return 1
  say "WARNING: there is no certificate for $DOMAIN yet, and visitors get no answer until there is: does the name point here?"
}
# SERVICE [SECONDS]: stop and remove it, within these seconds instead of its own 30.
remove() {
  local id
  id=$(container "$1")
  [[ $id ]] || return 0
  docker stop ${2:+--time "$2"} "$id" >/dev/null
  docker rm "$id" >/dev/null
}
