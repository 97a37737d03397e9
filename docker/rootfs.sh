#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# rootfs.sh PROGRAM ROOT - a root file system with this program and what it
# needs: its shared objects, certificates, names, and for scanners the state
# and the copyright of each Debian package a file came from. No shell.
set -eu
program=$1
root=$2
umask 022

mkdir -p "$root/usr/bin" "$root/etc" "$root/var/lib/dpkg/status.d" \
    "$root/usr/lib" "$root/run/secrets" "$root/run/cimesh" "$root/tmp"
chmod 1777 "$root/tmp"
ln -sfn usr/lib "$root/lib"
ln -sfn usr/lib64 "$root/lib64"
install -m 0755 "$program" "$root/usr/bin/cimesh"

# Shared objects at the place the loader looks for them; those that glibc
# opens by itself to resolve names too.
objects=$(ldd "$program" | awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }')
libdir=$(dirname "$(readlink -f "$(echo "$objects" | grep '/libc\.so')")")
for object in $objects $libdir/libnss_files.so.2 $libdir/libnss_dns.so.2 \
    $libdir/libresolv.so.2; do
    [ -e "$object" ] || continue
    real=$(readlink -f "$(dirname "$object")")/$(basename "$object")
    mkdir -p "$root$(dirname "$real")"
    cp -L "$real" "$root$real"
    readlink -f "$real" >>"$root/.files"
done

mkdir -p "$root/etc/ssl/certs"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp -L /etc/os-release "$root/etc/os-release"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'cimesh:x:10001:10001::/var/lib/cimesh:/nonexistent' >"$root/etc/passwd"
echo 'cimesh:x:10001:' >"$root/etc/group"

# Which packages they came from.
{
    echo ca-certificates
    while read -r file; do
        dpkg -S "$file" 2>/dev/null || dpkg -S "${file#/usr}" 2>/dev/null || :
    done <"$root/.files" | cut -d: -f1
} | sort -u | while read -r package; do
    dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
    folder=usr/share/doc/$package
    [ -e "/$folder/copyright" ] || continue
    mkdir -p "$root/$folder"
    cp -L "/$folder/copyright" "$root/$folder/copyright"
done
rm "$root/.files"

install -d -o 10001 -g 10001 -m 0700 "$root/var/lib/cimesh"
chown 10001:10001 "$root/run/cimesh"
chmod 0750 "$root/run/cimesh"
