#!/bin/sh
# setup.sh SETTINGS KEYS MEDIA PASSWORDS PUBLIC: once, what the other services of compose.yaml find in their volumes.
# EDGEMINT is the binary, OWNER the user that it runs as there.
set -eu
settings=$1 keys=$2 media=$3 passwords=$4 public=$5
here=$(dirname "$0")
umask 077

install -m 644 "$here/edgemint.toml" "$settings/edgemint.toml"
if [ -e "$public/LOCAL1.pem" ]; then
  exit 0
fi
# What a run left that was cut short, which nobody was told of.
rm -f "$keys"/*
printf 'redis://valkey:6379/0' > "$settings/redis.url"

# An id that only the edge double can know: it is told by --trust.
"$EDGEMINT" keys init --dir "$keys" --algorithm ecdsa-p256 --key-pair-id LOCAL1 > "$public/key"

password=$(openssl rand -hex 8)
printf 'listener:%s\n' "$(printf '%s' "$password" | openssl passwd -6 -stdin)" > "$passwords/listeners"

# Three minutes of square waves: 8000 bytes a second, unsigned, of one channel; one note a second.
mkdir -p "$media/podcasts"
{
  printf 'RIFF\044\371\025\000WAVEfmt \020\000\000\000\001\000\001\000'
  printf '\100\037\000\000\100\037\000\000\001\000\010\000data\000\371\025\000'
  second=0
  while [ "$second" -lt 180 ]; do
    case $((second % 4)) in
      0) wave=@@@@@@@@pppppppp ;;
      1) wave=@@@@@@@@@@pppppppppp ;;
      2) wave=@@@@@@@@@@@@pppppppppppp ;;
      3) wave=@@@@@@@@@@pppppppppp ;;
    esac
    yes "$wave" | tr -d '\n' | head -c 8000
    second=$((second + 1))
  done
} > "$media/podcasts/1.wav"
echo canary > "$media/podcasts/canary.txt"

chmod -R a+rX "$media" "$passwords"
if [ -n "${OWNER:-}" ]; then
  chown -R "$OWNER" "$settings" "$keys"
fi
# Last: a run that was cut short is made again.
install -m 644 "$public/key" "$public/LOCAL1.pem"
rm "$public/key"
chmod 755 "$public"
echo "sign in at http://app.edgemint.localhost:8080 as listener, with the password $password"
