#!/bin/bash
# kernel/boot.sh SECONDS COMMAND [ARGUMENT…]: runs a command as root under Debian's own kernel in an emulated machine, in
# this folder, with this system's files under it: it may write anywhere, and all that it wrote is forgotten.
# Prints what the command prints and exits with its exit code; 124 when the time is over, 125 when the machine died.
set -euo pipefail
home=${OUTRIGGER_KERNEL:-${XDG_CACHE_HOME:-$HOME/.cache}/outrigger-kernel}
release=$(cat "$home/ready")
limit=$1
shift
work=$(mktemp -d)
emulator=
trap '[ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP

root=$work/initramfs
mkdir -p "$root"/{bin,proc,sys,dev,lower,upper,root,modules}
cp "$(command -v busybox)" "$root/bin/busybox"
# The modules without which the root file system cannot be reached, each after those that it needs.
modprobe -d "$home" -S "$release" --show-depends virtio_pci >"$work/modules"
for module in 9pnet_virtio 9p overlay; do modprobe -d "$home" -S "$release" --show-depends "$module" >>"$work/modules"; done
number=100
awk '$1 == "insmod" && !seen[$2]++ { print $2 }' "$work/modules" | while read -r file; do
  cp "$file" "$root/modules/$((number += 1)).ko"
done

cat >"$root/init" <<INIT
#!/bin/busybox sh
box=/bin/busybox
for module in /modules/*.ko; do \$box insmod \$module; done
\$box mount -t 9p -o ro,cache=loose,trans=virtio,version=9p2000.L,msize=512000 host /lower
\$box mount -t tmpfs tmpfs /upper
\$box mkdir /upper/data /upper/work
\$box mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay /root
\$box mkdir -p /root/lib/modules/$release
\$box mount -o bind /lower$home/lib/modules/$release /root/lib/modules/$release
\$box mount -t devtmpfs devtmpfs /root/dev
\$box mkdir -p /root/dev/shm /root/dev/pts
for place in "devpts dev/pts" "tmpfs dev/shm" "proc proc" "sysfs sys" "tmpfs run"; do
  set -- \$place
  \$box mount -t \$1 \$1 /root/\$2
done
\$box cp /start /root/run/start
exec \$box switch_root /root /bin/bash /run/start
INIT
{
  echo 'exec </dev/null >/dev/ttyS1 2>&1; stty -F /dev/ttyS1 raw -echo; ip link set lo up'
  echo "export HOME=/root TERM=dumb NO_COLOR=1 PATH=$(printf %q "$PATH")"
  printf 'cd %q\n' "$PWD"
  printf '%q ' "$@"
  # stty waits until all is on the line; after that nothing may be started any more, for the files are gone.
  echo; echo 'status=$?; stty -F /dev/ttyS1 raw; echo $status >/dev/ttyS2; stty -F /dev/ttyS2 raw; echo o >/proc/sysrq-trigger; read -rt 60 <>/dev/ttyS2'
} >"$root/start"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd"

# Emulated, since machines without nested virtualisation must do; one processor, whose clock is then the best one.
timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg -M q35 -cpu Nehalem -smp 1 -m 1280 \
  -nodefaults -no-user-config -display none -no-reboot -kernel "$home/vmlinux" -initrd "$work/initrd" \
  -append "console=ttyS0 rdinit=/init panic=-1 quiet mitigations=off norandmaps" \
  -serial "file:$work/console" -serial stdio -serial "file:$work/status" \
  -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap </dev/null &
emulator=$!
code=0
wait "$emulator" || code=$?
emulator=
status=$(tr -dc 0-9 <"$work/status" 2>/dev/null || true)
[ -z "$status" ] || exit "$status"
if [ "$code" -eq 124 ]; then
  echo "kernel: the time of $limit s is over" >&2
  exit 124
fi
echo "kernel: the machine ended without a word; the last of its console:" >&2
tail -n 20 "$work/console" >&2
exit 125
