#!/bin/bash
# Inside the emulated machine: every test file in a process of its own, one after the other.
cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0
for file in "$@"; do
  echo "# $file"
  output=$(mktemp)
  node --conditions=source --test --test-concurrency=1 --test-reporter=spec "$file" 2>&1 | tee "$output"
  p=$(sed -n 's/^ℹ pass \([0-9]*\)$/\1/p' "$output")
  f=$(sed -n 's/^ℹ fail \([0-9]*\)$/\1/p' "$output")
  passed=$((passed + ${p:-0}))
  failed=$((failed + ${f:-1}))
done
echo "kernel: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
