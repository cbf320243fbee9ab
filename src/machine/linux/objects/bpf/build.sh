#!/bin/sh
# Compiles objects.bpf.c. The result is committed, so that `cargo build` needs no clang. On Debian 12:
#   apt-get install clang-14 llvm-14 libbpf-dev libc6-dev
#
#   sh build.sh            writes objects.bpf.o beside this file
#   sh build.sh FILE       writes FILE, to compare it with the committed one
set -eu
cd "$(dirname "$0")"
out=${1:-objects.bpf.o}
# -mcpu=v3: atomic additions that return the old value, and 32-bit registers; every kernel since 5.12 has them.
# The include path holds asm/types.h, which Debian keeps in the folder of the architecture.
clang-14 -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -I"/usr/include/$(uname -m)-linux-gnu" \
    -ffile-prefix-map="$PWD=." -c objects.bpf.c -o "$out"
# Removes DWARF. The BTF stays: the maps and the places of fields are in it.
llvm-strip-14 -g "$out"
