#!/bin/sh
# oximg.sh JOBS THREADS QUALITY: each line of JOBS is input, width, height, output, parted by tabs. OXIMG is the program,
# PRESET its preset. A process for each photo, THREADS at a time.
photos=$(wc -l <"$1")
# oximg overlaps decoding and encoding on a second thread where it sees idle cores: only if there is one to spare here.
if [ "$2" -ge $((photos * 2)) ]; then OXIMG_OVERLAP=1; else OXIMG_OVERLAP=0; fi
export OXIMG_OVERLAP QUALITY="$3" OXIMG_MAX_SRC_PIXELS=1000000000
# The inner shell expands these.
# shellcheck disable=SC2016
tr '\t\n' '\0\0' <"$1" | xargs -0 -n 4 -P "$2" sh -c '"$OXIMG" resize "$0" "$1" "$2" "$3" -q "$QUALITY" --preset "$PRESET"'
