#!/bin/sh
# Starts the assembled daemon with ZAP's ordinary command line.
# The folder is entered, as ZAP's own launcher does, so paths among the arguments must be absolute.
set -eu
home=$(cd "$(dirname "$(readlink -f "$0")")" && pwd -P)
cd "$home"
memory=-Xmx512m
# Each argument is put back at the end of the list, but for the heap size, which is Java's.
for argument in "$@"; do
    shift
    case $argument in
        -Xmx*) memory=$argument ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec java "$memory" -cp "$home/zap-2.17.0.jar:$home/lib/*" org.zaproxy.zap.ZAP \
    -installdir "$home" -script "$home/boot.js" "$@"
