#!/bin/sh
# Makes the test keys with openssl. Only for the day when a key form is added: new keys change every
# vector, so run ../make.sh afterwards. A key that exists is kept.
set -eu
cd "$(dirname "$0")"

once() { # once FILE COMMAND...: the command writes FILE unless it is there
    file=$1
    shift
    [ -s "$file" ] || "$@"
}
rsa() { openssl genrsa -traditional -out "$1" "$2" 2>/dev/null; }
curve() { openssl ecparam -name "$2" -genkey -noout -out "$1"; }
pkcs8() { openssl pkcs8 -topk8 -nocrypt -in "$1" -out "$2"; }
public() { openssl pkey -in "$1" -pubout -out "$2"; }

once test-rsa-2048.pkcs1.pem rsa test-rsa-2048.pkcs1.pem 2048
once test-rsa-2048.pkcs8.pem pkcs8 test-rsa-2048.pkcs1.pem test-rsa-2048.pkcs8.pem
once test-rsa-2048.public.pem public test-rsa-2048.pkcs1.pem test-rsa-2048.public.pem
once test-rsa-2048-other.pkcs8.pem openssl genrsa -out test-rsa-2048-other.pkcs8.pem 2048
once test-rsa-2048-other.public.pem public test-rsa-2048-other.pkcs8.pem test-rsa-2048-other.public.pem

once test-p256.sec1.pem curve test-p256.sec1.pem prime256v1
once test-p256.pkcs8.pem pkcs8 test-p256.sec1.pem test-p256.pkcs8.pem
once test-p256.public.pem public test-p256.sec1.pem test-p256.public.pem
once test-p256-no-public.sec1.pem openssl ec -in test-p256.sec1.pem -no_public -out test-p256-no-public.sec1.pem
once test-p256-parameters-first.sec1.pem sh -c \
    '{ openssl ecparam -name prime256v1; cat test-p256.sec1.pem; } > test-p256-parameters-first.sec1.pem'

# What CloudFront does not take.
for bits in 1024 2047 3072 4096 8192; do
    once "refused-rsa-$bits.pkcs1.pem" rsa "refused-rsa-$bits.pkcs1.pem" "$bits"
    once "refused-rsa-$bits.public.pem" public "refused-rsa-$bits.pkcs1.pem" "refused-rsa-$bits.public.pem"
done
for curve in secp384r1 secp521r1 secp256k1; do
    once "refused-$curve.sec1.pem" curve "refused-$curve.sec1.pem" "$curve"
    once "refused-$curve.pkcs8.pem" pkcs8 "refused-$curve.sec1.pem" "refused-$curve.pkcs8.pem"
    once "refused-$curve.public.pem" public "refused-$curve.sec1.pem" "refused-$curve.public.pem"
done
once refused-p256-explicit.sec1.pem openssl ec -in test-p256.sec1.pem -param_enc explicit \
    -out refused-p256-explicit.sec1.pem
once refused-ed25519.pkcs8.pem openssl genpkey -algorithm ed25519 -out refused-ed25519.pkcs8.pem
once refused-ed25519.public.pem public refused-ed25519.pkcs8.pem refused-ed25519.public.pem
once refused-rsa-pss.pkcs8.pem openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 \
    -out refused-rsa-pss.pkcs8.pem
once refused-dsa.pkcs8.pem sh -c 'openssl dsaparam -genkey -noout 2048 2>/dev/null |
    openssl pkcs8 -topk8 -nocrypt -out refused-dsa.pkcs8.pem'
once refused-dsa.traditional.pem openssl dsa -in refused-dsa.pkcs8.pem -out refused-dsa.traditional.pem
once refused-rsa-2048-encrypted.pkcs8.pem openssl pkcs8 -topk8 -in test-rsa-2048.pkcs1.pem \
    -passout pass:test -out refused-rsa-2048-encrypted.pkcs8.pem
once refused-rsa-2048-encrypted.pkcs1.pem openssl rsa -traditional -aes128 -in test-rsa-2048.pkcs1.pem \
    -passout pass:test -out refused-rsa-2048-encrypted.pkcs1.pem
once refused-p256-encrypted.sec1.pem openssl ec -aes128 -in test-p256.sec1.pem -passout pass:test \
    -out refused-p256-encrypted.sec1.pem
once refused-certificate.pem openssl req -x509 -key test-rsa-2048.pkcs1.pem -subj /CN=edgemint-test \
    -days 36500 -out refused-certificate.pem
once refused-openssh.pem ssh-keygen -q -t ecdsa -b 256 -N '' -C test -f refused-openssh.pem
rm -f refused-openssh.pem.pub
chmod 644 ./*.pem
