#!/usr/bin/env bash
# Requests per second, memory and start of `edgemint serve` with one worker, beside a bare actix-web
# handler that gives the same answers, in rounds that alternate. Loopback only; stops by itself.
#   benches/http.sh               about three minutes
#   ROUNDS=9 PERIOD=5 benches/http.sh   more rounds, each of so many seconds
set -euo pipefail
cd "$(dirname "$0")/.."

ROUNDS=${ROUNDS:-5}
PERIOD=${PERIOD:-3}
CONNECTIONS=${CONNECTIONS:-64}
export HERE="$PWD/benches/http"

for package in wrk curl openssl; do
  command -v "$package" >/dev/null || { echo "benches/http.sh: install the Debian package $package first" >&2; exit 1; }
done

echo "building" >&2
cargo build --release --quiet --bin edgemint --examples
release="${CARGO_TARGET_DIR:-target}/release"

work=$(mktemp -d)
started=()
finish() {
  # Only what this script started.
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "benches/http.sh: $*" >&2; exit 1; }

# --- one keyring and one configuration for each kind of key
EDGEMINT_BENCH_API_KEY=$(openssl rand -hex 32)
export EDGEMINT_BENCH_API_KEY
(umask 077 && openssl rand -hex 32 >"$work/ticket.key")

configure() { # KIND ALGORITHM
  "$release/edgemint" keys --dir "$work/$1" init --algorithm "$2" --key-pair-id K2JCJMDEHXQW5F >/dev/null 2>&1
  cat >"$work/$1.toml" <<TOML
[server]
listen = "127.0.0.1:0"
public_url = "https://id.example.com"
app_origins = ["https://app.example.com"]
workers = 1
[log]
level = "info"
[keyring]
directory = "$work/$1"
[[grants]]
name = "podcasts"
resource = "https://cdn.example.com/podcasts/*"
ttl = "15m"
cookie = { domain = "example.com" }
[ticket]
issuer = "https://app.example.com"
audience = "https://id.example.com"
[[ticket.keys]]
algorithm = "HS256"
secret = { file = "$work/ticket.key" }
[[api_keys]]
name = "bench"
secret = { env = "EDGEMINT_BENCH_API_KEY" }
TOML
}
configure ecdsa ecdsa-p256
configure rsa rsa-2048
# With a grant for each listener, which only the back end asks for here: /enter would sign it too.
cp "$work/ecdsa.toml" "$work/bound.toml"
cat >>"$work/bound.toml" <<TOML
[[grants]]
name = "own"
resource = "https://cdn.example.com/own/{sub}/*"
ttl = "15m"
cookie = { domain = "example.com" }
TOML

# Sessions as they are by default, and so short ones that each renewal from the second second on seals the cookie anew.
# A round has to be over before such a session is (PERIOD at most 7).
(umask 077 && openssl rand -hex 32 >"$work/session.key")
sessions() { # NAME SETTING
  { cat "$work/ecdsa.toml" && printf '[session]\nsecrets = [{ file = "%s" }]\n%s\n' "$work/session.key" "$2"; } >"$work/$1.toml"
}
sessions session ''
sessions sealing 'idle = "9s"'

# --- servers
declare -A pids urls
start() { # NAME COMMAND…: sets pids[NAME] and urls[NAME]
  local name=$1 log="$work/$1.out" pid url="" tries=200
  shift
  : >"$log"
  "$@" >"$log" 2>"$work/$name.err" &
  pid=$!
  started+=("$pid")
  until url=$(sed -n 's/.* listening on \(http:.*\)/\1/p' "$log") && [ -n "$url" ]; do
    if ! kill -0 "$pid" 2>/dev/null || [ $((tries -= 1)) -le 0 ]; then
      fail "$name did not start: $(cat "$work/$name.err")"
    fi
    sleep 0.05
  done
  pids[$name]=$pid
  urls[$name]=$url
}
serve() { start "$1" "$release/edgemint" serve --config "$work/$1.toml"; }
resident() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

ask_mint() { # URL
  curl -sSi "$1/v1/mint" -H "Authorization: Bearer $EDGEMINT_BENCH_API_KEY" -H 'Content-Type: application/json' \
    -d '{"grants":["podcasts"],"subject":"listener-7"}'
}
ask_enter() { curl -sSi "$1/enter?return_to=%2Fepisodes%2F7&ticket=$("$release/examples/tickets" 1 "$work/ticket.key")"; }
new_session() { # URL: the value of its cookie
  ask_enter "$1" | sed -n 's/^set-cookie: __Host-edgemint=\([^;]*\).*/\1/Ip'
}
ask_renew() { # URL: with $SESSION
  curl -sSi "$1/renew" -H 'Content-Type: application/json' -H 'Origin: https://app.example.com' \
    -H 'Sec-Fetch-Site: same-site' -H "Cookie: __Host-edgemint=$SESSION" -d '{}'
}
# All but the second; the bare handler gives the request id again too.
comparable() { grep -vi '^date: ' "$1" | sort; }

