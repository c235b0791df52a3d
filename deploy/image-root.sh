#!/bin/sh
# image-root.sh BINARY DIRECTORY: puts the root file system of an image into DIRECTORY: edgemint, what it is linked
# with, and the authorities that it trusts over TLS. There is no shell, no package manager and no other program in it.
set -eu
binary=$1
root=$2

install -D -m 755 "$binary" "$root/usr/local/bin/edgemint"
# "libc.so.6 => /lib/…/libc.so.6 (0x…)", and the loader without an arrow; the kernel's own (linux-vdso) has no file.
ldd "$binary" | grep -o '/[^ ]*' | while read -r library; do
  install -D -m 755 "$library" "$root$library"
done
install -D -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
install -d "$root/etc/edgemint"
