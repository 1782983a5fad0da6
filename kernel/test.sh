#!/bin/bash
# npm run test:kernel [FILE…]: the tests of kernel/tests/*.guest.ts under a real kernel.
set -euo pipefail
cd "$(dirname "$0")/.."
kernel/setup.sh || { code=$?; [ $code -ne 3 ] || echo "kernel: 0 passed, 1 failed"; exit $code; }
[ $# -gt 0 ] || set -- kernel/tests/*.guest.ts
exec kernel/boot.sh "${KERNEL_SECONDS:-1500}" kernel/guest.sh "$@"