# --- one round of wrk: prints requests per second
measure() { # SCRIPT URL
  local out result
  out=$(wrk --threads 1 --connections "$CONNECTIONS" --duration "${DURATION:-$PERIOD}s" --script "$HERE/$1.lua" "$2")
  result=$(grep -E '^(RESULT|FAILED)' <<<"$out") || fail "wrk said nothing: $out"
  [[ $result == RESULT* ]] || fail "$1 at $2: $result"
  cut -d' ' -f"${FIELD:-2}" <<<"$result"
}
median() { sort -n | awk '{ n[NR] = $1 } END { print n[int((NR + 1) / 2)] }'; }

compare() { # TITLE SERVER SERVER_SCRIPT BARE_SCRIPT TARGET
  local title=$1 url=${urls[$2]} ours=() bare=() round
  for ((round = 0; round < ROUNDS; round++)); do
    if [ "$3" = enter ]; then
      # More than a round can use up; they are good for a minute.
      "$release/examples/tickets" $((PERIOD * 120000)) "$work/ticket.key" >"$TICKETS"
    fi
    if [ "$3" = renew ]; then
      SESSION=$(new_session "$url")
      sleep 1
    fi
    ours+=("$(measure "$3" "$url")")
    bare+=("$(measure "$4" "${urls[${BARE:-bare}]}")")
  done
  printf '%-34s %s\n' "  rounds, edgemint" "${ours[*]}" "  rounds, bare handler" "${bare[*]}" >&2
  awk -v title="$title" -v target="$5" \
    -v ours="$(printf '%s\n' "${ours[@]}" | median)" -v bare="$(printf '%s\n' "${bare[@]}" | median)" \
    'BEGIN { printf "%-34s %8d req/s   bare %8d req/s   %5.1f %%   (target %s %%)\n", title, ours, bare, 100 * ours / bare, target }'
}

echo "CPU: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores; $ROUNDS rounds of $PERIOD s, $CONNECTIONS connections"

# --- start, and memory of a fresh server
for kind in ecdsa rsa; do
  took=$("$release/examples/first_answer" 10 "$release/edgemint" serve --config "$work/$kind.toml" 2>/dev/null)
  printf '%-34s %8s ms      (target 60 ms)\n' "start to first answer, $kind" "$took"
done
serve ecdsa
serve rsa
serve bound
serve session
serve sealing
for kind in ecdsa rsa; do
  curl -sSf -o /dev/null "${urls[$kind]}/healthz"
  printf '%-34s %8s MB      (target 15 MB)\n' "resident idle, $kind" "$(resident "${pids[$kind]}")"
done

# --- the yardstick, and that it is one
ask_mint "${urls[ecdsa]}" >"$work/mint.answer"
ask_enter "${urls[ecdsa]}" >"$work/enter.answer"
export SESSION
SESSION=$(new_session "${urls[session]}")
ask_renew "${urls[session]}" >"$work/renew.answer"
SESSION=$(new_session "${urls[sealing]}")
sleep 2
ask_renew "${urls[sealing]}" >"$work/sealed.answer"
grep -qi '^set-cookie: __Host-' "$work/sealed.answer" || fail "a renewal did not seal the session anew"
start bare "$release/examples/bare_handler" "$work/mint.answer" "$work/enter.answer" "$work/renew.answer"
start bare_sealing "$release/examples/bare_handler" "$work/mint.answer" "$work/enter.answer" "$work/sealed.answer"
for route in mint enter renew; do
  "ask_$route" "${urls[bare]}" >"$work/$route.bare"
  diff <(comparable "$work/$route.answer") <(comparable "$work/$route.bare") || fail "the bare handler answers otherwise"
  grep -qE '^HTTP/1.1 (200|303) ' "$work/$route.answer" || fail "no success: $(head -1 "$work/$route.answer")"
done

# --- requests
export GRANT=podcasts TICKETS="$work/tickets"
"$release/examples/tickets" 1 "$work/ticket.key" >"$TICKETS"
compare "POST /v1/mint, shared, ecdsa" ecdsa mint mint 80
compare "POST /v1/mint, shared, rsa" rsa mint mint 80
compare "GET /enter, shared, ecdsa" ecdsa enter enter_again 45
compare "GET /enter, shared, rsa" rsa enter enter_again 45
compare "POST /renew, shared, ecdsa" session renew renew 50
BARE=bare_sealing compare "POST /renew, session sealed anew" sealing renew renew 50
GRANT=own compare "POST /v1/mint, one listener, ecdsa" bound mint mint -

# --- memory after a million mints, of a server that did nothing else
start million "$release/edgemint" serve --config "$work/ecdsa.toml"
curl -sSf -o /dev/null "${urls[million]}/healthz"
before=$(resident "${pids[million]}")
mints=0
while [ "$mints" -lt 1000000 ]; do
  more=$(DURATION=5 FIELD=3 measure mint "${urls[million]}")
  mints=$((mints + more))
done
after=$(resident "${pids[million]}")
awk -v b="$before" -v a="$after" -v m="$mints" \
  'BEGIN { printf "%-34s %8.1f MB      %.1f MB above idle (target 10 MB)\n", "resident after " m " mints", a, a - b }'
printf '%-34s %8s MB      of which used tickets are part\n' "resident after all /enter, ecdsa" "$(resident "${pids[ecdsa]}")"
