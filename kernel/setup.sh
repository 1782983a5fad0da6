#!/bin/bash
# kernel/setup.sh: brings what kernel/boot.sh needs: an emulator and Debian's own kernel with all its modules, unpacked
# beside the system and never installed. Needs root (apt-get) the first time; then it does nothing.
set -euo pipefail
home=${OUTRIGGER_KERNEL:-${XDG_CACHE_HOME:-$HOME/.cache}/outrigger-kernel}

missing=()
for package in qemu-system-x86 busybox-static iproute2 iputils-ping nftables kmod cpio xz-utils; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ] || [ ! -f "$home/ready" ]; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "kernel: not set up here; as root on Debian or Ubuntu: kernel/setup.sh (packages: ${missing[*]:-linux-image-amd64, unpacked only})" >&2
    exit 3
  fi
  apt-get update -qq
fi
[ ${#missing[@]} -eq 0 ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
[ ! -f "$home/ready" ] || exit 0

rm -rf "$home"
mkdir -p "$home/download"
# The package of this name only depends on the one with the kernel in it. _apt must be able to write here.
image=$(apt-cache depends linux-image-amd64 | awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ { print $2; exit }')
release=${image#linux-image-}
chmod 755 "$home" && chmod 777 "$home/download"
(cd "$home/download" && apt-get download -qq "$image" 2>/dev/null)
dpkg-deb --fsys-tarfile "$home"/download/*.deb | tar -x -C "$home" --wildcards "./boot/vmlinuz-$release" "./lib/modules/$release/*"
# The emulator starts a plain ELF kernel at once; the packed one would spend seconds of every boot on unpacking itself.
start=$(LC_ALL=C grep -abo -m1 $'\xFD7zXZ' "$home/boot/vmlinuz-$release" | head -n1)
tail -c "+$((${start%%:*} + 1))" "$home/boot/vmlinuz-$release" >"$home/packed"
xz -dc --single-stream <"$home/packed" >"$home/vmlinux" 2>/dev/null || [ -s "$home/vmlinux" ]
depmod -b "$home" "$release"
rm -rf "$home/download" "$home/boot" "$home/packed"
echo "$release" >"$home/ready"
